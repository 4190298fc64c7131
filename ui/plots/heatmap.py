"""A matrix as coloured cells on a diverging scale centred at zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.fonts import mono_font
from ui.plots.blocks import blocks
from ui.plots.colours import LEVELS, diverging
from ui.plots.slices import matrix
from ui.plots.stats import number, real_part
from ui.plots.table import largest
from ui.theme import Theme, load

#: A picture has at most so many cells each way; beyond, a cell shows the largest of its block.
_MOST_CELLS = 512
#: Points: the side of the largest cell, the highest picture, the room for words below it.
_CELL, _HIGHEST, _LEGEND = 28.0, 320.0, 30


class HeatMap(QWidget):
    """Paints a matrix; the value under the mouse is written below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = load("dark")
        self._data: NDArray[Any] = np.zeros((0, 0))
        self._vector = False
        self._scale = 0.0
        self._image: QImage | None = None
        self._at: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("Heat map")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_array(
        self, array: NDArray[Any], leading: tuple[int, ...] = (), scale: float | None = None
    ) -> None:
        """Show `array` at `leading` indices; `scale` defaults to its largest absolute value.

        A vector lies on its side.
        """
        self._vector = array.ndim < 2
        data = matrix(array, leading)
        self._data = data.T if self._vector else data
        self._scale = largest(array) if scale is None else scale
        self._at = None
        self._forget()
        self.updateGeometry()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._forget()

    def readout(self) -> str:
        """Return place and value under the mouse, or an empty text."""
        if self._at is None:
            return ""
        row, column = self._at
        place = f"[{column}]" if self._vector else f"[{row}, {column}]"
        return f"{place} = {number(self._data[row, column], 6)}"

    # -- geometry -----------------------------------------------------------------------------

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows, columns = (max(int(n), 1) for n in self._data.shape)
        square = rows * min((width - 2) / columns, _CELL)
        least = max(min(rows * 2.0, 140.0), 18.0)
        return round(min(max(square, least), _HIGHEST)) + _LEGEND

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 18 + _LEGEND)

    def picture_rect(self) -> QRectF:
        """Return where the cells are: square ones unless the matrix is very oblong."""
        rows, columns = (max(n, 1) for n in self._data.shape)
        width, height = self.width() - 2.0, self.height() - float(_LEGEND)
        return QRectF(1, 1, min(width, columns * _CELL), min(height, max(rows * _CELL, 18.0)))

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._data.size:
            if self._image is None:
                self._image = picture(self._data, self._scale, self._theme)
            box = self.picture_rect()
            large = box.width() >= self._image.width() and box.height() >= self._image.height()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not large)
            painter.drawImage(box, self._image)
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawRect(box.adjusted(-0.5, -0.5, 0.5, 0.5))
            self._mark_cell(painter, box)
            self._paint_legend(painter)
        painter.end()

    def _mark_cell(self, painter: QPainter, box: QRectF) -> None:
        if self._at is None:
            return
        row, column = self._at
        wide, high = box.width() / self._data.shape[1], box.height() / self._data.shape[0]
        cell = QRectF(box.x() + column * wide, box.y() + row * high, max(wide, 2), max(high, 2))
        painter.setPen(QPen(QColor(self._theme.text), 1.4))
        painter.drawRect(cell)

    def _paint_legend(self, painter: QPainter) -> None:
        top = self.height() - _LEGEND + 8
        painter.setFont(mono_font("small"))
        metrics = painter.fontMetrics()
        line = QRectF(0, top, self.width(), metrics.height())
        text = self.readout()
        if text:
            painter.setPen(QColor(self._theme.text))
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), text)
            return
        ends = number(-self._scale, 3), number(self._scale, 3)
        painter.setPen(QColor(self._theme.text_dim))
        painter.drawText(QPointF(0, top + metrics.ascent()), ends[0])
        left = metrics.horizontalAdvance(ends[0]) + 6.0
        bar = QRectF(left, top + 3, min(90.0, self.width() / 3), metrics.height() - 6)
        colours = _map(self._theme).reshape(1, -1)
        painter.drawImage(bar, _image(colours))
        painter.drawText(QPointF(bar.right() + 6, top + metrics.ascent()), ends[1])

    def _forget(self) -> None:
        self._image = None
        self.update()

    # -- mouse --------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self._cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def _cell_at(self, point: QPointF) -> tuple[int, int] | None:
        box = self.picture_rect()
        if not self._data.size or not box.contains(point):
            return None
        rows, columns = self._data.shape
        row = int((point.y() - box.y()) / box.height() * rows)
        column = int((point.x() - box.x()) / box.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._at:
            self._at = cell
            self.setToolTip(self.readout())
            self.update()


def picture(data: NDArray[Any], scale: float, theme: Theme) -> QImage:
    """Return one pixel per cell (or block of cells); what is not finite is in the error colour."""
    real = blocks(real_part(data).astype(np.float64), _MOST_CELLS)
    finite = np.isfinite(real)
    half = (LEVELS - 1) // 2
    level = np.where(finite, real, 0.0) / (scale or 1.0)
    index = np.round(np.clip(level, -1, 1) * half).astype(np.int64) + half
    colours = _map(theme)[index]
    colours[~finite] = QColor(theme.error).rgba()
    return _image(colours)


def _map(theme: Theme) -> NDArray[np.uint32]:
    return diverging(theme.families["matmul"], theme.raised, theme.accent)


def _image(colours: NDArray[np.uint32]) -> QImage:
    rows, columns = colours.shape
    buffer = np.ascontiguousarray(colours, np.uint32)
    image = QImage(buffer.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32)
    return image.copy()  # owns its pixels
