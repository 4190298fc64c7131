"""The tiles of one scale: painted squares of the picture that are kept up to date.

A tile shows the state too. When a state changes, each tile notes what of it is to be seen there,
and is brought up to date when it is in view, or when there is time: near by, the changed part is
painted anew; from afar, where cards are plain fills, each changed node is simply filled again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from ui.graph.camera import Rect, View
from ui.graph.inks import MELT_TO
from ui.graph.paint import (
    WIDEST,
    Picture,
    paint_cards,
    paint_edges,
    paint_scene,
    stroke_edges,
)
from ui.graph.scene import Indices, Scene, touching

SIDE = 512  # device pixels
MOST = 96  # tiles that one layer keeps
#: Changes of more parts than this repaint a tile as a whole: a near one, one of plain fills.
PATCHES, DABS = 24, 20_000

Key = tuple[int, int]


class Change(NamedTuple):
    """Nodes and edges, ascending, whose tint has changed; unlit: edges that were lit before."""

    nodes: Indices
    edges: Indices
    unlit: Indices

    def __bool__(self) -> bool:
        return bool(len(self.nodes) or len(self.edges))

    @classmethod
    def joined(cls, changes: list[Change]) -> Change:
        if len(changes) == 1:
            return changes[0]
        return cls(*(np.unique(np.concatenate(parts)) for parts in zip(*changes, strict=True)))


class Layer:
    """The tiles of one scale."""

    def __init__(self, scale: float, ratio: float) -> None:
        self.scale, self.ratio = scale, ratio
        self.tiles: dict[Key, QImage] = {}
        self.stale: set[Key] = set()
        self.behind: dict[Key, list[Change]] = {}

    @property
    def unit(self) -> float:
        """Scene units along a tile's side."""
        return SIDE / (self.scale * self.ratio)

    def area(self, key: Key) -> Rect:
        return Rect(key[0] * self.unit, key[1] * self.unit, self.unit, self.unit)

    def view(self, key: Key) -> View:
        step = SIDE / self.ratio
        return View(self.scale, -key[0] * step, -key[1] * step, self.ratio)

    def keys(self, area: Rect) -> Iterator[Key]:
        """Yield the tiles that cover `area`, those in the middle first."""
        unit = self.unit
        columns = range(int(area.x // unit), int((area.x + area.width) // unit) + 1)
        rows = range(int(area.y // unit), int((area.y + area.height) // unit) + 1)
        x, y = area.centre[0] / unit - 0.5, area.centre[1] / unit - 0.5
        keys = [(column, row) for row in rows for column in columns]
        yield from sorted(keys, key=lambda key: (key[0] - x) ** 2 + (key[1] - y) ** 2)

    def within(self, area: Rect) -> list[Key]:
        """Return the tiles that there are of `area`, which may be far larger than all of them."""
        low, high = area.x / self.unit, (area.x + area.width) / self.unit
        top, foot = area.y / self.unit, (area.y + area.height) / self.unit
        return [
            key for key in self.tiles
            if low < key[0] + 1 and key[0] < high and top < key[1] + 1 and key[1] < foot
        ]  # fmt: skip

    def holds(self, area: Rect) -> bool:
        """Return whether all of `area` is painted, in few tiles."""
        if max(area.width, area.height) > 6 * self.unit:
            return False
        return all(key in self.tiles for key in self.keys(area))

    def missing(self, wanted: list[Key]) -> Rect:
        """Return what is around all tiles that are wanted and not there; empty: they are there."""
        lack = np.array([key for key in wanted if key not in self.tiles]).reshape(-1, 2)
        if not len(lack):
            return Rect(0.0, 0.0, 0.0, 0.0)
        low, size = lack.min(axis=0), np.ptp(lack, axis=0) + 1
        return Rect(*(low * self.unit).tolist(), *(size * self.unit).tolist())

    def paint_tile(self, key: Key, picture: Picture) -> None:
        image = self.tiles.pop(key, None)
        if image is None:
            image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(self.ratio)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_scene(painter, picture, self.view(key), self.area(key))
        painter.end()
        self.tiles[key] = image
        self.stale.discard(key)
        self.behind.pop(key, None)
        while len(self.tiles) > MOST:
            self.drop(next(iter(self.tiles)))

    def kept(self) -> Layer:
        """Return a layer of the tiles as they are now, whatever will be painted on these."""
        kept = Layer(self.scale, self.ratio)
        kept.tiles = {key: QImage(image) for key, image in self.tiles.items()}
        return kept

    def changed(self, old: Scene, new: Scene) -> set[Key]:
        """Return the tiles that show what is elsewhere in one of two scenes."""
        if len(old.frames) != len(new.frames):
            return set(self.tiles)
        parts = []
        for before, after in (
            (old.boxes, new.boxes),
            (old.routes.boxes, new.routes.boxes),
            (old.frames.boxes, new.frames.boxes),
        ):
            # What is drawn in neither has boxes of NaN in both.
            same = (before == after) | (np.isnan(before) & np.isnan(after))
            rows = ~same.all(axis=1)
            parts += [before[rows], after[rows]]
        boxes = np.concatenate(parts)
        return {key for key in self.tiles if touching(boxes, self.area(key).grown(4.0)).any()}

    def drop(self, key: Key) -> None:
        self.tiles.pop(key, None)
        self.stale.discard(key)
        self.behind.pop(key, None)

    def recolour(self, scene: Scene, change: Change) -> None:
        """Note for each tile what of a change it shows; `catch_up` brings it up to date."""
        lines = scene.routes.boxes
        boxes = scene.boxes[change.nodes], lines[change.edges], lines[change.unlit]
        sieves = [_Sieve(some, self.unit) for some in boxes]
        for key in self.tiles:
            new = Change(*(some[sieve(key)] for some, sieve in zip(change, sieves, strict=True)))
            if not new or (key in self.stale and not self.dabs):
                continue
            changes = self.behind.setdefault(key, [])
            changes.append(new)
            parts = sum(len(c.nodes) + len(c.edges) for c in changes)
            if (parts > DABS and len(changes) > 1) if self.dabs else parts > PATCHES:
                del self.behind[key]  # it is less to paint all of it
                self.stale.add(key)

    def is_late(self, key: Key) -> bool:
        """Return whether a tile shows what was before."""
        return key in self.behind or key in self.stale

    @property
    def dabs(self) -> bool:
        """Whether what changed is painted onto tiles, since cards are plain fills."""
        return self.scale <= MELT_TO

    def catch_up(self, key: Key, picture: Picture) -> None:
        """Bring a tile up to date with the picture."""
        changes = self.behind.pop(key, [])
        if changes and self.dabs:
            self._dab(key, picture, *Change.joined(changes))
        elif changes and key not in self.stale:
            change = Change.joined(changes)
            self._patch(key, picture, change.nodes, change.edges)
        else:
            self.paint_tile(key, picture)

    def _dab(
        self, key: Key, picture: Picture, nodes: Indices, edges: Indices, unlit: Indices
    ) -> None:
        view = self.view(key)
        painter = QPainter(self.tiles[key])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(unlit):
            # The thinner line of before would leave the rim of the lit one.
            rim = WIDEST + 2.0 / self.scale
            stroke_edges(painter, picture.scene, view, unlit, picture.inks.canvas, rim)
            self.stale.add(key)
        paint_edges(painter, picture, view, edges)
        touched = np.zeros(len(picture.scene.boxes), bool)
        touched[nodes] = touched[picture.scene.ends[edges]] = True
        paint_cards(painter, picture, view, np.flatnonzero(touched))
        painter.end()

    def _patch(self, key: Key, picture: Picture, nodes: Indices, edges: Indices) -> None:
        boxes = np.concatenate([picture.scene.boxes[nodes], picture.scene.routes.boxes[edges]])
        low = boxes[:, :2].min(axis=0)
        size = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) - low
        changed = common(Rect(*low.tolist(), *size.tolist()).grown(4.0), self.area(key))
        view = self.view(key)
        painter = QPainter(self.tiles[key])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, y = view.to_pixel(changed.x, changed.y)
        clip = QRectF(x, y, changed.width * view.scale, changed.height * view.scale)
        painter.setClipRect(clip.toAlignedRect())
        paint_scene(painter, picture, view, changed.grown(2.0 / view.scale))
        painter.end()


class _Sieve:
    """Tells which of (n, 4) boxes touch a tile; a column and a row of tiles are asked for once."""

    def __init__(self, boxes: NDArray[np.float64], unit: float) -> None:
        self._low = boxes[:, :2].T / unit
        self._high = self._low + boxes[:, 2:].T / unit
        self._known: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def __call__(self, key: Key) -> NDArray[np.bool_]:
        return self._along(0, key[0]) & self._along(1, key[1])

    def _along(self, axis: int, at: int) -> NDArray[np.bool_]:
        found = self._known.get((axis, at))
        if found is None:
            found = (self._low[axis] <= at + 1) & (self._high[axis] >= at)
            self._known[axis, at] = found
        return found


def common(a: Rect, b: Rect) -> Rect:
    """Return what two rectangles have in common."""
    x, y = max(a.x, b.x), max(a.y, b.y)
    right, low = min(a.x + a.width, b.x + b.width), min(a.y + a.height, b.y + b.height)
    return Rect(x, y, max(right - x, 0.0), max(low - y, 0.0))
