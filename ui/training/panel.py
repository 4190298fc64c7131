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
from ui.theme import SPACE, Theme
from ui.training.legend import Line, colours, legend, told
from ui.training.passes import Passes
from ui.training.ridges import RidgeView

if TYPE_CHECKING:
    from ui.training.lines import TrackPlot

_EMPTY = (
    "Nothing to plot yet: run a program in which a backward pass gives a leaf its gradient. "
    "Its parameters are plotted here over the passes."
)
_ZEROS = "Zero in every pass, for every parameter."


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


#: Whether each histogram has an axis of its own, in the words of the choice; None: as it fits.
AXES = {"Axis that fits": None, "One axis for all": False, "Each its own axis": True}


class TrainingPanel(QWidget):
    """Asks its owner through `wished` for what is chosen, and shows what it is given."""

    wished = Signal()  # another choice: what is shown of it is out of date
    go_to = Signal(int)  # playhead

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lines, self._known = list[Line](), list[Line]()
        self._colours: list[str] = []
        self._over, self._parameters = -1, 0
        self._logarithmic = self._ahead = False
        self._playhead = 0
        self._passes = Passes(np.empty(0, np.int64))
        self.setAccessibleName("Over training")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.what, self.parameter, self.axes = Choice(self), Choice(self), Choice(self)
        self.what.addItems([one.value for one in What])
        self.what.setAccessibleName("What is plotted")
        self.parameter.setAccessibleName("Parameter")
        self.axes.addItems(list(AXES))
        self.axes.setAccessibleName("Axis of the histograms")
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
        row.addWidget(self.parameter, 1)
        row.addWidget(self.axes, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        column.setSpacing(SPACE["m"])
        column.addWidget(self.what)
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        column.addWidget(self.legend)
        self.what.currentIndexChanged.connect(lambda _: self._chosen())
        for one in (self.parameter, self.axes):
            one.currentIndexChanged.connect(lambda _: self.wished.emit())
        self.ridges.chosen.connect(self.go_to)
        self.set_theme(theme)
        self._chosen()

    @cached_property
    def plot(self) -> TrackPlot:
        """The lines, made for the first."""
        from ui.training.lines import TrackPlot  # with pyqtgraph: a third of a second

        plot = TrackPlot(self._theme)
        plot.setAccessibleName("Parameters over the passes")
        plot.getPlotItem().setLabel("bottom", "pass")
        plot.setMinimumHeight(160)
        plot.chosen.connect(self._choose)
        plot.stepped.connect(self._step)
        plot.over.connect(self._point_at)
        self._stack.addWidget(plot)
        tab_after(self.axes, plot)
        return plot

    def wish(self) -> tuple[What, int, bool | None]:
        """Return what is to be shown, of which parameter's row, and on which of `AXES`."""
        axes = AXES[self.axes.currentText()]
        return What(self.what.currentText()), self.parameter.currentIndex(), axes

    def set_parameters(self, names: Sequence[str]) -> None:
        """List the parameters; the chosen one stays chosen."""
        before, self._parameters = self.parameter.currentText(), len(names)
        self.parameter.blockSignals(True)
        self.parameter.clear()
        self.parameter.addItems(list(names))
        self.parameter.setCurrentIndex(max(self.parameter.findText(before), 0) if names else -1)
        self.parameter.blockSignals(False)

    def set_passes(self, begun: np.ndarray) -> None:
        """Count moments in passes: the playheads at which these begin."""
        self._passes = Passes(begun)
        self.ridges.set_passes(self._passes)

    def set_tracks(self, tracks: Sequence[Track]) -> None:
        """Plot the chosen quantity of all parameters."""
        columns = {
            What.GRADIENTS: "grad_norm", What.VALUES: "value_norm", What.UPDATES: "update_ratio",
        }  # fmt: skip
        column = columns.get(self.wish()[0], "grad_norm")
        self._ahead = False
        self._draw([Line(one.name, one.playheads, getattr(one, column)) for one in tracks], True)

    def set_health(self, layers: Sequence[Health]) -> None:
        """Plot the share of dead or saturated elements of each activation."""
        self._ahead = True
        self._draw([Line(f"{h.name}: {h.what}", h.playheads, h.shares) for h in layers], False)

    def set_ridges(self, ridges: Ridges | None) -> None:
        """Show histograms of the chosen parameter."""
        self.ridges.set_ridges(ridges)
        self.message.setText(_EMPTY)
        self._stack.setCurrentWidget(self.message if ridges is None else self.ridges)
        self.legend.setText("" if ridges is None else told(ridges))

    def set_playhead(self, playhead: int) -> None:
        """Mark the playhead."""
        self._playhead = playhead
        self.ridges.set_playhead(playhead)
        if self._lines and "plot" in vars(self):
            self.plot.mark(float(self._passes.number(playhead)))
            if self._stack.currentWidget() is self.plot:
                self._tell()

    def lines(self) -> list[Line]:
        """Return what is plotted: names, playheads, values."""
        return self._lines

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        for one in (self.what, self.parameter, self.axes):
            one.colour = theme.text_dim
        if "plot" in vars(self):
            self.plot.set_theme(theme)
        self.ridges.set_theme(theme)
        self.setStyleSheet(
            f"TrainingPanel {{ background: {theme.panel}; }} "
            f"TrainingPanel QLabel {{ color: {theme.text_dim}; }}"
        )
        self._draw(self._lines, self._logarithmic)

    def _chosen(self) -> None:
        for one in (self.parameter, self.axes):
            one.setVisible(self.wish()[0].ridges)
        self.wished.emit()

    def _draw(self, lines: list[Line], logarithmic: bool) -> None:
        self._lines, self._logarithmic, self._over = lines, logarithmic, -1
        known = self._known = [one for one in lines if not np.isnan(one.values).all()]
        seen = any(np.nan_to_num(one.values).any() for one in known) or not logarithmic
        self.message.setText(_ZEROS if known and not seen else _EMPTY)
        self._stack.setCurrentWidget(self.plot if known and seen else self.message)
        self._colours = colours(len(known), self._theme)
        if known or "plot" in vars(self):
            drawn = [(self._x(one.playheads), one.values) for one in known]
            self.plot.draw_tracks(drawn, self._colours, logarithmic)
            broken = [self._x(one.playheads[np.isinf(one.values)][:1]) for one in known]
            first = min((float(x[0]) for x in broken if len(x)), default=None)
            self.plot.warn(first, "NaN or Inf", self._theme.error)
        self._tell()
        self.set_playhead(self._playhead)

    def _tell(self) -> None:
        parameters = 0 if self._ahead or not self._known else self._parameters
        unseen = parameters - len(self._lines)
        words = legend(self._known, self._colours, self._playhead, self._over, unseen, self._theme)
        zeros = self._logarithmic and any((one.values == 0).any() for one in self._known)
        words = f"{words}. &nbsp;Zeros are not drawn" if zeros else words
        self.legend.setText(words if self._stack.currentWidget() is not self.message else "")

    def _point_at(self, line: int) -> None:
        self._over = line
        self._tell()

    def _choose(self, x: float) -> None:
        """Go to the plotted moment that is nearest."""
        if self._lines:
            heads = np.unique(np.concatenate([one.playheads for one in self._lines]))
            at = self._x(heads)
            first = np.flatnonzero(np.abs(at - x) == np.abs(at - x).min())
            self.go_to.emit(int(heads[first[-1]]))

    def _x(self, playheads: np.ndarray) -> np.ndarray:
        """Return the passes of what is plotted: what is computed ahead of one belongs to it."""
        return self._passes.numbers(playheads) + self._ahead

    def _step(self, by: int) -> None:
        """Go to the first line's moment after the playhead (1), or the one before (-1)."""
        from ui.plots.lines import beside

        to = beside(self._lines[0].playheads, self._playhead, by) if self._lines else None
        if to is not None:
            self.go_to.emit(to)
