"""Lines over iterations, or over time, with the playhead's place; a click chooses another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QWheelEvent

from ui.fonts import mono_font
from ui.plots.axes import CountAxis, DecadeAxis
from ui.theme import Theme

_DOTS = 1500  # points of all lines together up to which each is a dot


class LinePlot(pg.PlotWidget):  # type: ignore[misc]
    """Lines over iterations. A drag pans and Ctrl with the wheel zooms, along iterations only."""

    pointed = Signal(object)  # x, or None
    chosen = Signal(float)
    stepped = Signal(int)

    def __init__(self, theme: Theme, height: int | None = None) -> None:
        """height: in px; None: what its layout gives it.

        Making one takes 20 ms, as it brings all menus of pyqtgraph: panels wait until they draw.
        """
        super().__init__(axisItems={"left": DecadeAxis("left"), "bottom": CountAxis("bottom")})
        if height is not None:
            self.setFixedHeight(height)
        self.setAccessibleName("Elements over iterations; the arrow keys go from one to the next")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        item = self.getPlotItem()
        item.ctrlMenu.setParent(self, item.ctrlMenu.windowFlags())  # which it would outlive
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(x=True, y=False)
        item.getViewBox().setAutoVisible(y=True)
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        self._marker = pg.InfiniteLine(angle=90, movable=False)
        self._marker.setZValue(10)
        self._curves: list[Any] = []
        self._shown: tuple[float, float] | None = None
        self._pressed: QPointF | None = None
        self._is_zoomed = False  # by a person
        item.getViewBox().sigRangeChangedManually.connect(self._zoomed)
        self.scene().sigMouseMoved.connect(self._moved)
        self.set_theme(theme)

    def draw(self, x: NDArray[Any], lines: NDArray[Any], colours: list[str]) -> None:
        """Draw lines (k, m) over x (k,); other iterations than before are all brought into view."""
        item = self.getPlotItem()
        for curve in self._curves:
            item.removeItem(curve)
        dot = {"symbol": "o", "symbolSize": 4, "symbolPen": None} if len(x) <= 60 else {}
        self._curves = [
            item.plot(x, lines[:, i], pen=pg.mkPen(colour, width=1), connect="finite",
                      **(dot and {**dot, "symbolBrush": colour}))
            for i, colour in enumerate(colours)
        ]  # fmt: skip
        self._bring_into_view((float(x[0]), float(x[-1])) if len(x) else None)
        self.mark(None)

    def draw_many(
        self, lines: Sequence[tuple[NDArray[Any], NDArray[Any]]], colours: Sequence[str],
        logarithmic: bool,
    ) -> None:  # fmt: skip
        """Draw lines that have each their own x, over a logarithmic scale where asked for.

        A logarithmic scale cannot show zeros: lines go on beyond them.
        """
        item = self.getPlotItem()
        for curve in self._curves:
            item.removeItem(curve)
        item.setLogMode(x=False, y=logarithmic)
        self._curves = []
        dotted = sum(len(x) for x, _ in lines) <= _DOTS
        for (x, y), colour in zip(lines, colours, strict=True):
            if logarithmic:
                x, y = x[y != 0], y[y != 0]
            seen = np.isfinite(y)
            shown = np.where(seen, y, np.nan)
            dots = {"symbol": "o", "symbolSize": 4, "symbolPen": None, "symbolBrush": colour}
            pen = pg.mkPen(colour, width=1.4)
            with_dots = dots if dotted and len(x) <= 60 else {}
            drawn = {"pen": pen, "connect": "finite", **with_dots} if seen.any() else None
            self._curves.append(item.plot() if drawn is None else item.plot(x, shown, **drawn))
        ends = [(float(x[0]), float(x[-1])) for x, _ in lines if len(x)]
        self._bring_into_view((min(a for a, _ in ends), max(b for _, b in ends)) if ends else None)

    def _bring_into_view(self, span: tuple[float, float] | None) -> None:
        """Show all values, and all iterations too if they are others than before.

        What a person has zoomed into stays in view while the iterations only go on.
        """
        item, before = self.getPlotItem(), self._shown
        if span is not None and span != before:
            goes_on = before is not None and before[0] == span[0] and before[1] < span[1]
            if not (goes_on and self._is_zoomed):
                # Not item.autoRange(): it sees what is clipped to the range that was.
                item.setXRange(*(span if span[0] < span[1] else (span[0] - 0.5, span[0] + 0.5)))
                self._is_zoomed = False
        item.enableAutoRange(axis="y")  # other lines have another range
        self._shown = span

    def mark(self, x: float | None) -> None:
        """Draw the playhead's line at an iteration, or none."""
        item = self.getPlotItem()
        if x is None:
            item.removeItem(self._marker)
            return
        self._marker.setValue(x)
        if self._marker.scene() is None:
            item.addItem(self._marker, ignoreBounds=True)

    def marked(self) -> float | None:
        """Return the iteration that is marked."""
        return None if self._marker.scene() is None else float(self._marker.value())

    def set_theme(self, theme: Theme) -> None:
        self.setBackground(QColor(theme.canvas))
        self._marker.setPen(pg.mkPen(theme.accent, width=1.4))
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.text_dim))
            axis.setTickFont(mono_font("small"))
            axis.setStyle(tickLength=-4)
        self.getPlotItem().showGrid(x=False, y=True, alpha=0.08 if theme.dark else 0.14)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()  # what is around it scrolls

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        begin = self._pressed if event.button() == Qt.MouseButton.LeftButton else None
        if begin is not None and (event.position() - begin).manhattanLength() < 4:
            self.chosen.emit(self._x(event.position()))
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._is_zoomed, span, self._shown = False, self._shown, None
        self._bring_into_view(span)

    def _zoomed(self, *_: object) -> None:
        self._is_zoomed = True

    def event(self, event: QEvent) -> bool:
        """Have the arrow keys while the plot has the keyboard, whatever they do in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and _steps(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _steps(event):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            event.ignore()

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self.pointed.emit(None)

    def _moved(self, place: QPointF) -> None:
        self.pointed.emit(self._x(place))

    def _x(self, place: QPointF) -> float:
        return float(self.getPlotItem().getViewBox().mapSceneToView(place).x())


def _steps(event: QEvent) -> bool:
    """Whether a key is an arrow that goes from one iteration to the next."""
    arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right)
    return isinstance(event, QKeyEvent) and event.key() in arrows and not event.modifiers()


def beside(moments: NDArray[Any], here: int, by: int) -> int | None:
    """Return the moment after `here` (by 1) or before it (-1); None where there is none."""
    others = moments[moments > here] if by > 0 else moments[moments < here]
    return None if not len(others) else int(others.min() if by > 0 else others.max())
