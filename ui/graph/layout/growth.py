"""A layout that takes in new parts: where there is room, and what it is with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.enclose import Enclosure
from ui.graph.layout.problem import Bools, Floats, Ints, Whole
from ui.graph.layout.sections import Pin
from ui.graph.layout.spots import Surroundings
from ui.graph.types import Badges, Kind, Layout, Role

_HUNG_WIDTHS = 68.0, 48.0  # of a badge that may come to count many edges
_CLEAR = 24.0  # at both sides of what is put below something


@dataclass(slots=True)
class _Badge:
    box: Floats
    node: int
    far: int
    role: int
    edges: list[int]
    stub: Floats
    below: bool  # at the upper end of its edges


class Growth:
    """Nodes and edges have the numbers of the grown graph."""

    def __init__(
        self, before: Layout, whole: Whole, old: Ints, kept: Ints, frames: Enclosure
    ) -> None:
        """old, kept: index in `before` of each node and edge, -1 for new ones."""
        self._before, self._whole, self._kept, self._frames = before, whole, kept, frames
        self.cramped = False  # somewhere was no room
        problem = whole.problem
        self._boxes = np.full((len(old), 4), np.nan)
        self._boxes[old >= 0] = before.boxes[old[old >= 0]]
        empty = np.zeros((0, 2))
        self._routes: list[Floats | NDArray[np.float32]] = [
            empty if e < 0 else before.points[before.starts[e] : before.starts[e + 1]]
            for e in kept.tolist()
        ]
        self._new_routes: list[Floats] = []
        self._old = old >= 0
        self._upper = np.where(problem.role == Role.GRAD, problem.dst, problem.src)
        self._badges = self._old_badges(old)
        self._old_count = len(self._badges)
        self._obstacles = _obstacles(before)
        x, y, width, _ = before.bounds
        self._right, self._top = x + width, y

    def lowest_pair(self, nodes: Ints) -> Ints:
        """Return the lowest of `nodes` with the other node of its pair."""
        if not len(nodes):
            return nodes
        bottom = self._boxes[nodes, 1] + self._boxes[nodes, 3]
        lowest = nodes[int(np.argmax(bottom))]
        problem = self._whole.problem
        ties = np.flatnonzero((problem.role == Role.TIE) & (self._kept >= 0))
        ties = ties[(problem.src[ties] == lowest) | (problem.dst[ties] == lowest)][:1]
        return np.unique(np.concatenate([[lowest], problem.src[ties], problem.dst[ties]]))

    def pin(self, members: Ints, pinned: Ints) -> Pin:
        """Return the pin of a part of `members` that hangs from the old nodes `pinned`."""
        middles = self._boxes[pinned, 0] + self._boxes[pinned, 2] / 2
        return Pin(int(np.searchsorted(members, self._anchor(pinned))), float(np.ptp(middles)))

    def ties_of(self, nodes: Ints) -> Ints:
        problem = self._whole.problem
        inside = np.isin(problem.src, nodes) & np.isin(problem.dst, nodes)
        return np.flatnonzero(inside & (problem.role == Role.TIE) & (self._kept >= 0))

    def below(
        self, part: Layout, members: Ints, nodes: Ints, pinned: Ints, drop: float
    ) -> Floats | None:
        """Return how far to move `part` so that its `pinned` nodes, of which the old ones are
        ghosts, hang below themselves; None where something is in the way."""
        anchor = self._anchor(pinned)
        ghost = part.boxes[np.searchsorted(members, anchor)].astype(np.float64)
        real = self._boxes[anchor]
        low, high = _extent(part, members, nodes)
        dx = real[0] - ghost[0]
        walls = self._frames.walls(nodes)
        floor = self._floor(low[0] + dx, high[0] + dx, float(real[1] + real[3]), walls)
        dy = max(floor + drop - low[1], real[1] + real[3] + drop - ghost[1] - ghost[3])
        pair = self._boxes[pinned]
        lines = [
            pair[:, 0].min(), (pair[:, 1] + pair[:, 3]).max() + 1.0,
            (pair[:, 0] + pair[:, 2]).max(), ghost[1] + ghost[3] + dy,
        ]  # fmt: skip
        boxes = np.concatenate([self._boxes, self._badge_boxes()])
        boxes[:, 2:] += boxes[:, :2]
        walls = self._frames.walls(np.concatenate([nodes, pinned]))
        left, top, right, bottom = np.concatenate([boxes, walls]).T
        hit = (left < lines[2]) & (right > lines[0]) & (bottom > lines[1]) & (top < lines[3])
        if hit.any():
            return None
        place = np.array([dx, dy])
        self._occupy(low + place, high + place)
        self._occupy(np.array(lines[:2]), np.array(lines[2:]))
        return place

    def _floor(self, left: float, right: float, least: float, walls: Floats) -> float:
        """Return the y below which all is free between two x."""
        taken = np.concatenate([self._obstacles, walls])
        across = (taken[:, 0] < right + _CLEAR) & (taken[:, 2] > left - _CLEAR)
        return float(taken[across, 3].max(initial=least))

    def _occupy(self, low: Floats, high: Floats) -> None:
        self._obstacles = np.vstack([self._obstacles, [*low, *high]])

    def aside(self, part: Layout, members: Ints, nodes: Ints, pin: Ints, gap: float) -> Floats:
        """Return how far to move `part` to stand right of all, no higher than `pin`'s end."""
        low, high = _extent(part, members, nodes)
        left = self._right + gap
        top = self._top
        if len(pin):
            top = float((self._boxes[pin, 1] + self._boxes[pin, 3]).max())
        walls = self._frames.walls(nodes)
        top = max(top, self._floor(left, left + float(high[0] - low[0]), top - gap, walls) + gap)
        place = np.asarray(np.array([left, top]) - low)
        self._occupy(low + place, high + place)
        return place

    def add(
        self, part: Layout, members: Ints, lines: Ints, nodes: Ints, pinned: Ints, place: Floats
    ) -> None:
        """Take in the new `nodes` of a part, moved by `place`; `lines` are the part's edges."""
        fresh = np.isin(members, nodes)
        self._frames.take(part.frames, place)
        moved = part.boxes.astype(np.float64)
        moved[:, :2] += place
        self._boxes[members[fresh]] = moved[fresh]
        for k, e in enumerate(lines.tolist()):
            way = part.points[part.starts[k] : part.starts[k + 1]] + place
            if self._kept[e] >= 0 or not len(way):
                continue
            upper = int(self._upper[e])
            if self._old[upper]:
                shift = self._boxes[upper] - moved[int(np.searchsorted(members, upper))]
                backward = self._whole.problem.role[e] == Role.GRAD
                way = _hung(way, np.array([shift[0], shift[1] + shift[3]]), backward)
            self._routes[e] = way
            self._new_routes.append(way)
        badges = part.badges
        for k in range(len(badges)):
            edges = lines[badges.edges[badges.edge_starts[k] : badges.edge_starts[k + 1]]].tolist()
            node, far = int(members[badges.nodes[k]]), int(badges.far[k])
            far = int(members[far]) if far >= 0 else -1
            box = badges.boxes[k].astype(np.float64)
            box[:2] += place
            stub = badges.points[badges.starts[k] : badges.starts[k + 1]] + place
            below = node == int(self._upper[edges[0]])
            made = _Badge(box, node, far, int(badges.roles[k]), edges, stub, below)
            if self._old[node]:
                self._hang(made)
            else:
                self._badges.append(made)

    def new_badges(self) -> Bools:
        """Return which badges of the layout to be finished were not there before."""
        return np.arange(len(self._badges)) >= self._old_count

    def finish(self) -> Layout:
        """Return the layout with all that was added, without frames."""
        problem = self._whole.problem
        counts = np.array([len(way) for way in self._routes], np.int64)
        badges = self._badges
        stubs = np.cumsum([0, *[len(b.stub) for b in badges]])
        edges = np.cumsum([0, *[len(b.edges) for b in badges]])
        none = np.zeros((0, 2))
        return Layout(
            self._whole.ids,
            self._boxes.astype(np.float32),
            np.stack([problem.src, problem.dst], axis=1).astype(np.int32),
            self._whole.keys,
            problem.role.astype(np.uint8),
            np.concatenate([*self._routes, none]).astype(np.float32),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            Badges(
                self._badge_boxes().astype(np.float32),
                np.array([b.node for b in badges], np.int32),
                np.array([b.far for b in badges], np.int32),
                np.array([b.role for b in badges], np.uint8),
                np.array([e for b in badges for e in b.edges], np.int32),
                edges.astype(np.int32),
                np.concatenate([*[b.stub for b in badges], none]).astype(np.float32),
                stubs.astype(np.int32),
            ),
        )

    def _old_badges(self, old: Ints) -> list[_Badge]:
        """Return the badges of before, with the numbers of now."""
        badges, there, kept = self._before.badges, old >= 0, self._kept >= 0
        node_now = np.zeros(len(self._before.ids), np.int64)
        node_now[old[there]] = np.flatnonzero(there)
        edge_now = np.zeros(len(self._before.edge_keys), np.int64)
        edge_now[self._kept[kept]] = np.flatnonzero(kept)
        made = []
        for k in range(len(badges)):
            edges = edge_now[badges.edges[badges.edge_starts[k] : badges.edge_starts[k + 1]]]
            node, far = int(node_now[badges.nodes[k]]), int(badges.far[k])
            stub = badges.points[badges.starts[k] : badges.starts[k + 1]].astype(np.float64)
            below = node == int(self._upper[edges[0]])
            far = int(node_now[far]) if far >= 0 else -1
            box, role = badges.boxes[k].astype(np.float64), int(badges.roles[k])
            made.append(_Badge(box, node, far, role, edges.tolist(), stub, below))
        return made

    def _badge_boxes(self) -> Floats:
        return np.array([badge.box for badge in self._badges], np.float64).reshape(-1, 4)

    def _anchor(self, pinned: Ints) -> int:
        kinds = self._whole.problem.kind[pinned]
        right = np.isin(kinds, (Kind.OP, Kind.LEAF))
        return int(pinned[np.argmax(right)])

    def _hang(self, badge: _Badge) -> None:
        """Put a badge at an old node: into the one that it has already, or where there is room."""
        for known in self._badges:
            if known.below and (known.node, known.role) == (badge.node, badge.role):
                known.edges = sorted(known.edges + badge.edges)
                known.far = known.far if known.far == badge.far else -1
                return
        x, y, width, height = self._boxes[badge.node].tolist()
        walls = self._frames.walls(np.array([badge.node]))
        walls[:, 2:] -= walls[:, :2]
        new = self._boxes[~self._old & np.isfinite(self._boxes[:, 0])]
        more = np.concatenate([new, self._badge_boxes()[self._old_count :], walls])
        routes = [*self._new_routes, *[known.stub for known in self._badges]]
        frame = self._frames.frame_of(badge.node)
        around = Surroundings(self._before, more, routes, (x, y, width, height), frame)
        if self._whole.problem.sideways:
            spots = (around.spot([float(badge.box[2])], wide) for wide in _HUNG_WIDTHS)
            found = next((spot for spot in spots if spot is not None), None)
        else:
            found = around.spot(_HUNG_WIDTHS, float(badge.box[3]))
        if found is None:
            self.cramped = True
            return
        badge.box, stub = found
        badge.stub = stub[::-1] if badge.role == Role.GRAD else stub
        self._badges.append(badge)
        self._occupy(
            badge.box[:2], badge.box[:2] + badge.box[2:]
        )  # parts that come after it stay off


