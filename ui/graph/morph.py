"""From one layout of a growing graph to the next: cards glide to their new places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter

from ui.graph.camera import Rect, View
from ui.graph.framing import paint_frames
from ui.graph.paint import Picture, paint_background, paint_cards, paint_edges
from ui.graph.scene import Scene, touching

#: Cards of which each frame is painted anew; of a larger graph pictures fade over; one that is
#: still larger jumps.
MOST, LARGEST = 600, 30_000


class Morph:
    """Where the nodes of `scene` were before; new ones fade in where they are.

    A card that comes from its group's frame is as large as that at first, so it fades in too.
    """

    def __init__(
        self, scene: Scene, before: NDArray[np.float64], fresh: NDArray[np.bool_],
        framed: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        self.scene, self.before, self.fresh, self.framed = scene, before, fresh, framed

    @classmethod
    def between(
        cls, old: Scene, new: Scene, shift: tuple[float, float] = (0.0, 0.0)
    ) -> Morph | None:
        """Return the way from old to new; None if nothing moved or too much did.

        What was in a folded group comes out of its card, and a group folds from its frame. shift:
        how far the camera moves with it, in scene units.
        """
        if max(len(old), len(new)) > LARGEST:
            return None
        places = np.full(len(new.cards), -1, np.intp)  # badges of portals come where they are
        places[: len(new)] = [old.index.get(node, -1) for node in new.ids]
        fresh = places < 0
        before = new.boxes.copy()
        before[~fresh] = old.boxes[places[~fresh]] + (*shift, 0.0, 0.0)
        frames = dict(zip(old.frames.ids, old.frames.boxes.astype(float), strict=True))
        framed = np.zeros_like(fresh)
        for at in np.flatnonzero(fresh[: len(new)]).tolist():
            if new.ids[at] in frames:
                before[at] = frames[new.ids[at]] + (*shift, 0.0, 0.0)
                fresh[at], framed[at] = False, True
        if fresh.all() or not (fresh.any() or (before != new.boxes).any()):
            return None
        return cls(new, before, fresh, framed)

    def boxes(self, scene: Scene, t: float) -> NDArray[np.float64]:
        """Return where the cards of the new scene are at t in 0..1."""
        return self.before + (scene.boxes - self.before) * t

    def paint(self, painter: QPainter, picture: Picture, view: View, area: Rect, t: float) -> None:
        """Paint the picture at t in 0..1; routes come with the last part of the way."""
        boxes = self.boxes(self.scene, t)
        paint_background(painter, picture.inks, view, area)
        painter.setOpacity(max(0.0, 2.0 * t - 1.0))
        paint_frames(painter, picture.inks, self.scene.frames, view, area)
        paint_edges(painter, picture, view, self.scene.edges_in(area))
        moved = picture._replace(scene=replace(self.scene, boxes=boxes))
        painter.setOpacity(1.0)
        seen = touching(boxes, area)
        old = seen & ~(self.fresh | self.framed)
        paint_cards(painter, moved, view, np.flatnonzero(old))
        paint_cards(painter, moved, view, np.flatnonzero(seen & self.framed), opacity=t**2)
        layer = np.flatnonzero(seen & self.fresh)
        if t > 0.5 and len(layer):
            paint_cards(painter, moved, view, layer, opacity=2.0 * t - 1.0)


def frames_between(
    old: Scene, new: Scene, shift: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where frames were and are that both scenes have and that have moved, (g, 4) each."""
    at = {group: k for k, group in enumerate(old.frames.ids)}
    pairs = [(at[group], k) for k, group in enumerate(new.frames.ids) if group in at]
    was, now = np.array(pairs, np.intp).reshape(-1, 2).T
    before = old.frames.boxes[was] + np.array([*shift, 0.0, 0.0])
    after = new.frames.boxes[now].astype(np.float64)
    moved = (before != after).any(axis=1)
    return before[moved], after[moved]
