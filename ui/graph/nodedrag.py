"""Dragging nodes: they leave the picture and follow the pointer above it, with their edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.inks import Inks
from ui.graph.overlay import paint_ring
from ui.graph.paint import Picture, paint_cards, paint_edges
from ui.graph.pins import reshaped
from ui.graph.routes import flatten
from ui.graph.scene import Indices, Scene
from ui.graph.types import Role


class Lift:
    """Some nodes of a scene, held above it: which they are, what they take along."""

    def __init__(self, scene: Scene, nodes: Sequence[int]) -> None:
        self.nodes = np.array(sorted(nodes), np.intp)
        self._scene = scene
        going = np.zeros(len(scene.cards), bool)
        going[self.nodes] = True
        going[len(scene) :] = going[scene.badges.nodes]
        self._going: Indices = np.flatnonzero(going)
        touched = going[scene.ends].any(axis=1) & (np.diff(scene.routes.bezier_starts) > 0)
        self._edges: Indices = np.flatnonzero(touched)

    def ground(self) -> Scene:
        """Return the scene without what is held; numbers and bounds stay as they are."""
        boxes, lines = self._scene.boxes.copy(), self._scene.routes.boxes.copy()
        boxes[self._going], lines[self._edges] = np.nan, np.nan
        return replace(self._scene, boxes=boxes, routes=replace(self._scene.routes, boxes=lines))

    def held(self, picture: Picture, by: NDArray[np.float64]) -> Picture:
        """Return a picture of what is held, moved `by` scene units, with its edges alone."""
        scene, boxes = self._scene, self._scene.boxes.copy()
        boxes[self._going, :2] += by
        shift = np.zeros_like(boxes[:, :2])
        shift[self._going] = by
        ways = [self._way(edge, boxes, shift) for edge in self._edges.tolist()]
        starts = np.cumsum([0, *[len(way) for way in ways]])
        points = np.concatenate([*ways, np.zeros((0, 2))]).astype(np.float32)
        roles = scene.roles[self._edges]
        routes = flatten(points, starts.astype(np.int32), roles)
        moved = replace(
            scene, boxes=boxes, routes=routes, roles=roles, ends=scene.ends[self._edges]
        )
        tints = picture.tints
        tints = tints._replace(edges=tints.edges[self._edges], flows=tints.flows[self._edges])
        return picture._replace(scene=moved, tints=tints)

    def paint(self, painter: QPainter, picture: Picture, view: View) -> None:
        """Paint what `held` returned."""
        paint_edges(painter, picture, view, np.arange(len(self._edges)))
        paint_cards(painter, picture, view, self._going)
        for node in self.nodes.tolist():
            paint_ring(painter, picture.scene, view, node, picture.inks.focus)

    def _way(
        self, edge: int, boxes: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        curves, ends = self._scene.routes.beziers_of(edge), self._scene.ends[edge]
        way = np.concatenate([curves[0], *[curve[1:] for curve in curves[1:]]])
        role = Role(int(self._scene.roles[edge]))
        return reshaped(way, role, boxes[ends], shift[ends], self._scene.sideways)


class NodeDrag:
    """The gesture: nodes follow the pointer until they are dropped or given back."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(
        self, x: float, y: float, camera: Callable[[], View], lift: Lift,
        picture: Callable[[], Picture | None], changed: Callable[[], None],
        done: Callable[[NDArray[np.float64] | None], None],
    ) -> None:  # fmt: skip
        """done: called once, with how far the nodes were moved, None for not at all."""
        self._begin, self._camera = camera().to_scene(x, y), camera
        self._lift, self._picture, self._changed, self._done = lift, picture, changed, done
        self.by = np.zeros(2)

    def move(self, x: float, y: float) -> None:
        self.by = np.array(self._camera().to_scene(x, y)) - self._begin
        self._changed()

    def drop(self) -> None:
        self._done(self.by)

    def cancel(self) -> None:
        self._done(None)

    def paint(self, painter: QPainter, inks: Inks, view: View) -> None:
        picture = self._picture()
        if picture is not None:
            self._lift.paint(painter, self._lift.held(picture, self.by), view)
