"""From drawings of sections to one: joined at their waists, parts on shelves beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.columns import around, wrap
from ui.graph.layout.packing import pack
from ui.graph.layout.portals import Portals
from ui.graph.layout.problem import Floats, Ints
from ui.graph.layout.section import Drawing
from ui.graph.layout.sections import Cut, Section
from ui.graph.routes import spans
from ui.graph.types import Badges, Layout, NodeId, Role


def assemble(
    ids: list[NodeId],
    keys: list[int],
    ends: Ints,
    roles: Ints,
    portals: Portals,
    cut: Cut,
    drawings: list[Drawing],
) -> Layout:
    """Return the layout of a graph with m edges from `ends` (m, 2) and `roles` (m,)."""
    n, m, k = len(ids), len(ends), len(portals.node)
    points, counts, shift = _place_sections(cut, drawings)
    box = np.concatenate([np.zeros((0, 4)), *[d.boxes for d in drawings]])
    box[:, :2] += np.repeat(shift, np.diff(cut.node_starts), axis=0)
    boxes = np.empty((n + k, 4))
    boxes[cut.nodes[cut.own]] = box[cut.own]
    # Routes in the order of the graph's edges, then those of the stubs.
    name = portals.edge[cut.edges]
    stub = np.flatnonzero(name < 0)
    drawn = np.flatnonzero(name >= 0)
    order = np.concatenate([drawn[np.argsort(name[drawn])], stub[np.argsort(cut.edges[stub])]])
    begins = np.cumsum(counts) - counts
    kept = spans(begins[order], (begins + counts)[order])
    knots: NDArray[np.float32] = points[kept].astype(np.float32)
    count = np.zeros(m + k, np.int64)
    count[np.sort(name[drawn])] = counts[order[: len(drawn)]]
    count[m:] = counts[order[len(drawn) :]]
    starts = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    badges = Badges(
        boxes[n:].astype(np.float32), portals.node.astype(np.int32), portals.far.astype(np.int32),
        portals.role.astype(np.uint8), portals.edges.astype(np.int32),
        portals.starts.astype(np.int32), knots[starts[m] :], starts[m:] - starts[m],
    )  # fmt: skip
    return Layout(
        ids, boxes[:n].astype(np.float32), ends.astype(np.int32), keys, roles.astype(np.uint8),
        knots[: starts[m]], starts[: m + 1], badges,
    )  # fmt: skip


def _place_sections(cut: Cut, drawings: list[Drawing]) -> tuple[Floats, Ints, Floats]:
    """Return the points of all routes and how many each has, by `cut.edges`, and the shifts."""
    if not drawings:
        return np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2))
    tops = np.array([d.boxes[s.top, :2] for s, d in zip(cut.sections, drawings, strict=True)])
    ends = np.array([d.boxes[s.bottom, :2] for s, d in zip(cut.sections, drawings, strict=True)])
    first = np.append(True, cut.part[1:] != cut.part[:-1])
    step = np.where(first[:, None], 0.0, np.vstack([ends[:1], ends[:-1]]) - tops)
    below = np.cumsum(step, axis=0)  # shifts as if there were one column
    low = np.array([d.low for d in drawings])
    high = np.array([d.high for d in drawings])
    begin = np.flatnonzero(first)
    shift, lefts = wrap(below, low, high, begin)
    wrapped = {}
    for k, left in lefts.items():
        before = shift[k - 1] + below[k] - below[k - 1]
        wrapped[k] = _wrapped(cut.sections[k], drawings[k], shift[k], before, left)
    routes = [
        wrapped.get(k) or (d.points + move, np.diff(d.starts))
        for k, (d, move) in enumerate(zip(drawings, shift, strict=True))
    ]
    counts = np.concatenate([count for _, count in routes])
    points = np.concatenate([points for points, _ in routes])
    lows, highs = low + shift, high + shift
    for k, (way, _) in wrapped.items():
        lows[k] = np.minimum(lows[k], way.min(axis=0))
        highs[k] = np.maximum(highs[k], way.max(axis=0))
    lows, highs = np.minimum.reduceat(lows, begin), np.maximum.reduceat(highs, begin)
    corners = np.array(pack([(w, h) for w, h in (highs - lows).tolist()]))
    packed = (corners - lows)[cut.part]
    sizes = np.array([len(way) for way, _ in routes])
    return points + np.repeat(packed, sizes, axis=0), counts, shift + packed


def _wrapped(
    section: Section, drawing: Drawing, move: Floats, before: Floats, left: float
) -> tuple[Floats, Ints]:
    """Return the routes of a section that begins a column, with their counts.

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
    return np.concatenate(routes), np.array([len(points) for points in routes], np.int64)
