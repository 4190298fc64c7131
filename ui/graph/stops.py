"""The nodes that have a breakpoint: a red dot at their left edge."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from ui.graph.batch import draw_rects
from ui.graph.camera import View
from ui.graph.layer import Layer
from ui.graph.paint import Picture
from ui.graph.scene import Indices, Scene, touching
from ui.graph.types import NodeId

_RADIUS = 5.0
_SMALL = 0.25  # below this scale dots are squares of a few pixels


class Stops(Layer):
    """Marks nodes by their ids; those of other graphs are kept for when one of these is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: frozenset[NodeId] = frozenset()
        self.nodes: Indices = np.zeros(0, np.intp)
        self._scene: Scene | None = None

    def set_ids(self, ids: frozenset[NodeId]) -> None:
        """Mark these nodes."""
        self.ids = ids
        self._look_up()
        self.changed.emit()

    def set_scene(self, scene: Scene | None) -> None:
        """Mark those of another graph."""
        self._scene = scene
        self._look_up()

    def _look_up(self) -> None:
        index = {} if self._scene is None else self._scene.index
        found = sorted(index[node] for node in self.ids if node in index)
        self.nodes = np.array(found, np.intp)

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        if not len(self.nodes):
            return
        boxes = picture.scene.boxes
        seen = self.nodes[touching(boxes[self.nodes], view.seen(*size))]
        painter.setBrush(picture.inks.error)
        left = boxes[seen, 0] * view.scale + view.dx
        middle = (boxes[seen, 1] + boxes[seen, 3] / 2) * view.scale + view.dy
        if view.scale < _SMALL:
            painter.setPen(Qt.PenStyle.NoPen)
            draw_rects(painter, np.stack([left - 2, middle - 2, *np.full((2, len(seen)), 4.0)], 1))
            return
        painter.setPen(QPen(picture.inks.canvas, 1.5))
        for x, y in zip(left.tolist(), middle.tolist(), strict=True):
            painter.drawEllipse(QPointF(x, y), _RADIUS, _RADIUS)
