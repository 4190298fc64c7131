"""Nodes whose gradient was measured to be wrong: a red pill that says by how much."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from ui.graph.batch import draw_rects
from ui.graph.camera import View
from ui.graph.layer import Layer
from ui.graph.paint import Picture
from ui.graph.scene import Indices, Scene, touching
from ui.graph.types import NodeId
from ui.graph.words import detail_font

_WORDS_FROM = 0.34  # the scale below which a pill is a square of a few pixels
_SQUARE = 5.0


class Offences(Layer):
    """Marks nodes by their ids; those in a folded group mark the group, the worst of them."""

    def __init__(self) -> None:
        super().__init__()
        #: Relative errors.
        self.errors: Mapping[NodeId, float] = {}
        self.nodes: Indices = np.zeros(0, np.intp)
        self._worst: dict[int, float] = {}
        self._scene: Scene | None = None

    def set_errors(self, errors: Mapping[NodeId, float]) -> None:
        """Mark these nodes; none: no marks."""
        self.errors = errors
        self._look_up()
        self.changed.emit()

    def set_scene(self, scene: Scene | None) -> None:
        """Mark those of another graph."""
        self._scene = scene
        self._look_up()

    def _look_up(self) -> None:
        index, worst = {} if self._scene is None else self._scene.index, dict[int, float]()
        for node, error in self.errors.items():
            at = index.get(node, -1)
            if at >= 0:
                worst[at] = max(error, worst.get(at, 0.0))
        self._worst, self.nodes = worst, np.array(sorted(worst), np.intp)

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        if not len(self.nodes):
            return
        boxes = picture.scene.boxes
        seen = self.nodes[touching(boxes[self.nodes], view.seen(*size))]
        painter.setBrush(picture.inks.error)
        right = (boxes[seen, 0] + boxes[seen, 2]) * view.scale + view.dx
        low = (boxes[seen, 1] + boxes[seen, 3]) * view.scale + view.dy
        if view.scale < _WORDS_FROM:
            painter.setPen(Qt.PenStyle.NoPen)
            squares = np.full((2, len(seen)), _SQUARE)
            draw_rects(painter, np.stack([right - _SQUARE, low - _SQUARE, *squares], 1))
            return
        font = detail_font(10 if view.scale < 0.8 else 11)
        font.setWeight(QFont.Weight.Bold)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for node, x, y in zip(seen.tolist(), right.tolist(), low.tolist(), strict=True):
            text = words(self._worst[node])
            area = QRectF(0.0, 0.0, metrics.horizontalAdvance(text) + 12.0, metrics.height() + 3.0)
            area.moveTopRight(QRectF(x, y, 0.0, 0.0).topLeft())
            area.translate(-6.0, 6.0)  # clear of the frame round a selected node
            painter.setPen(QPen(picture.inks.canvas, 2.0))
            painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
            painter.setPen(picture.inks.canvas)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)


def words(error: float) -> str:
    """Return how far a gradient is off, as a share of what it should be."""
    return f"off {error:.0%}" if error < 10.0 else f"off {error:.0f}×"
