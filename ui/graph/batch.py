"""One Qt call for a whole NumPy array of lines or rectangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.Qt.internals import PrimitiveArray  # type: ignore[import-untyped]
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter

#: A Qt call holds the interpreter lock to its end; a worker that draws lets others in between.
CHUNK = 4096


def draw_lines(painter: QPainter, lines: NDArray[np.float64]) -> None:
    """Draw (n, 4) of x1, y1, x2, y2 with the painter's pen."""
    store = PrimitiveArray(QLineF, 4)
    for start in range(0, len(lines), CHUNK):
        part = lines[start : start + CHUNK]
        store.resize(len(part))
        store.ndarray()[:] = part
        painter.drawLines(*store.drawargs())


def draw_rects(painter: QPainter, rects: NDArray[np.float64]) -> None:
    """Draw (n, 4) of x, y, width, height with the painter's pen and brush."""
    store = PrimitiveArray(QRectF, 4)
    for start in range(0, len(rects), CHUNK):
        part = rects[start : start + CHUNK]
        store.resize(len(part))
        store.ndarray()[:] = part
        painter.drawRects(*store.drawargs())
