"""From one layout of a large graph to the next: the new picture comes over the old one, and cards
and frames that have moved glide there as plain fills and outlines.

Both pictures are made of tiles that are there before it begins, so that no frame has to paint
edges or words.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from ui.graph.batch import draw_rects
from ui.graph.camera import View
from ui.graph.framing import frame_border
from ui.graph.morph import Morph, frames_between
from ui.graph.paint import Picture, paint_cards, paint_fills
from ui.graph.scene import Scene, touching
from ui.graph.tiles import Tiles

#: Of so many moving cards in sight each is painted with its words; of more than the second number
#: none is.
WITH_WORDS, IN_SIGHT = 40, 5_000
FAINT = 0.5  # of the way: until then the new picture needs not be smooth
LEAST = 12.0  # pixels of a moving frame's shorter side


class Crossfade:
    """The way from the picture of `old` to one of `new`, whose cards move as `morph` says.

    tiles: those of the old picture, which nobody else changes; shift: how far the camera moves
    with it, in scene units.
    """

    def __init__(
        self, morph: Morph, old: Scene, new: Scene, tiles: Tiles, shift: tuple[float, float]
    ) -> None:
        self._morph, self._old, self._shift = morph, tiles, shift
        self._moving = (morph.before != new.boxes).any(axis=1) & ~morph.fresh
        self._frames = frames_between(old, new, shift)

    def paint(
        self, painter: QPainter, picture: Picture, tiles: Tiles, view: View,
        size: tuple[float, float], t: float,
    ) -> None:  # fmt: skip
        """Paint t in 0..1 of the way; tiles: those of the new picture."""
        dx, dy = self._shift
        moved_with = view.panned(dx * view.scale, dy * view.scale)
        self._old.paint_known(painter, moved_with, size, smooth=False)
        if t > 0.0:
            painter.setOpacity(t)
            tiles.paint_known(painter, view, size, smooth=t > FAINT)
            painter.setOpacity(1.0)
        self._paint_frames(painter, picture, view, size, t)
        boxes = self._morph.boxes(picture.scene, t)
        seen = np.flatnonzero(self._moving & touching(boxes, view.seen(*size)))
        if len(seen) > IN_SIGHT:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(seen) <= WITH_WORDS)
        moved = picture._replace(scene=replace(picture.scene, boxes=boxes))
        grown = self._morph.framed[seen]
        for some, opacity in ((seen[~grown], 1.0), (seen[grown], t**2)):
            if len(some) <= WITH_WORDS:
                paint_cards(painter, moved, view, some, opacity=opacity)
                continue
            painter.setOpacity(opacity)
            paint_fills(painter, moved, view, some)
            painter.setOpacity(1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_frames(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float], t: float
    ) -> None:
        before, after = self._frames
        boxes: NDArray[np.float64] = before + (after - before) * t
        large = boxes[:, 2:].min(axis=1, initial=np.inf) * view.scale >= LEAST
        boxes = boxes[large & touching(boxes, view.seen(*size))]
        if not len(boxes):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(frame_border(picture.inks), 1.0))
        places = np.round(boxes * view.scale + (view.dx, view.dy, 0.0, 0.0))
        draw_rects(painter, places - np.array([0.0, 0.0, 1.0, 1.0]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
