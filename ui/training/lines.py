"""Lines of many parameters: the one under the pointer stands out, and NaN is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal

from ui.fonts import mono_font
from ui.plots.lines import LinePlot
from ui.theme import Theme

_NEAR = 24.0  # px from a line within which it is pointed at
_ABOVE = 5  # in the order of drawing: the line that is pointed at


class TrackPlot(LinePlot):
    """A plot of lines that each have a name elsewhere; `over` gives the one pointed at, or -1."""

    over = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._drawn: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._colours: list[str] = []
        self._over = -1
        self._warning: Any = None

    def draw_tracks(
        self, lines: Sequence[tuple[NDArray[Any], NDArray[Any]]], colours: Sequence[str],
        logarithmic: bool,
    ) -> None:  # fmt: skip
        """Draw lines as `draw_many` does."""
        self._over, self._colours = -1, list(colours)
        self.draw_many(lines, colours, logarithmic)
        if not logarithmic:  # shares of elements
            self.getPlotItem().setYRange(0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._drawn = [(x, np.log10(y) if logarithmic else y) for x, y in lines]

    def warn(self, x: float | None, words: str, colour: str) -> None:
        """Mark an iteration with words from above down, or none."""
        item = self.getPlotItem()
        if self._warning is not None:
            item.removeItem(self._warning)
            self._warning = None
        if x is not None:
            pen = pg.mkPen(colour, width=1.2, style=Qt.PenStyle.DashLine)
            options = {"position": 0.9, "color": colour}
            line = pg.InfiniteLine(x, 90, pen, label=words, labelOpts=options)
            line.label.setFont(mono_font("small"))
            item.addItem(line, ignoreBounds=True)
            self._warning = line

    def warned(self) -> float | None:
        """Return the iteration that is marked by `warn`."""
        return None if self._warning is None else float(self._warning.value())

    def nearest(self, place: QPointF) -> int:
        """Return the line that is nearest to a place of the widget, -1 for none near by."""
        view = self.getPlotItem().getViewBox()
        at = view.mapSceneToView(place)
        wide, high = view.viewPixelSize()
        best, found = _NEAR, -1
        for line, (x, y) in enumerate(self._drawn):
            if not len(x):
                continue
            k = min(int(np.searchsorted(x, at.x())), len(x) - 1)
            k = k - 1 if k and at.x() - x[k - 1] < x[k] - at.x() else k
            away = np.hypot(min(abs(x[k] - at.x()) / wide, _NEAR / 4), (y[k] - at.y()) / high)
            if away < best:
                best, found = float(away), line
        return found

    def _moved(self, place: QPointF) -> None:
        super()._moved(place)
        self._point_at(self.nearest(place))

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self._point_at(-1)

    def _point_at(self, line: int) -> None:
        if line == self._over:
            return
        for one, width, level in ((self._over, 1.4, 0), (line, 3.0, _ABOVE)):
            if 0 <= one < len(self._curves):
                self._curves[one].setPen(pg.mkPen(self._colours[one], width=width))
                self._curves[one].setZValue(level)
        self._over = line
        self.over.emit(line)
