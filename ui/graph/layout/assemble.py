"""From drawings of sections to one: joined at their waists, parts on shelves beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.columns import around, wrap
from ui.graph.layout.packing import pack
from ui.graph.layout.portals import Portals
from ui.graph.layout.problem import Floats, Ints, Problem, Whole
from ui.graph.layout.section import Drawing
from ui.graph.layout.sections import Cut, Section
from ui.graph.routes import spans
from ui.graph.types import Badges, Frames, Layout, Role


def join(problem: Problem, cut: Cut, drawings: list[Drawing]) -> Drawing:
    """Return the drawing of a problem whose sections are drawn."""
    points, counts, shift = _place_sections(problem, cut, drawings)
    box = np.concatenate([np.zeros((0, 4)), *[d.boxes for d in drawings]])
    box[:, :2] += np.repeat(shift, np.diff(cut.node_starts), axis=0)
    boxes = np.empty((len(problem.width), 4))
    boxes[cut.nodes[cut.own]] = box[cut.own]
    order = np.argsort(cut.edges)
    begins = np.cumsum(counts) - counts
    points = points[spans(begins[order], (begins + counts)[order])]
    starts = np.concatenate([[0], np.cumsum(counts[order])])
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:], points, np.zeros((0, 2))])
    if not len(corners):
        corners = np.zeros((1, 2))
    return Drawing(boxes, points, starts, corners.min(axis=0), corners.max(axis=0))


def assemble(
    whole: Whole, portals: Portals, drawing: Drawing, frames: Frames | None = None
) -> Layout:
    """Return the layout of a graph from the drawing of it with its badges."""
    problem = whole.problem
    n, m, k = len(whole.ids), len(whole.keys), len(portals.node)
    # Routes in the order of the graph's edges, then those of the stubs.
    name = portals.edge
    drawn = np.flatnonzero(name >= 0)
    counts = np.diff(drawing.starts)
    knots: NDArray[np.float32] = drawing.points.astype(np.float32)
    count = np.zeros(m + k, np.int64)
    count[name[drawn]] = counts[drawn]
    count[m:] = counts[name < 0]
    starts = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    boxes = drawing.boxes.astype(np.float32)
    badges = Badges(
        boxes[n:], portals.node.astype(np.int32), portals.far.astype(np.int32),
        portals.role.astype(np.uint8), portals.edges.astype(np.int32),
        portals.starts.astype(np.int32), knots[starts[m] :], starts[m:] - starts[m],
    )  # fmt: skip
    ends = np.stack([problem.src, problem.dst], axis=1).astype(np.int32)
    return Layout(
        whole.ids, boxes[:n], ends, whole.keys, problem.role.astype(np.uint8),
        knots[: starts[m]], starts[: m + 1], badges, frames or Frames.none(),
    )  # fmt: skip


def _place_sections(
    problem: Problem, cut: Cut, drawings: list[Drawing]
) -> tuple[Floats, Ints, Floats]:
    """Return the points of all routes and how many each has, by `cut.edges`, and the shifts."""
    if not drawings:
        return np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2))
    both = list(zip(cut.sections, drawings, strict=True))
    tops = np.array([d.boxes[s.top] for s, d in both])
    ends = np.array([d.boxes[s.bottom] for s, d in both])
    tops, ends = (box[:, :2] + box[:, 2:] * (0.0, 1.0) for box in (tops, ends))
    first = np.append(True, cut.part[1:] != cut.part[:-1])
    step = np.where(first[:, None], 0.0, np.vstack([ends[:1], ends[:-1]]) - tops)
    below = np.cumsum(step, axis=0)  # shifts as if there were one column
    low = np.array([d.low for d in drawings])
    high = np.array([d.high for d in drawings])
    begin = np.flatnonzero(first)
    shift, lefts = wrap(below, low, high, begin, problem.sideways)
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
    open_ = np.zeros(len(begin), bool)
    open_[
        cut.part[
            np.searchsorted(cut.node_starts, np.flatnonzero(problem.pin[cut.nodes]), "right") - 1
        ]
    ] = True
    corners = np.array(pack((highs - lows).tolist(), open_.tolist(), problem.sideways))
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
