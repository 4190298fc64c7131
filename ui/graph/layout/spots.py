"""Free places in a finished drawing, for a badge that comes later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.problem import Bools, Floats
from ui.graph.routes import flatten
from ui.graph.types import Layout

Box = tuple[float, float, float, float]
_NEAR, _STEP, _RINGS = 10.0, 12.0, 14
_CLEAR = 3.0  # around a badge
_FINE = 8.0  # between the points of a line that are looked at
_REACH = 260.0  # from the node, to where its surroundings are looked at


class Surroundings:
    """What lies around one box of a drawing."""

    def __init__(
        self, layout: Layout, more: Floats, routes: Sequence[Floats], box: Box,
        frame: Floats | None = None,
    ) -> None:  # fmt: skip
        """more: (k, 4) boxes and routes: Bezier points that were added to the layout; frame: left,
        top, right, bottom of what a badge must not leave."""
        self._box, self._frame = box, frame
        x, y, w, h = box
        low = np.array([x - _REACH, y - _REACH])
        high = np.array([x + w + _REACH, y + h + _REACH])
        boxes = np.concatenate([layout.boxes, layout.badges.boxes, more]).astype(np.float64)
        near = (boxes[:, :2] < high).all(axis=1) & (boxes[:, :2] + boxes[:, 2:] > low).all(axis=1)
        self._boxes, self._area = boxes[near], (low, high)
        self._points = _points_within([*_near_routes(layout, low, high), *routes], low, high)

    def spot(self, widths: Sequence[float], height: float) -> tuple[Floats, Floats] | None:
        """Return the nearest place for a badge below or beside the box, and its stub from there.

        widths: the wished one first. None where all is taken.
        """
        for width in widths:
            for corners in self._corners(width, height):
                for left, top in corners[self._free(corners, width, height)].tolist():
                    place = (left, top, width, height)
                    stub = _stub(self._box, place)
                    if not self._in_the_way(stub):
                        return np.array(place), stub
        return None

    def _corners(self, width: float, height: float) -> Iterator[Floats]:
        """Yield places (k, 2) of one distance after the other, the nearest first."""
        x, y, w, h = self._box
        middle, level = x + w / 2 - width / 2, y + h / 2 - height / 2
        for ring in range(_RINGS):
            out = _NEAR + ring * _STEP
            places = [(middle + side, y + h + out) for side in _sides(12 + 2 * ring)]
            for side in _sides(2 + ring // 2):
                places += [(x + w + out, level + side), (x - out - width, level + side)]
            yield np.array(places)

    def _in_the_way(self, stub: Floats) -> bool:
        """Return whether a stub runs through a box that is not its own."""
        points = _points_within([stub], *self._area)[:, None]
        x, y, _, _ = self._box
        others = self._boxes[(np.abs(self._boxes[:, :2] - (x, y)) > 0.5).any(axis=1)]
        inside = (points > others[:, :2]) & (points < others[:, :2] + others[:, 2:])
        return bool(inside.all(axis=2).any())

    def _free(self, corners: Floats, width: float, height: float) -> Bools:
        """Return (k,) at which corners there is room."""
        low, high = corners - _CLEAR, corners + np.array([width + _CLEAR, height + _CLEAR])
        boxes, points, frame = self._boxes, self._points, self._frame
        free = np.ones(len(corners), bool)
        if frame is not None:
            free &= (low >= frame[:2]).all(axis=1) & (high <= frame[2:]).all(axis=1)
        for begin, end in ((boxes[:, :2], boxes[:, :2] + boxes[:, 2:]), (points, points)):
            some = np.flatnonzero(free)
            hit = (begin < high[some, None]).all(axis=2) & (end > low[some, None]).all(axis=2)
            free[some] = ~hit.any(axis=1)
        return free


def _sides(count: int) -> list[float]:
    return [0.0] + [sign * k * 12.0 for k in range(1, count) for sign in (1.0, -1.0)]


def _near_routes(layout: Layout, low: Floats, high: Floats) -> list[NDArray[np.float32]]:
    drawn = np.flatnonzero(np.diff(layout.starts) > 0)
    if not len(drawn):
        return []
    begins = layout.starts[:-1][drawn]
    least = np.minimum.reduceat(layout.points, begins)
    most = np.maximum.reduceat(layout.points, begins)
    near = drawn[((least < high) & (most > low)).all(axis=1)]
    return [layout.points[layout.starts[e] : layout.starts[e + 1]] for e in near.tolist()]


def _points_within(routes: Sequence[NDArray[Any]], low: Floats, high: Floats) -> Floats:
    """Return points on routes in an area, close enough to each other to be met by a badge."""
    starts = np.concatenate([[0], np.cumsum([len(route) for route in routes])])
    points = np.concatenate([*routes, np.zeros((0, 2))]).astype(np.float32)
    flat = flatten(points, starts.astype(np.int32), np.zeros(len(routes), np.uint8))
    ends = np.clip(flat.lines.reshape(-1, 2, 2), low, high)  # long lines count where they are near
    ways = ends[:, 1] - ends[:, 0]
    count = 2 + (np.hypot(*ways.T) // _FINE).astype(np.int64)
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    share = (nth / np.repeat(count - 1, count))[:, None]
    return np.asarray(np.repeat(ends[:, 0], count, axis=0) + np.repeat(ways, count, axis=0) * share)


def _stub(box: Box, badge: Box) -> Floats:
    """Return the line from a node's box to a badge below or beside it."""
    x, y, width, height = box
    left, top, wide, high = badge
    if top >= y + height:
        goal = np.array([left + wide / 2, top])
        start = np.array([min(max(goal[0], x + 14.0), x + width - 14.0), y + height])
        middle = (start[1] + top) / 2
        return np.array([start, (start[0], middle), (goal[0], middle), goal])
    right = left > x
    start = np.array([x + width if right else x, y + height / 2])
    goal = np.array([left if right else left + wide, top + high / 2])
    return np.array([start, start + (goal - start) / 3, start + (goal - start) * 2 / 3, goal])
