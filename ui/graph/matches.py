"""The nodes that a search found, lit while all others are veiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from ui.graph.batch import draw_rects
from ui.graph.camera import View
from ui.graph.inks import faded
from ui.graph.layer import Layer
from ui.graph.overlay import paint_rings
from ui.graph.paint import ROUND_FROM, Picture, paint_cards
from ui.graph.scene import Indices, Scene, touching

VEIL = 0.6
_CELL = 4.0  # pixels: from afar, matches of one such square are one mark
_NOTHING: Indices = np.zeros(0, np.intp)


class Matches(Layer):
    """Lights nodes of the scene; nothing is veiled while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = _NOTHING

    def set_nodes(self, nodes: Indices) -> None:
        """Light these node numbers; none: as usual."""
        self.nodes = nodes
        self.changed.emit()

    def set_scene(self, scene: Scene | None) -> None:
        """Forget what was found in another graph."""
        self.nodes = _NOTHING

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        if not len(self.nodes):
            return
        painter.fillRect(QRectF(0.0, 0.0, *size), faded(picture.inks.canvas, VEIL))
        boxes = picture.scene.boxes
        seen = self.nodes[touching(boxes[self.nodes], view.seen(*size))]
        if not len(seen):
            return
        if float(np.median(boxes[seen, 3])) * view.scale < ROUND_FROM:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(picture.inks.focus)
            draw_rects(painter, marks(boxes[seen] * view.scale + (view.dx, view.dy, 0.0, 0.0)))
            return
        paint_cards(painter, picture, view, seen)
        paint_rings(painter, picture.scene, view, seen, picture.inks.focus)


def marks(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rectangles that can be seen for boxes in pixels, one for all in the same spot."""
    cells = np.floor(boxes[:, :2] / _CELL).astype(np.int64)
    _, first = np.unique(cells[:, 0] * (1 << 32) + cells[:, 1], return_index=True)
    some = boxes[first]
    some[:, 2:] = np.maximum(some[:, 2:], _CELL)
    return some
