"""A small pin on the corner of every node that a person has put where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from ui.graph.camera import View
from ui.graph.layer import Layer
from ui.graph.paint import Picture
from ui.graph.scene import Indices, Scene, touching

FROM = 0.34  # the scale below which cards are plain fills, and pins would hide them
_NOTHING: Indices = np.zeros(0, np.intp)


class PinMarks(Layer):
    """Draws the pins."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = _NOTHING

    def set_nodes(self, nodes: Sequence[int]) -> None:
        """Mark these node numbers."""
        self.nodes = np.array(nodes, np.intp)
        self.changed.emit()

    def set_scene(self, scene: Scene | None) -> None:
        """Numbers of another graph mean nothing."""
        self.nodes = _NOTHING

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        if not len(self.nodes) or view.scale < FROM:
            return
        boxes = picture.scene.boxes[self.nodes]
        boxes = boxes[touching(boxes, view.seen(*size))]
        reach = min(max(5.0 * view.scale, 4.0), 8.0)
        inks = picture.inks
        for x, y, width, _ in boxes.tolist():
            at = QPointF(*view.to_pixel(x + width, y)) + QPointF(-1.6 * reach, 0.0)
            painter.setPen(QPen(inks.canvas, 2.0))
            painter.setBrush(inks.accent)
            painter.drawEllipse(at, reach, reach)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(inks.canvas)
            painter.drawEllipse(at, 0.34 * reach, 0.34 * reach)
