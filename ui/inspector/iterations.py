"""A leaf over the iterations of a run: a slice to choose with, and a plot to go back by."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from engine.tape.history import Series
from ui.keyboard import tab_after
from ui.plots.stats import number
from ui.theme import MONO_FONT, SIZES, SPACE, Theme

if TYPE_CHECKING:
    from ui.plots.lines import LinePlot

HEIGHT = 190
LEGEND = 6  # lines that are named below the plot
#: Which of the families' colours the lines take, in turn: those that differ most.
_HUES = ("pointwise", "loss", "reduction", "normalization", "activation", "random", "inplace")
_HELP = (
    "Iterations first, then elements, as in NumPy: [::10, 0, :] is every tenth iteration of "
    "the first row. Without .grad it is the value."
)


class IterationsView(QWidget):
    """Shows a Series and asks for others: `requested` gives the slice as it was written."""

    requested = Signal(str)
    event_clicked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._series: Series | None = None
        self._playhead = 0
        self.slice = QLineEdit()
        self.slice.setObjectName("slice")
        self.slice.setAccessibleName("Slice of iterations and elements")
        self.slice.setToolTip(_HELP)
        self.slice.returnPressed.connect(lambda: self.requested.emit(self.slice.text()))
        self.note = QLabel()
        self.note.setObjectName("words")
        self.note.setWordWrap(True)
        self.legend = QLabel()
        self.legend.setObjectName("legend")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 0, 0, 0)
        self._column.setSpacing(SPACE["s"])
        for part in (self.slice, self.legend, self.note):
            self._column.addWidget(part)
        self.set_theme(theme)

    @cached_property
    def plot(self) -> LinePlot:
        """The plot, made for the first leaf that is shown."""
        from ui.plots.lines import LinePlot  # with pyqtgraph: a third of a second

        plot = LinePlot(self._theme, HEIGHT)
        plot.pointed.connect(self._point)
        plot.chosen.connect(self._choose)
        plot.stepped.connect(self._step)
        self._column.insertWidget(1, plot)
        tab_after(self.slice, plot)
        return plot

    def set_slice(self, text: str) -> None:
        """Write a slice without asking for it; what is shown of another goes."""
        self.slice.setText(text)
        self.slice.setCursorPosition(len(text))
        self._series = None
        self._draw()

    def show_series(self, series: Series) -> None:
        """Draw a series; the view stays where the person has zoomed to."""
        self._series = series
        self._draw()

    def show_problem(self, text: str) -> None:
        """Say why there is nothing to show; what was drawn before stays."""
        self.note.setText(text)
        self._dress(bad=True)

    def set_playhead(self, playhead: int) -> None:
        """Mark the iteration that is the latest at the playhead."""
        self._playhead = playhead
        if self._series is not None:
            at = int(np.searchsorted(self._series.playheads, playhead, "right")) - 1
            self.plot.mark(float(self._series.iterations[at]) if at >= 0 else None)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if "plot" in vars(self):
            self.plot.set_theme(theme)
            self._draw()
        else:
            self._dress(bad=False)

    def _draw(self) -> None:
        series = self._series
        self._dress(bad=False)
        if series is None:
            self.plot.draw(np.zeros(0), np.zeros((0, 0)), [])
            self.legend.hide()
            self.note.setText("Reading …")
            return
        colours = [self._colour(i) for i in range(series.lines.shape[1])]
        self.plot.draw(series.iterations, series.lines, colours)
        self.legend.setText(_legend(series, colours))
        self.legend.setVisible(bool(self.legend.text()))
        self.note.setText(_about(series))
        self.set_playhead(self._playhead)

    def _colour(self, line: int) -> str:
        return self._theme.families[_HUES[line % len(_HUES)]]

    def _point(self, x: float | None) -> None:
        """Tell the numbers of the iteration pointed at."""
        if self._series is None:
            return
        if x is None:
            self.note.setText(_about(self._series))
        else:
            self.note.setText(_readout(self._series, _nearest(self._series, x)))

    def _choose(self, x: float) -> None:
        if self._series is not None:
            self.event_clicked.emit(int(self._series.playheads[_nearest(self._series, x)]))

    def _step(self, by: int) -> None:
        """Go to the next or previous iteration of those drawn."""
        if self._series is None:
            return
        heads = self._series.playheads
        at = int(np.searchsorted(heads, self._playhead, "right" if by > 0 else "left"))
        at = min(max(at if by > 0 else at - 1, 0), len(heads) - 1)
        self.event_clicked.emit(int(heads[at]))

    def _dress(self, *, bad: bool) -> None:
        theme = self._theme
        edge = theme.error if bad else theme.border
        words = theme.error if bad else theme.text_dim
        self.ensurePolished()
        self.setStyleSheet(f"""
        IterationsView QLineEdit#slice {{ font-family: "{MONO_FONT}"; border-color: {edge}; }}
        IterationsView QLineEdit#slice:focus {{ border-color: {theme.focus}; }}
        IterationsView QLabel {{ font-size: {SIZES["small"]}pt; color: {theme.text_dim}; }}
        IterationsView QLabel#words {{ color: {words}; }}
        """)


def _nearest(series: Series, x: float) -> int:
    return int(np.abs(series.iterations - x).argmin())


def _about(series: Series) -> str:
    """Return what the slice chose, in words."""
    elements = f"{series.elements:,} element{'s' * (series.elements != 1)}"
    words = f"{elements} over {series.chosen:,} iteration{'s' * (series.chosen != 1)}"
    drawn = len(series.iterations)
    return f"{words}, {drawn:,} of them drawn" if drawn < series.chosen else words


def _readout(series: Series, k: int) -> str:
    named = [
        f"{label} {number(value)}".strip()
        for label, value in zip(series.labels, series.lines[k].tolist(), strict=True)
    ]
    if len(named) > LEGEND:
        named = [*named[:LEGEND], "…"]
    return f"iteration {int(series.iterations[k]):,}:  {'   '.join(named)}"


def _legend(series: Series, colours: list[str]) -> str:
    """Return the names of the lines, each after a dot in its colour."""
    labels = [label for label in series.labels if label]
    parts = [
        f"<span style='color:{colour}'>●</span>&nbsp;{label.replace(' ', '&nbsp;')}"
        for label, colour in zip(labels[:LEGEND], colours, strict=False)
    ]
    more = f" &nbsp;and {len(labels) - LEGEND} more" if len(labels) > LEGEND else ""
    return " &nbsp; ".join(parts) + more
