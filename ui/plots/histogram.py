"""How the elements of a tensor are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.fonts import mono_font, ui_font
from ui.plots.blocks import bins
from ui.plots.stats import number
from ui.theme import Theme, load

_AXIS = 20


class Histogram(QWidget):
    """Bars over the finite elements, below zero in another colour; tells the bar pointed at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = load("dark")
        self._counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._edges: NDArray[np.float64] = np.zeros(1)
        self._at: int | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("Histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(80, 90)

    def set_array(self, array: NDArray[Any]) -> None:
        """Count the finite elements of `array`."""
        self._counts, self._edges = bins(array)
        self._at = None
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def readout(self) -> str:
        """Return range and count of the bar under the mouse, or an empty text."""
        if self._at is None:
            return ""
        low, high = (number(x, 3) for x in self._edges[self._at : self._at + 2])
        return f"{low} to {high}: {self._counts[self._at]:,}"

    def sizeHint(self) -> QSize:
        return QSize(260, 150)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not len(self._counts):
            painter.setFont(ui_font("body"))
            painter.setPen(QColor(self._theme.text_dim))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter), "There is no finite element."
            )
        else:
            self._paint_bars(painter)
            self._paint_axis(painter)
        painter.end()

    def _paint_bars(self, painter: QPainter) -> None:
        wide = self.width() / len(self._counts)
        high = self.height() - _AXIS - 4.0
        tallest = max(int(self._counts.max()), 1)
        painter.setPen(Qt.PenStyle.NoPen)
        middles = (self._edges[:-1] + self._edges[1:]) / 2
        below, above = self._theme.families["matmul"], self._theme.accent
        for i, (count, middle) in enumerate(
            zip(self._counts.tolist(), middles.tolist(), strict=True)
        ):
            if count:
                tall = max(count / tallest * high, 1.5)
                colour = QColor(below if middle < 0 else above)
                colour.setAlphaF(1.0 if i == self._at else 0.82)
                painter.setBrush(colour)
                bar = QRectF(i * wide + 0.5, 4 + high - tall, max(wide - 1, 1), tall)
                painter.drawRoundedRect(bar, 1.5, 1.5)

    def _paint_axis(self, painter: QPainter) -> None:
        y = self.height() - _AXIS
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.drawLine(QPointF(0, y + 0.5), QPointF(self.width(), y + 0.5))
        low, high = float(self._edges[0]), float(self._edges[-1])
        if low < 0 < high:
            zero = -low / (high - low) * self.width()
            painter.setPen(QPen(QColor(self._theme.text_faint), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(zero, 2), QPointF(zero, y))
        painter.setFont(mono_font("small"))
        line = QRectF(0, y + 3, self.width(), _AXIS - 3)
        text = self.readout()
        painter.setPen(QColor(self._theme.text if text else self._theme.text_dim))
        if text:
            painter.drawText(line, int(Qt.AlignmentFlag.AlignHCenter), text)
            return
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), number(low, 3))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignRight), number(high, 3))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        n = len(self._counts)
        self._point_at(min(int(event.position().x() / self.width() * n), n - 1) if n else None)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def _point_at(self, bar: int | None) -> None:
        if bar != self._at:
            self._at = bar
            self.setToolTip(self.readout())
            self.update()
