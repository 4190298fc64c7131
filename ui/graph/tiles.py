"""Painted squares of the picture at a few scales, so that panning copies instead of painting."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter, QRegion

from ui.graph.camera import Rect, View
from ui.graph.inks import Tint
from ui.graph.paint import Picture
from ui.graph.previews import Preview
from ui.graph.thumbs import THUMBS_FROM
from ui.graph.tilelayer import Change, Key, Layer, common
from ui.graph.words import WORDS_FROM

OVERVIEW = 1024  # device pixels along the longer side


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

    @property
    def has_any(self) -> bool:
        """Whether there is a tile of the present scale."""
        return self._layer is not None and bool(self._layer.tiles)

    def kept(self) -> Tiles:
        """Return these tiles as they are now; the two will not change each other's."""
        kept = Tiles()
        kept._picture = self._picture
        for name in ("_layer", "_before", "_overview"):
            layer = getattr(self, name)
            setattr(kept, name, None if layer is None else layer.kept())
        return kept

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
        self._lay(painter, view, area, layer, wanted)
        return complete or moving

    def paint_known(
        self, painter: QPainter, view: View, size: tuple[float, float], smooth: bool = True
    ) -> None:
        """Paint the view from the tiles that there are, without making any; smooth: where they are
        stretched, which takes longer."""
        layer, area = self._layer, view.seen(*size)
        if layer is not None:
            wanted = list(layer.keys(area)) if layer.scale == view.scale else []
            self._lay(painter, view, area, layer, wanted, smooth)

    def make_ready(self, view: View, size: tuple[float, float], budget: float) -> bool:
        """Make tiles for `paint_known` in this view and around it; return whether all are there."""
        picture = self._picture
        assert picture is not None
        layer = self._present(view, moving=True)
        wanted = list(layer.keys(view.seen(*size))) if layer.scale == view.scale else []
        return self._fill(layer, wanted, picture, budget) and not self.prepare()

    def _lay(
        self, painter: QPainter, view: View, area: Rect, layer: Layer, wanted: list[Key],
        smooth: bool = True,
    ) -> None:  # fmt: skip
        """Paint the tiles that are wanted, and stretched ones of other scales where they lack."""
        lack = layer.missing(wanted) if wanted else area
        if lack.width:
            self._stand_in(painter, view, common(area, lack.grown(2.0 / view.scale)), smooth)
        for key in wanted:
            image = layer.tiles.get(key)
            if image is not None:
                place = layer.view(key)
                painter.drawImage(QPointF(view.dx - place.dx, view.dy - place.dy), image)

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

    def _stand_in(self, painter: QPainter, view: View, area: Rect, smooth: bool) -> None:
        """Paint stretched tiles of other scales, the best on top, each pixel only once."""
        assert self._picture is not None
        layers = [layer for layer in (self._layer, self._before) if layer is not None]
        layers += [] if self._overview is None else [self._overview]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        x, y = view.to_pixel(area.x, area.y)
        corner = QRectF(x, y, area.width * view.scale, area.height * view.scale)
        free = QRegion(corner.toAlignedRect())
        for late in (False, True):  # what shows another state only where there is nothing else
            for layer in layers:
                painter.setClipRegion(free)
                for key in layer.within(area):
                    if layer.is_late(key) == late:
                        free -= _stretch(painter, layer, key, view)
        painter.setClipRegion(free)
        painter.fillRect(free.boundingRect(), self._picture.inks.canvas)
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


def _other(old: Mapping[int, Preview], new: Mapping[int, Preview]) -> list[int]:
    """Return the nodes whose preview is another one."""
    if old is new:
        return []
    return [node for node in {**old, **new} if old.get(node) is not new.get(node)]


def _stretch(painter: QPainter, layer: Layer, key: Key, view: View) -> QRegion:
    """Draw a tile at the scale of `view`; return the pixels that it covers."""
    x, y, side, _ = layer.area(key)
    left, top = view.to_pixel(x, y)
    right, low = view.to_pixel(x + side, y + side)
    place = QRect(round(left), round(top), round(right) - round(left), round(low) - round(top))
    painter.drawImage(place, layer.tiles[key])
    return QRegion(place)
