"""Over training: a plot of all parameters over the passes, or of one as ridgelines."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.tape.training import Health, Ridges, Track
from ui.graph.choice import Choice
from ui.keyboard import tab_after
from ui.plots.stats import number
from ui.theme import SPACE, Theme
from ui.training.passes import Passes
from ui.training.ridges import RidgeView

if TYPE_CHECKING:
    from ui.plots.lines import LinePlot

NAMED = 8  # lines that are named below the plot
_HUES = ("pointwise", "loss", "reduction", "normalization", "activation", "random", "inplace")
_EMPTY = (
    "Nothing to plot yet: run a program in which a backward pass gives a leaf its gradient. "
    "Its parameters are plotted here over the passes."
)


class What(Enum):
    """What is shown, in the words of the choice."""

    GRADIENTS = "Gradient norms"
    VALUES = "Value norms"
    UPDATES = "Update ÷ weight"
    VALUE_RIDGES = "Histograms of values"
    GRADIENT_RIDGES = "Histograms of gradients"
    HEALTH = "Activations"

    @property
    def ridges(self) -> bool:
        """Whether it is of one parameter, as histograms."""
        return self in (What.VALUE_RIDGES, What.GRADIENT_RIDGES)


class TrainingPanel(QWidget):
    """Asks its owner through `wished` for what is chosen, and shows what it is given."""

    wished = Signal()  # another choice: what is shown of it is out of date
    go_to = Signal(int)  # playhead

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lines: list[tuple[str, np.ndarray, np.ndarray]] = []
        self._logarithmic = False
        self._playhead = 0
        self._passes = Passes(np.empty(0, np.int64), 0)
        self._named: list[tuple[tuple[str, np.ndarray, np.ndarray], str]] = []
        self.setAccessibleName("Over training")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.what, self.parameter = Choice(self), Choice(self)
        self.what.addItems([one.value for one in What])
        self.what.setAccessibleName("What is plotted")
        self.parameter.setAccessibleName("Parameter")
        self.ridges = RidgeView(theme)
        self.message, self.legend = QLabel(_EMPTY), QLabel()
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setMargin(SPACE["xxl"])
        self.message.setProperty("role", "dim")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self._stack = QStackedWidget()
        for page in (self.message, self.ridges):
            self._stack.addWidget(page)
        row = QHBoxLayout()
        row.setSpacing(SPACE["m"])
        row.addWidget(self.what, 1)
        row.addWidget(self.parameter, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        column.setSpacing(SPACE["m"])
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        column.addWidget(self.legend)
        self.what.currentIndexChanged.connect(lambda _: self._chosen())
        self.parameter.currentIndexChanged.connect(lambda _: self.wished.emit())
        self.ridges.chosen.connect(self.go_to)
        self.set_theme(theme)
        self._chosen()

    @cached_property
    def plot(self) -> LinePlot:
        """The lines, made for the first."""
        from ui.plots.lines import LinePlot  # with pyqtgraph: a third of a second

        plot = LinePlot(self._theme)
        plot.setAccessibleName("Parameters over the passes")
        plot.getPlotItem().setLabel("bottom", "pass")
        plot.setMinimumHeight(160)
        plot.chosen.connect(self._choose)
        plot.stepped.connect(self._step)
        self._stack.addWidget(plot)
        tab_after(self.parameter, plot)
        return plot

    def wish(self) -> tuple[What, int]:
        """Return what is to be shown, and of which parameter's row."""
        return What(self.what.currentText()), self.parameter.currentIndex()

    def set_parameters(self, names: Sequence[str]) -> None:
        """List the parameters; the chosen one stays chosen."""
        before = self.parameter.currentText()
        self.parameter.blockSignals(True)
        self.parameter.clear()
        self.parameter.addItems(list(names))
        self.parameter.setCurrentIndex(max(self.parameter.findText(before), 0) if names else -1)
        self.parameter.blockSignals(False)

    def set_passes(self, begun: np.ndarray, end: int) -> None:
        """Count moments in passes: the playheads at which these begin, and the last of the tape."""
        self._passes = Passes(begun, end)
        self.ridges.set_passes(self._passes)

    def set_tracks(self, tracks: Sequence[Track]) -> None:
        """Plot the chosen quantity of all parameters."""
        columns = {
            What.GRADIENTS: "grad_norm", What.VALUES: "value_norm", What.UPDATES: "update_ratio",
        }  # fmt: skip
        column = columns.get(self.wish()[0], "grad_norm")
        self._draw([(one.name, one.playheads, getattr(one, column)) for one in tracks], True)

    def set_health(self, layers: Sequence[Health]) -> None:
        """Plot the share of dead or saturated elements of each activation."""
        self._draw(
            [(f"{one.name}: {one.what}", one.playheads, one.shares) for one in layers], False
        )

    def set_ridges(self, ridges: Ridges | None) -> None:
        """Show histograms of the chosen parameter."""
        self.ridges.set_ridges(ridges)
        self._stack.setCurrentWidget(self.message if ridges is None else self.ridges)
        words = "" if ridges is None else f"{ridges.name}: passes from above down, values across"
        self.legend.setText(words)

    def set_playhead(self, playhead: int) -> None:
        """Mark the playhead."""
        self._playhead = playhead
        self.ridges.set_playhead(playhead)
        if self._lines and "plot" in vars(self):
            self.plot.mark(self._x(playhead))
            if self._stack.currentWidget() is self.plot:
                self.legend.setText(_legend(self._named, playhead))

    def lines(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return what is plotted: names, playheads, values."""
        return self._lines

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        self.what.colour = self.parameter.colour = theme.text_dim
        if "plot" in vars(self):
            self.plot.set_theme(theme)
        self.ridges.set_theme(theme)
        self.setStyleSheet(
            f"TrainingPanel {{ background: {theme.panel}; }} "
            f"TrainingPanel QLabel {{ color: {theme.text_dim}; }}"
        )
        self._draw(self._lines, self._logarithmic)

    def _chosen(self) -> None:
        self.parameter.setVisible(self.wish()[0].ridges)
        self.wished.emit()

    def _draw(self, lines: list[tuple[str, np.ndarray, np.ndarray]], logarithmic: bool) -> None:
        self._lines, self._logarithmic = lines, logarithmic
        known = [one for one in lines if np.isfinite(one[2]).any()]
        self._stack.setCurrentWidget(self.plot if known else self.message)
        colours = [self._colour(i) for i in range(len(known))]
        if known or "plot" in vars(self):
            at = self._passes.at
            self.plot.draw_many([(at(x), y) for _, x, y in known], colours, logarithmic)
        self._named = list(zip(known, colours, strict=True))
        self.legend.setText(_legend(self._named, self._playhead))
        self.set_playhead(self._playhead)

    def _colour(self, line: int) -> str:
        return self._theme.families[_HUES[line % len(_HUES)]]

    def _choose(self, x: float) -> None:
        """Go to the plotted moment that is nearest."""
        if self._lines:
            heads = np.unique(np.concatenate([one[1] for one in self._lines]))
            self.go_to.emit(int(heads[int(np.abs(self._passes.at(heads) - x).argmin())]))

    def _x(self, playhead: int) -> float:
        return float(self._passes.at(np.array([playhead]))[0])

    def _step(self, by: int) -> None:
        """Go to the first line's moment after the playhead (1), or the one before (-1)."""
        from ui.plots.lines import beside

        to = beside(self._lines[0][1], self._playhead, by) if self._lines else None
        if to is not None:
            self.go_to.emit(to)


def _legend(named: Sequence[tuple[tuple[str, np.ndarray, np.ndarray], str]], playhead: int) -> str:
    """Return what the lines are called, each in its colour with its value at the playhead."""
    parts = []
    for (name, heads, values), colour in named[:NAMED]:
        seen = values[: int(np.searchsorted(heads, playhead, side="right"))]
        known = seen[np.isfinite(seen)]
        told = number(known[-1]) if len(known) else "–"
        words = f"{name} {told}".replace(" ", "&nbsp;")
        parts.append(f"<span style='color:{colour}'>●</span>&nbsp;{words}")
    more = f" &nbsp;and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return " &nbsp; ".join(parts) + more
