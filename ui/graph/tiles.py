"""Painted squares of the picture at one scale, so that panning copies instead of painting.

A tile shows the state too. When a state changes, each tile notes what of it is to be seen there,
and is brought up to date when it is in view, or when there is time: near by, the changed part is
painted anew; from afar, where cards are plain fills, each changed node is simply filled again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QRegion

from ui.graph.camera import Rect, View
from ui.graph.inks import MELT_TO, Tint
from ui.graph.paint import (
    WIDEST,
    Picture,
    paint_cards,
    paint_edges,
    paint_scene,
    stroke_edges,
)
from ui.graph.previews import Preview
from ui.graph.scene import Indices, Scene, touching
from ui.graph.thumbs import THUMBS_FROM
from ui.graph.words import WORDS_FROM

SIDE = 512  # device pixels
MOST = 96  # tiles that one layer keeps
OVERVIEW = 1024  # device pixels along the longer side
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

    def changed(self, old: Scene, new: Scene) -> set[Key]:
        """Return the tiles that show what is elsewhere in one of two scenes."""
        parts = []
        for before, after in ((old.boxes, new.boxes), (old.routes.boxes, new.routes.boxes)):
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
        changed = _common(Rect(*low.tolist(), *size.tolist()).grown(4.0), self.area(key))
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


def _other(old: Mapping[int, Preview], new: Mapping[int, Preview]) -> list[int]:
    """Return the nodes whose preview is another one."""
    if old is new:
        return []
    return [node for node in {**old, **new} if old.get(node) is not new.get(node)]


def _common(a: Rect, b: Rect) -> Rect:
    x, y = max(a.x, b.x), max(a.y, b.y)
    right, low = min(a.x + a.width, b.x + b.width), min(a.y + a.height, b.y + b.height)
    return Rect(x, y, max(right - x, 0.0), max(low - y, 0.0))


class Tiles:
    """The layers of one picture: the present scale, the one before as a stand-in, an overview."""

    def __init__(self) -> None:
        self._picture: Picture | None = None
        self._layer: Layer | None = None
        self._before: Layer | None = None
        self._overview: Layer | None = None

    def show(self, picture: Picture | None) -> None:
        """Take a new picture and forget all tiles."""
        self._picture = picture
        self._layer = self._before = self._overview = None

    def alter(self, picture: Picture) -> None:
        """Take the same nodes and edges, some of them at other places."""
        old, self._picture = self._picture, picture
        if old is None or len(old.scene.boxes) != len(picture.scene.boxes):
            self.show(picture)
            return
        self._before = None
        for layer in {id(layer): layer for layer in (self._layer, self._overview)}.values():
            if layer is not None:
                layer.stale |= layer.changed(old.scene, picture.scene)

    def recolour(self, picture: Picture) -> bool:
        """Take the same picture in other tints or with other previews; return if that shows."""
        old, self._picture = self._picture, picture
        if old is None or old.scene is not picture.scene:
            self.show(picture)
            return True
        was, now = old.tints, picture.tints
        nodes = np.flatnonzero(
            (was.nodes != now.nodes) | (was.shades != now.shades) | (was.waves != now.waves)
        )
        edges = np.flatnonzero((was.edges != now.edges) | (was.flows != now.flows))
        other = _other(old.previews, picture.previews)
        near = np.union1d(nodes, other).astype(np.intp) if other else nodes
        if not len(near) + len(edges):
            return False
        unlit = edges[was.edges[edges] == Tint.LIT]
        self._before = None  # it would show the old state while zooming
        for layer in {id(layer): layer for layer in (self._layer, self._overview)}.values():
            if layer is not None:
                some = near if layer.scale >= THUMBS_FROM else nodes
                layer.recolour(picture.scene, Change(some, edges, unlit))
        return True

    def reword(self, picture: Picture) -> None:
        """Take the same picture with other words on its cards."""
        self._picture = picture
        self._before = None
        for layer in (self._layer, self._overview):
            if layer is not None and layer.scale >= WORDS_FROM:
                layer.stale.update(layer.tiles)

    def paint(
        self, painter: QPainter, view: View, size: tuple[float, float], moving: bool, budget: float
    ) -> bool:
        """Paint the view; return False when tiles are missing and another round should follow.

        moving: the scale is about to change, so that new tiles would be for nothing; budget:
        seconds that new tiles may take if there is something to show in their place.
        """
        picture = self._picture
        assert picture is not None
        area = view.seen(*size)
        layer = self._present(view, moving)
        wanted = list(layer.keys(area)) if layer.scale == view.scale else []
        complete = bool(wanted) and self._fill(layer, wanted, picture, budget)
        if not complete:
            lack = layer.missing(wanted) if wanted else area
            if lack.width:
                lack = _common(area, lack.grown(2.0 / view.scale))
                self._stand_in(painter, view, lack, picture)
        for key in wanted:
            image = layer.tiles.get(key)
            if image is not None:
                place = layer.view(key)
                painter.drawImage(QPointF(view.dx - place.dx, view.dy - place.dy), image)
        return complete or moving

    def complete(self, view: View, size: tuple[float, float]) -> None:
        """Paint every tile that the view needs, however long it takes."""
        if self._picture is not None:
            layer = self._present(view, moving=False)
            self._fill(layer, list(layer.keys(view.seen(*size))), self._picture, float("inf"))

    def _present(self, view: View, moving: bool) -> Layer:
        layer = self._layer
        if layer is None or layer.ratio != view.ratio:
            self._before = None
            self._layer = layer = Layer(view.scale, view.ratio)
        elif layer.scale != view.scale and not moving:
            if self._picture is not None and layer.holds(self._picture.scene.bounds):
                self._overview = layer
            self._before = layer if layer.tiles else self._before
            self._layer = layer = Layer(view.scale, view.ratio)
        return layer

    def _fill(self, layer: Layer, wanted: list[Key], picture: Picture, budget: float) -> bool:
        """Paint missing and stale tiles until the budget is spent; return whether all are there."""
        begin = time.perf_counter()
        if self._overview is None:
            budget = max(budget, 0.06)
        if layer.dabs:
            for key in [key for key in wanted if key in layer.behind]:
                layer.catch_up(key, picture)
        todo = [key for key in wanted if key not in layer.tiles]
        todo += [key for key in wanted if key in layer.stale or key in layer.behind]
        for number, key in enumerate(todo):
            spent = time.perf_counter() - begin
            if number and spent * (number + 1) / number > budget:
                return False
            layer.catch_up(key, picture)
        for key in wanted:  # the last used are the last to be dropped
            layer.tiles[key] = layer.tiles.pop(key)
        return True

    def _stand_in(self, painter: QPainter, view: View, area: Rect, picture: Picture) -> None:
        """Paint stretched tiles of other scales, the best on top, each pixel only once."""
        layers = [layer for layer in (self._layer, self._before) if layer is not None]
        layers += [] if self._overview is None else [self._overview]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        x, y = view.to_pixel(area.x, area.y)
        corner = QRectF(x, y, area.width * view.scale, area.height * view.scale)
        free = QRegion(corner.toAlignedRect())
        for layer in layers:
            painter.setClipRegion(free)
            for key in layer.keys(area):
                if key in layer.tiles:
                    free -= _stretch(painter, layer, key, view)
        painter.setClipRegion(free)
        painter.fillRect(free.boundingRect(), picture.inks.canvas)
        painter.restore()

    def prepare(self) -> bool:
        """Paint one tile of the overview, or bring one up to date; return whether another call is
        needed. For idle time."""
        picture, layer = self._picture, self._layer
        if picture is None or layer is None:
            return False
        bounds = picture.scene.bounds
        if self._overview is None and layer.holds(bounds):
            self._overview = layer
        if self._overview is None:
            longest = max(bounds.width, bounds.height, 1.0)
            self._overview = Layer(min(OVERVIEW / layer.ratio / longest, 0.5), layer.ratio)
        overview = self._overview
        todo = [key for key in overview.keys(bounds) if key not in overview.tiles]
        todo += [*overview.behind, *overview.stale]
        if todo:
            overview.catch_up(todo[0], picture)
        return len(todo) > 1


def _stretch(painter: QPainter, layer: Layer, key: Key, view: View) -> QRegion:
    """Draw a tile at the scale of `view`; return the pixels that it covers."""
    x, y, side, _ = layer.area(key)
    left, top = view.to_pixel(x, y)
    right, low = view.to_pixel(x + side, y + side)
    place = QRect(round(left), round(top), round(right) - round(left), round(low) - round(top))
    painter.drawImage(place, layer.tiles[key])
    return QRegion(place)
