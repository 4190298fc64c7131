"""A small pin on the corner of every node and group that a person has put where it is."""

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
        self.nodes = self._frames = _NOTHING

    def set_nodes(self, nodes: Sequence[int], frames: Sequence[int] = ()) -> None:
        """Mark these nodes and frames, by their numbers."""
        self.nodes, self._frames = np.array(nodes, np.intp), np.array(frames, np.intp)
        self.changed.emit()

    def set_scene(self, scene: Scene | None) -> None:
        """Numbers of another graph mean nothing."""
        self.nodes = self._frames = _NOTHING

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        scene = picture.scene
        boxes = scene.frames.boxes[self._frames].astype(np.float64)
        if view.scale >= FROM:
            boxes = np.concatenate([scene.boxes[self.nodes], boxes])
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