def _extent(part: Layout, members: Ints, nodes: Ints) -> tuple[Floats, Floats]:
    """Return the corners of what a part draws for its new nodes."""
    fresh = np.isin(members, nodes)
    badges = part.badges.boxes[fresh[part.badges.nodes]]
    boxes = np.concatenate([part.boxes[fresh], badges, part.frames.boxes])
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    drawn = np.repeat(fresh[part.edge_ends].any(axis=1), np.diff(part.starts))
    points = part.points[drawn]
    if len(points):
        low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
    return low.astype(np.float64), high.astype(np.float64)


def _obstacles(before: Layout) -> Floats:
    """Return (k, 4) left, top, right, bottom of all boxes and routes."""
    boxes = np.concatenate([before.boxes, before.badges.boxes]).astype(np.float64)
    boxes[:, 2:] += boxes[:, :2]
    drawn = before.starts[:-1][np.diff(before.starts) > 0]
    if not len(drawn):
        return boxes
    low = np.minimum.reduceat(before.points, drawn)
    high = np.maximum.reduceat(before.points, drawn)
    return np.concatenate([boxes, np.concatenate([low, high], axis=1)])


def _hung(way: Floats, shift: Floats, backward: bool) -> Floats:
    """Lead a route that ends at a ghost's lower side on to the box itself, `shift` from there."""
    way = way[::-1] if backward else way
    end, goal = way[0], way[0] + shift
    middle = (end[1] + goal[1]) / 2
    link = np.array([goal, (goal[0], middle), (end[0], middle)])
    way = np.concatenate([link, way])
    return way[::-1] if backward else way
