"""The frames of a graph that grew: each holds what it held, and what came into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ui.graph.layout.frames import inhabited, margins
from ui.graph.layout.nest import make_tree
from ui.graph.layout.problem import Bools, Floats, Ints, Whole
from ui.graph.routes import flatten
from ui.graph.types import Frames, Layout, Nest, Role

_SLACK = 0.6  # of float32 in drawings that are a million units wide
_PAD = 8.0  # between a frame and one that it came to hold


class Enclosure:
    """Frames while a layout grows; nodes and groups have the numbers of the grown graph."""

    def __init__(self, before: Layout, whole: Whole, nest: Nest | None, old: Ints) -> None:
        """old: index in `before` of each node, -1 for new ones."""
        self._nest, self.home = inhabited(whole, nest or Nest([], [], {}))
        self._before, self._whole, self._old = before, whole, old
        self._tree = make_tree(self._nest.parents)
        self._parents = np.array(self._nest.parents, np.int64).reshape(-1)
        at = {group: k for k, group in enumerate(before.frames.ids)}
        self._was = np.array([at.get(group, -1) for group in self._nest.ids], np.int64).reshape(-1)
        self._corners = np.full((len(self._was), 4), np.nan)  # left, top, right, bottom
        there = self._was >= 0
        self._corners[there] = _corners(before.frames.boxes[self._was[there]])

    def holds(self) -> bool:
        """Return whether frames may stay: old ones hold what they held, and are as nested.

        A frame may be new around old nodes only if new ones are in it too.
        """
        was, frames = self._was, self._before.frames
        near = was.copy()  # the innermost old frame around each group
        for k, parent in enumerate(self._nest.parents):
            if was[k] < 0:
                near[k] = near[parent] if parent >= 0 else -1
            elif (parent >= 0 and was[parent] < 0) or frames.parents[was[k]] != (
                was[parent] if parent >= 0 else -1
            ):
                return False
        there = self._old >= 0
        homes = self.home[there]
        now = np.full(len(homes), -1)
        now[homes >= 0] = near[homes[homes >= 0]]
        then = frames.homes[self._old[there]] if len(frames) else np.full(len(now), -1)
        if (was >= 0).sum() < len(frames) or not np.array_equal(now, then):
            return False
        begun = self._holding(there) & (was < 0)
        if (begun & ~self._holding(~there)).any():
            return False
        self._begin(np.flatnonzero(begun))
        return True

    def joined(self) -> tuple[Ints, Ints]:
        """Return pairs of new nodes that are in one new group: they come together."""
        outer = np.where(self._was < 0, np.arange(len(self._was)), -1)
        for k, parent in enumerate(self._nest.parents):
            if parent >= 0 and outer[parent] >= 0:
                outer[k] = outer[parent]
        fresh = np.flatnonzero((self._old < 0) & (self.home >= 0))
        fresh = fresh[outer[self.home[fresh]] >= 0]
        group = outer[self.home[fresh]]
        fresh = fresh[np.argsort(group, kind="stable")]
        group = np.sort(group)
        same = group[1:] == group[:-1]
        return fresh[:-1][same], fresh[1:][same]

    def nest_of(self, nodes: Ints) -> Nest:
        """Return the groups of some nodes, without any others."""
        homes = self.home[nodes].tolist()
        of = {self._whole.ids[k]: h for k, h in zip(nodes.tolist(), homes, strict=True) if h >= 0}
        return Nest(self._nest.ids, self._nest.parents, of)

    def walls(self, nodes: Ints) -> Floats:
        """Return (k, 4) left, top, right, bottom of the frames that none of the nodes is in."""
        others = ~self._around(nodes) & np.isfinite(self._corners[:, 0])
        return np.asarray(self._corners[others])

    def frame_of(self, node: int) -> Floats | None:
        """Return left, top, right, bottom of the innermost frame around a node."""
        group = int(self.home[node])
        while group >= 0 and not np.isfinite(self._corners[group, 0]):
            group = self._nest.parents[group]
        return None if group < 0 else self._corners[group]

    def take(self, frames: Frames, place: Floats) -> None:
        """Take in the frames of a part that was moved by `place`."""
        number = {group: k for k, group in enumerate(self._nest.ids)}
        at = [number[group] for group in frames.ids]
        self._widen(np.array(at, np.int64), _corners(frames.boxes) + np.tile(place, 2))

    def close(self, layout: Layout, fresh_badges: Bools) -> Layout | None:
        """Return a layout with its frames; None where a frame would hold what is not in it.

        fresh_badges: which badges of the layout are new.
        """
        if not len(self._was):
            return layout
        pad = np.array([-_PAD, -_PAD, _PAD, _PAD])
        for k in range(len(self._was) - 1, -1, -1):
            parent = self._nest.parents[k]
            if parent >= 0 and _beyond(self._corners[k], self._corners[parent]):
                self._widen(np.array([parent]), (self._corners[k] + pad)[None])
        if not self._is_sound(layout, fresh_badges):
            return None
        boxes = self._corners.copy()
        boxes[:, 2:] -= boxes[:, :2]
        frames = Frames(
            self._nest.ids, boxes.astype(np.float32), self._parents.astype(np.int32),
            self.home.astype(np.int32),
        )  # fmt: skip
        return replace(layout, frames=frames)

    # Within

    def _around(self, nodes: Ints) -> Bools:
        """Return (g,) which groups any of the nodes is in."""
        levels = self._tree.above[self.home[nodes] + 1]
        found = np.zeros(len(self._was) + 1, bool)
        found[levels[levels >= 0]] = True
        return found[1:]

    def _holding(self, some: Bools) -> Bools:
        return self._around(np.flatnonzero(some))

    def _begin(self, groups: Ints) -> None:
        """Put frames around the old nodes of groups that had none, the innermost first."""
        low, high = margins(self._whole.problem.sideways)
        margin = np.concatenate([-low, high])
        there = np.flatnonzero(self._old >= 0)
        cards = _corners(self._before.boxes[self._old[there]])
        for k in groups[::-1].tolist():
            inside = self._tree.above[self.home[there] + 1, self._tree.depth[k + 1]] == k + 1
            held = np.concatenate([cards[inside], self._corners[self._parents == k]])
            held = held[np.isfinite(held[:, 0])]
            corners = np.concatenate([held[:, :2].min(axis=0), held[:, 2:].max(axis=0)])
            self._corners[k] = corners + margin

    def _widen(self, groups: Ints, corners: Floats) -> None:
        known = self._corners[groups]
        low = np.fmin(known[:, :2], corners[:, :2])
        self._corners[groups] = np.concatenate([low, np.fmax(known[:, 2:], corners[:, 2:])], axis=1)

    def _is_sound(self, layout: Layout, fresh_badges: Bools) -> bool:
        """Return whether members lie in their frames and all else outside, lines too."""
        n = len(layout.ids)
        owner = np.concatenate([np.arange(n), layout.badges.nodes])
        cards = _corners(np.concatenate([layout.boxes, layout.badges.boxes]))
        fresh = np.concatenate([self._old < 0, fresh_badges])
        level = self.home[owner] + 1
        above, groups = self._tree.above, np.arange(1, len(self._was) + 1)
        there = self._was >= 0
        changed = np.ones(len(there), bool)
        was = _corners(self._before.frames.boxes[self._was[there]])
        changed[there] = (np.abs(was - self._corners[there]) > _SLACK).any(axis=1)
        ends = level[np.asarray(layout.edge_ends, np.int64).reshape(-1, 2)]
        new_line = (self._old[layout.edge_ends] < 0).any(axis=1)
        lines, edge = _segments(layout)
        for k, (box, altered) in enumerate(zip(self._corners, changed.tolist(), strict=True)):
            depth = int(self._tree.depth[k + 1])
            some = slice(None) if altered else fresh
            inside = above[level[some], depth] == k + 1
            if not _holds(box, cards[some], inside):
                return False
            if altered:
                rest = ~np.isin(groups, above[k + 1])
                inside = above[groups[rest], depth] == k + 1
                if not _holds(box, self._corners[rest], inside):
                    return False
            strange = (above[ends, depth] != k + 1).all(axis=1) & (new_line | altered)
            if _crosses(box, lines[strange[edge]]):
                return False
        return True


def _corners(boxes: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Floats:
    """Return left, top, right, bottom of boxes."""
    corners = boxes.astype(np.float64)
    corners[:, 2:] += corners[:, :2]
    return corners


def _beyond(inner: Floats, outer: Floats) -> bool:
    return bool((inner[:2] < outer[:2]).any() or (inner[2:] > outer[2:]).any())


def _holds(frame: Floats, boxes: Floats, inside: Bools) -> bool:
    """Return whether the boxes that are `inside` lie in a frame, and no others touch it."""
    low, high = frame[:2], frame[2:]
    within = (boxes[:, :2] >= low - _SLACK) & (boxes[:, 2:] <= high + _SLACK)
    touching = (boxes[:, :2] < high - _SLACK) & (boxes[:, 2:] > low + _SLACK)
    return bool(np.where(inside, within.all(axis=1), ~touching.all(axis=1)).all())


def _segments(layout: Layout) -> tuple[Floats, Ints]:
    """Return straight pieces (k, 2, 2) of all routes but ties, and the edge of each."""
    routes = flatten(layout.points, layout.starts, layout.roles)
    count = np.maximum(np.diff(routes.path_starts) - 1, 0)
    edge = np.repeat(np.arange(len(count)), count)
    at = np.arange(len(edge)) + (routes.path_starts[:-1] - np.cumsum(count) + count)[edge]
    pieces = np.stack([routes.paths[at], routes.paths[at + 1]], axis=1).astype(np.float64)
    linking = layout.roles[edge] != Role.TIE
    return pieces[linking], edge[linking]


def _crosses(frame: Floats, pieces: Floats) -> bool:
    """Return whether any straight piece runs through a frame."""
    start, way = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (frame[:2] + _SLACK - start) / way, (frame[2:] - _SLACK - start) / way
    enter = np.nan_to_num(np.minimum(a, b), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    leave = np.nan_to_num(np.maximum(a, b), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    first, last = enter.max(axis=1, initial=0.0), leave.min(axis=1, initial=1.0)
    return bool((first < last).any())
