"""One Qt call for many lines or rectangles of a NumPy array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import Shiboken

#: A Qt call holds the interpreter lock to its end; a worker that draws lets others in between.
CHUNK = 4096

Floats = NDArray[np.float64]
Bounds = NDArray[np.intp]  # run k is what lies from bounds[k] up to bounds[k + 1]
Dress = Callable[[int], object]


def draw_lines(painter: QPainter, lines: Floats) -> None:
    """Draw (n, 4) of x1, y1, x2, y2 with the painter's pen."""
    for first, count in _wrapped(lines, QLineF):
        painter.drawLines(first, count)


def draw_rects(painter: QPainter, rects: Floats) -> None:
    """Draw (n, 4) of x, y, width, height with the painter's pen and brush."""
    for first, count in _wrapped(rects, QRectF):
        painter.drawRects(first, count)


def draw_line_runs(painter: QPainter, lines: Floats, bounds: Bounds, dress: Dress) -> None:
    """Draw each run of lines after dress(k) has set the pen for it."""
    for first, count in _wrapped(lines, QLineF, bounds, dress):
        painter.drawLines(first, count)


def draw_rect_runs(painter: QPainter, rects: Floats, bounds: Bounds, dress: Dress) -> None:
    """Draw each run of rectangles after dress(k) has set the brush for it."""
    for first, count in _wrapped(rects, QRectF, bounds, dress):
        painter.drawRects(first, count)


def _wrapped(
    rows: Floats, kind: type[Any], bounds: Bounds | None = None, dress: Dress = lambda run: None
) -> Iterator[tuple[Any, int]]:
    """Yield chunks as Qt takes them: the first object of an array in memory, and how many."""
    held = np.ascontiguousarray(rows, np.float64)  # Qt's records are four doubles, too
    address, size = held.ctypes.data, held.itemsize * 4
    runs = [0, len(held)] if bounds is None else bounds.tolist()
    for run, (low, high) in enumerate(pairwise(runs)):
        dress(run)
        for start in range(low, high, CHUNK):
            first = Shiboken.wrapInstance(address + start * size, kind)
            yield first, min(high - start, CHUNK)


def runs_of(looks: NDArray[np.int64]) -> tuple[NDArray[np.intp], Bounds]:
    """Return an order in which equal looks follow each other, smallest first, and their runs."""
    order = np.argsort(looks, kind="stable")
    begins = np.flatnonzero(np.diff(looks[order], prepend=-1))
    return order, np.append(begins, len(looks)).astype(np.intp)
