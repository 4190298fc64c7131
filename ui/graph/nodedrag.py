"""Dragging nodes and groups: they leave the picture and follow the pointer, with their edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.framing import headers, outline_frame, paint_frames, paint_headers
from ui.graph.inks import Inks
from ui.graph.overlay import paint_ring
from ui.graph.paint import Picture, paint_cards, paint_edges
from ui.graph.pins import reshaped
from ui.graph.routes import flatten
from ui.graph.scene import Indices, Scene
from ui.graph.types import NodeId, Role


class Lift:
    """Some nodes of a scene, held above it: which they are, what they take along."""

    def __init__(self, scene: Scene, nodes: Sequence[int], frames: Sequence[int] = ()) -> None:
        """frames: the frame of a group that is held, before the frames in it; its nodes too."""
        self.nodes, self._frames = np.array(sorted(nodes), np.intp), np.array(frames, np.intp)
        self._scene = scene
        going = np.zeros(len(scene.cards), bool)
        going[self.nodes] = True
        going[len(scene) :] = going[scene.badges.nodes]
        self._going: Indices = np.flatnonzero(going)
        touched = going[scene.ends].any(axis=1) & (np.diff(scene.routes.bezier_starts) > 0)
        self._edges: Indices = np.flatnonzero(touched)

    @classmethod
    def of_group(cls, scene: Scene, frame: int) -> Lift:
        """Return the lift of a group with all that is in it."""
        parents, inside = scene.frames.parents.tolist(), np.zeros(len(scene.frames), bool)
        for k in range(frame, len(parents)):
            inside[k] = k == frame or (parents[k] >= 0 and inside[parents[k]])
        homes = scene.frames.homes
        nodes = np.flatnonzero((homes >= 0) & inside[homes])
        return cls(scene, nodes.tolist(), np.flatnonzero(inside).tolist())

    def places(self, by: NDArray[np.float64]) -> dict[NodeId, tuple[float, float]]:
        """Return where what is held is after it was moved `by` scene units, as pins have it."""
        scene = self._scene
        if len(self._frames):
            some, ids = scene.frames.boxes[self._frames[:1]].astype(np.float64), scene.frames.ids
            names = [ids[self._frames[0]]]
        else:
            some, names = scene.boxes[self.nodes], [scene.ids[k] for k in self.nodes.tolist()]
        middles = some[:, :2] + some[:, 2:] / 2 + by
        return {name: (x, y) for name, (x, y) in zip(names, middles.tolist(), strict=True)}

    def ground(self) -> Scene:
        """Return the scene without what is held; numbers and bounds stay as they are."""
        boxes, lines = self._scene.boxes.copy(), self._scene.routes.boxes.copy()
        boxes[self._going], lines[self._edges] = np.nan, np.nan
        frames = self._scene.frames
        if len(self._frames):
            areas = frames.boxes.copy()
            areas[self._frames] = np.nan
            frames = replace(frames, boxes=areas)
        routes = replace(self._scene.routes, boxes=lines)
        return replace(self._scene, boxes=boxes, routes=routes, frames=frames)

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
        areas = np.full_like(scene.frames.boxes, np.nan)
        areas[self._frames] = scene.frames.boxes[self._frames] + (*by, 0.0, 0.0)
        moved = replace(
            scene, boxes=boxes, routes=routes, roles=roles, ends=scene.ends[self._edges],
            frames=replace(scene.frames, boxes=areas),
        )  # fmt: skip
        tints = picture.tints
        tints = tints._replace(edges=tints.edges[self._edges], flows=tints.flows[self._edges])
        return picture._replace(scene=moved, tints=tints)

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        """Paint what `held` returned; frames with their headers as in a view of `size` pixels."""
        scene, inks = picture.scene, picture.inks
        if len(self._frames):
            paint_frames(painter, inks, scene.frames, view, view.seen(*size))
        paint_edges(painter, picture, view, np.arange(len(self._edges)))
        paint_cards(painter, picture, view, self._going)
        if len(self._frames):
            paint_headers(painter, inks, scene, view, headers(scene, view, size))
            outline_frame(painter, inks, scene.frames, view, int(self._frames[0]))
            return
        for node in self.nodes.tolist():
            paint_ring(painter, scene, view, node, inks.focus)

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
        picture: Callable[[], Picture | None], size: Callable[[], tuple[float, float]],
        changed: Callable[[], None],
        done: Callable[[NDArray[np.float64] | None], None],
    ) -> None:  # fmt: skip
        """done: called once, with how far the nodes were moved, None for not at all."""
        self._begin, self._camera = camera().to_scene(x, y), camera
        self._lift, self._picture, self._size = lift, picture, size
        self._changed, self._done = changed, done
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
            self._lift.paint(painter, self._lift.held(picture, self.by), view, self._size())
