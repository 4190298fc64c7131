"""From drawings of sections to one: joined at their waists, parts on shelves beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ui.graph.layout.columns import around, wrap
from ui.graph.layout.packing import pack
from ui.graph.layout.problem import Floats, Ints, Problem
from ui.graph.layout.section import Drawing
from ui.graph.layout.sections import Cut, Section
from ui.graph.routes import spans
from ui.graph.types import Role


class Drawn(NamedTuple):
    """The drawings of a cut's sections: section k looks like drawings[which[k]]."""

    drawings: list[Drawing]
    which: Ints


class _Way(NamedTuple):
    """The routes of a section that begins a column: points (p, 2), and how many each route has."""

    points: Floats
    counts: Ints


def join(problem: Problem, cut: Cut, drawn: Drawn, tall: float = 0.0) -> Drawing:
    """Return the drawing of a problem whose sections are drawn; tall: as in `wrap`."""
    if not len(cut):
        return Drawing(np.zeros((0, 4)), np.zeros((0, 2)), np.zeros(1, int), *np.zeros((2, 2)))
    pool, first = _in_a_row([d.boxes for d in drawn.drawings])
    first = first[drawn.which]
    opens = np.flatnonzero(np.append(True, cut.part[1:] != cut.part[:-1]))
    below = _hang(cut, opens, pool[first + cut.top], pool[first + cut.bottom])
    low, high = (np.array([getattr(d, c) for d in drawn.drawings]) for c in ("low", "high"))
    low, high = low[drawn.which], high[drawn.which]
    shift, lefts = wrap(below, low, high, opens, problem.sideways, tall)
    low, high = low + shift, high + shift
    ways = {}
    for k, left in lefts.items():
        before = shift[k - 1] + below[k] - below[k - 1]
        ways[k] = _wrapped(cut.section(k), drawn.drawings[drawn.which[k]], shift[k], before, left)
        low[k] = np.minimum(low[k], ways[k].points.min(axis=0))
        high[k] = np.maximum(high[k], ways[k].points.max(axis=0))
    place = _pack(problem, cut, opens, low, high)
    points, starts = _routes(cut, drawn, ways, place, shift + place)
    size = np.diff(cut.node_starts)
    box = pool.take(spans(first, first + size), axis=0)
    box[:, :2] += np.repeat(shift + place, size, axis=0)
    boxes = np.empty((len(problem.width), 4))
    boxes[cut.nodes[cut.own]] = box[cut.own]
    return Drawing(boxes, points, starts, *_corners(boxes, points))


def _in_a_row(parts: Sequence[Floats]) -> tuple[Floats, Ints]:
    """Return all parts in one, and where each begins."""
    return np.concatenate(parts), np.cumsum([0, *map(len, parts)])[:-1]


def _hang(cut: Cut, opens: Ints, tops: Floats, bottoms: Floats) -> Floats:
    """Return the shifts (s, 2) with which each section hangs from the one above it, in one column.

    opens: the first section of each part; tops, bottoms: (s, 4) the boxes by which they are joined.
    """
    upper, lower = (box[:, :2] + box[:, 2:] * (0.0, 1.0) for box in (tops, bottoms))
    step = np.vstack([lower[:1], lower[:-1]]) - upper
    step[opens] = 0.0
    return np.asarray(np.cumsum(step, axis=0))


def _pack(problem: Problem, cut: Cut, opens: Ints, low: Floats, high: Floats) -> Floats:
    """Return the shifts (s, 2) that put the parts beside each other; low, high: of each section."""
    lows, highs = np.minimum.reduceat(low, opens), np.maximum.reduceat(high, opens)
    pinned = np.flatnonzero(problem.pin[cut.nodes])
    through = np.zeros(len(opens), bool)
    through[cut.part[np.searchsorted(cut.node_starts, pinned, "right") - 1]] = True
    corners = np.array(pack((highs - lows).tolist(), through.tolist(), problem.sideways))
    return np.asarray((corners - lows)[cut.part])


def _routes(
    cut: Cut, drawn: Drawn, ways: dict[int, _Way], place: Floats, shift: Floats
) -> tuple[Floats, Ints]:
    """Return the points of all routes in the order of the problem's edges, and where each begins.

    place: (s, 2) how far the sections in `ways` move; shift: (s, 2) how far the others do.
    """
    drawings = drawn.drawings
    pool, at = _in_a_row([*(d.points for d in drawings), *(way.points for way in ways.values())])
    starts = np.concatenate([d.starts + a for d, a in zip(drawings, at, strict=False)])
    first = np.cumsum([0, *(len(d.starts) for d in drawings)])[drawn.which]
    size = np.diff(cut.edge_starts)
    line = spans(first, first + size)
    begin, end, move = starts[line], starts[line + 1], np.repeat(shift, size, axis=0)
    for (k, way), a in zip(ways.items(), at[len(drawings) :].tolist(), strict=True):
        edges = slice(*cut.edge_starts[k : k + 2].tolist())
        end[edges] = a + np.cumsum(way.counts)
        begin[edges] = end[edges] - way.counts
        move[edges] = place[k]
    order = np.argsort(cut.edges)
    begin, end = begin[order], end[order]
    points = pool.take(spans(begin, end), axis=0)
    points += np.repeat(move[order], end - begin, axis=0)
    return points, np.concatenate([[0], np.cumsum(end - begin)])


def _corners(boxes: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Return the corners of all that is drawn, column by column: along its length a long, narrow
    array is reduced slowly."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    columns = [(low[:, k], high[:, k], points[:, k]) for k in (0, 1)]
    lows = [min(a.min(), p.min(initial=np.inf)) for a, _, p in columns]
    highs = [max(b.max(), p.max(initial=-np.inf)) for _, b, p in columns]
    return np.array(lows), np.array(highs)


def _wrapped(section: Section, drawing: Drawing, move: Floats, before: Floats, left: float) -> _Way:
    """Return the routes of a section that begins a column.

    before: the shift by which the section would hang below the one above it; left: the x at
    which the column begins.
    """
    problem = section.problem
    upper = np.where(problem.role == Role.GRAD, problem.dst, problem.src)
    ghosts = (section.top, int(section.partner[section.top]))
    from_above = np.flatnonzero(np.isin(upper, ghosts))
    routes = np.split(drawing.points + move, drawing.starts[1:-1])
    backward = problem.role[from_above] == Role.GRAD  # its route ends at the upper end
    goals = np.array(
        [routes[e][-1 if back else 0] for e, back in zip(from_above, backward, strict=True)]
    )
    top = float(drawing.low[1] + move[1])
    ways = around(goals - move + before, goals, left, top)
    for e, back, way in zip(from_above.tolist(), backward.tolist(), ways, strict=True):
        parts = (routes[e], way[::-1][1:]) if back else (way, routes[e][1:])
        routes[e] = np.concatenate(parts)
    return _Way(np.concatenate(routes), np.array([len(points) for points in routes], np.int64))
