"""What is painted above the graph's picture and below halo and rings, by parts of their own."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.paint import Picture
from ui.graph.scene import Scene


class Layer(QObject):
    """Paints over the canvas's picture; says through `changed` when it should be painted again."""

    changed = Signal()

    @property
    def running(self) -> bool:
        """Return whether it moves by itself just now."""
        return False

    def set_scene(self, scene: Scene | None) -> None:
        """Another graph is shown, or none."""

    def finish(self) -> None:
        """Bring all motion to its end."""

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        """Paint over the picture, in pixels of the view."""
        raise NotImplementedError
