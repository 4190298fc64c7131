"""One Qt call for a whole NumPy array of lines or rectangles."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import Shiboken

#: A Qt call holds the interpreter lock to its end; a worker that draws lets others in between.
CHUNK = 4096

Shape = TypeVar("Shape", QLineF, QRectF)


def draw_lines(painter: QPainter, lines: NDArray[np.float64]) -> None:
    """Draw (n, 4) of x1, y1, x2, y2 with the painter's pen."""
    for part in _parts(lines):
        painter.drawLines(_first(part, QLineF), len(part))


def draw_rects(painter: QPainter, rects: NDArray[np.float64]) -> None:
    """Draw (n, 4) of x, y, width, height with the painter's pen and brush."""
    for part in _parts(rects):
        painter.drawRects(_first(part, QRectF), len(part))


def _parts(rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    whole = np.ascontiguousarray(rows, np.float64)
    return [whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK)]


def _first(rows: NDArray[np.float64], shape: type[Shape]) -> Shape:
    """Return the first row as Qt sees it: both shapes are four doubles, one after the other."""
    found = Shiboken.wrapInstance(rows.ctypes.data, shape)
    assert isinstance(found, shape)
    return found
