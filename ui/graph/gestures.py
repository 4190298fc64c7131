"""What a drag with the mouse does, other than moving the content: here, a rubber band."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from ui.graph.camera import Rect, View
from ui.graph.inks import Inks, faded


class Gesture(Protocol):
    """One drag, from the pixel where it began until the button is let go."""

    cursor: Qt.CursorShape

    def move(self, x: float, y: float) -> None:
        """The pointer is over another pixel."""

    def drop(self) -> None:
        """The button was let go: what was shown holds."""

    def cancel(self) -> None:
        """Be as before."""

    def paint(self, painter: QPainter, inks: Inks, view: View) -> None:
        """Draw what belongs to the drag above everything else."""


class RubberBand:
    """A rectangle from where the drag began to the pointer; says which part of the scene it holds.

    held: called with the rectangle in scene units while it grows, and with None when given up.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self, x: float, y: float, camera: Callable[[], View], held: Callable[[Rect | None], None]
    ) -> None:
        self._camera, self._held = camera, held
        self._begin = camera().to_scene(x, y)
        self._rect = Rect(*self._begin, 0.0, 0.0)

    def move(self, x: float, y: float) -> None:
        (x0, y0), (x1, y1) = self._begin, self._camera().to_scene(x, y)
        self._rect = Rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
        self._held(self._rect)

    def drop(self) -> None:
        self._held(self._rect)

    def cancel(self) -> None:
        self._held(None)

    def paint(self, painter: QPainter, inks: Inks, view: View) -> None:
        x, y = view.to_pixel(self._rect.x, self._rect.y)
        width, height = self._rect.width * view.scale, self._rect.height * view.scale
        painter.setPen(QPen(inks.focus, 1.0))
        painter.setBrush(faded(inks.focus, 0.12))
        area = QRectF(round(x) + 0.5, round(y) + 0.5, round(width), round(height))
        painter.drawRoundedRect(area, 2.0, 2.0)
