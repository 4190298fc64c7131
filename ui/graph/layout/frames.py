"""Layout with groups: each group is drawn by itself, then stands as one box in the one around it.

Inner groups come first. Equal ones (same structure, same sizes) are drawn once and reused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np

from ui.graph.layout.arrange import Known, draw
from ui.graph.layout.assemble import assemble
from ui.graph.layout.coordinates import usual_distance
from ui.graph.layout.leveling import rows, through_portals
from ui.graph.layout.nest import Levels, Tree, make_tree, settle
from ui.graph.layout.orient import Orientation
from ui.graph.layout.problem import BOTTOM, TOP, Bools, Floats, Ints, Problem, Whole
from ui.graph.layout.section import Drawing
from ui.graph.layout.sections import Pin
from ui.graph.layout.shape import fitting
from ui.graph.layout.watch import PREPARED, Watch
from ui.graph.routes import spans
from ui.graph.types import Frames, Kind, Layout, Nest, Role

#: Height of what a frame says above its nodes; more in a tall one, to be read from further away.
HEADER, _SHARE, _HIGHEST = 64.0, 0.06, 320.0
#: In a graph of so many nodes, which is seen from afar, all frames have more.
_LARGE, _LARGER = 150, 112.0
_SIDE, _FOOT, _PAD = 26.0, 22.0, 8.0
_NARROWEST = 150.0
#: Columns within columns are hard to follow: in a graph of so many nodes at most they are left out
#: if without them it is shown so large nevertheless.
_TRIED, _FOLLOWED = 1_500, 0.94

Key = tuple[float | bytes, ...]


def arrange_nested(
    whole: Whole, nest: Nest, portal: Bools, watch: Watch, pin: Pin | None = None
) -> Layout:
    """Lay out a graph with the frames of its groups; portal, pin: as in `arrange`, the pin's node
    is in no group."""
    nest, home = inhabited(whole, nest)
    whole = replace(whole, problem=replace(whole.problem, apart=usual_distance(whole.problem)))
    tree = make_tree(nest.parents)
    portals, levels, ways, sizes = through_portals(whole.problem, home + 1, tree, portal)
    if pin is not None:
        pin = pin._replace(node=int(levels.at[pin.node]))
    watch(PREPARED)
    rooms = _Rooms(levels, tree, ways, sizes.tall, watch, pin)
    loose = np.where(tree.depth >= 2, np.inf, sizes.tall)
    if len(levels.at) <= _TRIED and ((sizes.tallness > sizes.tall) & (loose > sizes.tall)).any():
        plain = _Rooms(levels, tree, ways, loose, watch.quiet(), pin)
        if plain.fitting() > _FOLLOWED * rooms.fitting():
            rooms = plain
    boxes, drawing = rooms.place(len(portals.problem.src))
    parents = np.array(nest.parents, np.int32).reshape(-1)
    frames = Frames(nest.ids, boxes.astype(np.float32), parents, home.astype(np.int32))
    return assemble(whole, portals, drawing, frames)


def inhabited(whole: Whole, nest: Nest) -> tuple[Nest, Ints]:
    """Return the groups in which nodes are, and (n,) the innermost one of each node, or -1."""
    known = map(nest.of.get, whole.ids, repeat(-1))
    home = np.fromiter(known, np.int64, len(whole.ids)) + 1
    nest, home = _inhabited(nest, settle(whole.problem, home))
    return nest, home - 1


def margins(sideways: bool, room: float = HEADER) -> tuple[Floats, Floats]:
    """Return how far a frame reaches beyond what is in it, left and above, right and below.

    room: for the header. What is left here will be above when the drawing is turned.
    """
    before = (room, _FOOT) if sideways else (_SIDE, room)
    return np.array(before), np.array([_SIDE, _FOOT])


def _inhabited(nest: Nest, home: Ints) -> tuple[Nest, Ints]:
    """Leave out groups without any node."""
    alive = np.zeros(len(nest.ids) + 1, bool)
    alive[home] = True
    for k in range(len(nest.ids) - 1, -1, -1):
        if alive[k + 1]:
            alive[nest.parents[k] + 1] = True
    alive[0] = True
    if alive.all():
        return nest, home
    number = np.cumsum(alive) - 1
    kept = np.flatnonzero(alive[1:]).tolist()
    parents = [int(number[nest.parents[k] + 1]) - 1 for k in kept]
    return Nest([nest.ids[k] for k in kept], parents, nest.of), number[home]


@dataclass(frozen=True, slots=True)
class _Room:
    """A drawn level with the corner of its frame at the origin; data_at, grad_at as in Problem."""

    drawing: Drawing
    width: float
    height: float
    data_at: float
    grad_at: float


class _Rooms:
    """Draws all levels, from the innermost outward, and puts them into each other."""

    def __init__(
        self, levels: Levels, tree: Tree, ways: list[Orientation], tall: Floats,
        watch: Watch, pin: Pin | None,
    ) -> None:  # fmt: skip
        self._levels, self._tree, self._ways, self._watch = levels, tree, ways, watch
        self._tall: list[float] = tall.tolist()
        self._pin = pin
        self._header = HEADER if len(levels.at) < _LARGE else _LARGER
        self._rooms: list[_Room] = []
        self._room_of = np.zeros(len(tree.parent), np.int64)
        self._sections: Known = {}
        self._known: dict[Key, int] = {}
        self._done = 0
        port_depth = tree.depth[levels.port_level][levels.port_of]
        for depth in range(int(tree.depth.max()), -1, -1):
            some = np.flatnonzero(tree.depth == depth)
            self._draw(some)
            if depth:
                self._furnish(some, np.flatnonzero(port_depth == depth))

    def _draw(self, some: Ints) -> None:
        """Draw some levels, whose inner groups have their sizes."""
        levels, whole = self._levels, self._levels.whole
        sizes = np.stack([whole.width, whole.height, whole.data_at, whole.grad_at], axis=1)
        fixed = np.stack([whole.upper_at, whole.lower_at], axis=1)
        bounds = list(rows(levels))
        for k in some.tolist():
            a, b, c, d = bounds[k]
            key = self._tall[k], id(self._ways[k]), sizes[a:b].tobytes(), fixed[c:d].tobytes()
            self._done += b - a
            if key not in self._known:
                total = max(len(sizes), 1)
                check = self._watch.within((self._done - b + a) / total, (b - a) / total)
                way, problem = self._ways[k], levels.level(k)
                pin = None if k else self._pin
                drawing = draw(problem, way, check, self._sections, pin, self._tall[k])
                self._known[key] = len(self._rooms)
                framed = _furnished(problem, drawing, self._header) if k else _bare(drawing)
                self._rooms.append(framed)
            self._room_of[k] = self._known[key]

    def _furnish(self, some: Ints, ends: Ints) -> None:
        """Tell the levels around how large their groups are, and where edges meet frames."""
        levels, whole = self._levels, self._levels.whole
        rooms = [self._rooms[k] for k in self._room_of[some].tolist()]
        at = levels.at_group[some]
        for name in ("width", "height", "data_at", "grad_at"):
            getattr(whole, name)[at] = [getattr(room, name) for room in rooms]
        port = levels.port_of[ends]
        boxes = self._local_boxes(levels.port_at[port], levels.port_level[port])
        x = boxes[:, 0] + boxes[:, 2] / 2
        upper = levels.port_upper[ends]
        whole.upper_at[levels.port_edge[ends[upper]]] = x[upper]
        whole.lower_at[levels.port_edge[ends[~upper]]] = x[~upper]

    def _local_boxes(self, at: Ints, level: Ints) -> Floats:
        """Return the boxes of nodes within the frame of their level."""
        boxes = np.concatenate([room.drawing.boxes for room in self._rooms])
        begin = np.cumsum([0, *[len(room.drawing.boxes) for room in self._rooms]])
        return np.asarray(boxes[begin[self._room_of[level]] + at - self._levels.node_starts[level]])

    def fitting(self) -> float:
        """Return how large all of it is shown at fit."""
        drawing = self._rooms[self._room_of[0]].drawing
        width, height = (drawing.high - drawing.low).tolist()
        return fitting(width, height, self._levels.whole.sideways)

    def place(self, n_edges: int) -> tuple[Floats, Drawing]:
        """Return the frames (g, 4), and the drawing of all nodes and edges."""
        levels, tree = self._levels, self._tree
        level = np.repeat(np.arange(len(tree.parent)), np.diff(levels.node_starts))
        boxes = self._local_boxes(np.arange(len(level)), level)
        origin = np.zeros((len(tree.parent), 2))
        for depth in range(1, int(tree.depth.max()) + 1):
            some = np.flatnonzero(tree.depth == depth)
            origin[some] = boxes[levels.at_group[some], :2] + origin[tree.parent[some]]
        boxes[:, :2] += origin[level]
        points, starts = self._routes(origin, n_edges)
        mine = boxes[levels.at]
        low = np.zeros(2)
        return boxes[levels.at_group[1:]], Drawing(mine, points, starts, low, low)

    def _routes(self, origin: Floats, n_edges: int) -> tuple[Floats, Ints]:
        """Join the pieces of every edge."""
        levels = self._levels
        drawings = [room.drawing for room in self._rooms]
        before = np.cumsum([0, *[len(d.points) for d in drawings]])
        pool = np.concatenate([d.points for d in drawings])
        begins = np.concatenate([d.starts[:-1] + k for d, k in zip(drawings, before, strict=False)])
        ends = np.concatenate([d.starts[1:] + k for d, k in zip(drawings, before, strict=False)])
        first = np.cumsum([0, *[len(d.starts) - 1 for d in drawings]])
        level = np.repeat(np.arange(len(origin)), np.diff(levels.edge_starts))[levels.piece]
        at = first[self._room_of[level]] + levels.piece - levels.edge_starts[level]
        begin, end = begins[at], ends[at]
        edge = levels.piece_edge
        begin[1:] += edge[1:] == edge[:-1]  # a piece begins where the one before it ended
        points = pool[spans(begin, end)] + np.repeat(origin[level], end - begin, axis=0)
        count = np.bincount(edge, end - begin, n_edges).astype(np.int64)
        return points, np.concatenate([[0], np.cumsum(count)])


def _bare(drawing: Drawing) -> _Room:
    return _Room(drawing, 0.0, 0.0, 0.0, 0.0)


def _furnished(problem: Problem, drawing: Drawing, header: float) -> _Room:
    """Put a frame around a drawn group, and lead its lines to it."""
    pin = problem.pin
    cards = drawing.boxes[pin == 0]
    sideways = problem.sideways
    tall = float(np.ptp(drawing.boxes[:, 0 if sideways else 1]))
    room = min(max(header, _SHARE * tall), _HIGHEST)
    (left, above), _ = margins(sideways, room)
    head = max(above - float(cards[:, 1].min() - drawing.low[1]), _PAD)
    foot = max(_FOOT - float(drawing.high[1] - (cards[:, 1] + cards[:, 3]).max()), _PAD)
    low, high = drawing.low - np.array([left, head]), drawing.high + np.array([_SIDE, foot])
    along = 1 if sideways else 0
    lack = max(_NARROWEST - float(high[along] - low[along]), 0.0)
    low[along] -= lack / 2
    high[along] += lack / 2
    width, height = (high - low).tolist()
    boxes = drawing.boxes.copy()
    boxes[:, :2] -= low
    points, starts = _led_out(problem, drawing.points - low, drawing.starts, height)
    middle = boxes[:, 0] + boxes[:, 2] / 2
    data_at = _main(problem, middle, Kind.OP, width / 2)
    grad_at = _main(problem, middle, Kind.GRAD_FN, data_at)
    return _Room(Drawing(boxes, points, starts, low, high), width, height, data_at, grad_at)


def _main(problem: Problem, middle: Floats, kind: Kind, default: float) -> float:
    """Return the x of the line that runs straight through a group, or of its first one."""
    mine = problem.kind == kind
    into = middle[mine & (problem.pin == TOP)]
    out = middle[mine & (problem.pin == BOTTOM)]
    if len(into) and len(out):
        apart = np.abs(into[:, None] - out[None, :])
        if apart.min() < 1.0:
            return float(into[np.argmin(apart) // len(out)])
    return float(next(iter([*out, *into]), default))


def _led_out(problem: Problem, points: Floats, starts: Ints, height: float) -> tuple[Floats, Ints]:
    """Lengthen the routes that end at ports to the frame, straight up or down."""
    grad = problem.role == Role.GRAD
    upper = np.where(grad, problem.dst, problem.src)
    lower = np.where(grad, problem.src, problem.dst)
    routes = np.split(points, starts[1:-1]) if len(starts) > 1 else []
    for ends, pin, y in ((upper, TOP, 0.0), (lower, BOTTOM, height)):
        for e in np.flatnonzero((problem.pin[ends] == pin) & (problem.role != Role.TIE)).tolist():
            at_end = bool(grad[e]) == (pin == TOP)
            tip = routes[e][-1 if at_end else 0]
            goal = np.array([tip[0], y])
            way = tip + (goal - tip) * np.array([[1 / 3], [2 / 3], [1.0]])
            parts = (routes[e], way) if at_end else (way[::-1], routes[e])
            routes[e] = np.concatenate(parts)
    counts = [len(route) for route in routes]
    joined = np.concatenate([*routes, np.zeros((0, 2))])
    return joined, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
