"""The ways of the edges: vertical out of a box, curved only in the gaps between ranks.

A route is a row of knots; between two knots runs a cubic with vertical ends. Knots lie at ports
and at the borders of gaps, so no curve can reach a box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ui.graph.layout.plan import Plan
from ui.graph.layout.problem import Floats, Ints, Problem
from ui.graph.types import Role

_GAP = 42.0
_STEEPER = 0.05  # more gap per unit that the widest line in it runs sideways
_GAP_MOST = 84.0


@dataclass(frozen=True, slots=True)
class Bands:
    """top[r], bottom[r]: the y between which the boxes of rank r lie."""

    top: Floats
    bottom: Floats


def stack_ranks(problem: Problem, plan: Plan) -> Bands:
    """Stack the ranks; gaps are higher where lines run far sideways."""
    n = int(plan.rank.max()) + 1
    height = np.zeros(n)
    np.maximum.at(height, plan.rank, problem.height)
    sideways = np.zeros(n)
    np.maximum.at(sideways, plan.piece_rank, np.abs(plan.piece_bottom - plan.piece_top))
    gap = np.minimum(_GAP + _STEEPER * sideways, _GAP_MOST)
    bottom = np.cumsum(height + gap) - gap
    return Bands(bottom - height, bottom)


def place_boxes(problem: Problem, plan: Plan, bands: Bands) -> Floats:
    """Return (n, 4) boxes, each in the middle of its rank's band."""
    middle = (bands.top + bands.bottom)[plan.rank] / 2
    if problem.groups.any():
        middle = _beside_groups(problem, plan, bands, middle)
    y = middle - problem.height / 2
    x = plan.middle - problem.width / 2
    return np.stack([x, y, problem.width, problem.height], axis=1)


def _beside_groups(problem: Problem, plan: Plan, bands: Bands, middle: Floats) -> Floats:
    """Return the y of the middles: cards stand level with the top of the group beside them, or with
    its end if nothing leads to them."""
    groups = problem.groups
    n = len(bands.top)
    cards, tall, ports = np.zeros(n), np.zeros(n, bool), problem.height == 0.0
    np.maximum.at(cards, plan.rank[~groups], problem.height[~groups])
    tall[plan.rank[groups]] = True
    at_top, at_end = bands.top + cards / 2, bands.bottom - cards / 2
    led_to = np.zeros(len(middle), bool)
    linking = problem.role != Role.TIE
    led_to[plan.ways.lower[linking]] = True
    of_unit = led_to.copy()
    ties = plan.ways.level
    of_unit[problem.src[ties]] |= led_to[problem.dst[ties]]
    of_unit[problem.dst[ties]] |= led_to[problem.src[ties]]
    beside = tall[plan.rank] & ~groups & ~ports
    y = np.where(of_unit, at_top[plan.rank], at_end[plan.rank])
    middle = np.where(beside, y, middle)
    return np.where(groups, bands.top[plan.rank] + problem.height / 2, middle)


def route(problem: Problem, plan: Plan, bands: Bands, boxes: Floats) -> tuple[Floats, Ints]:
    """Return points (p, 2) and starts (m + 1,) of all edges, source to target."""
    knots = _Knots()
    ways = plan.ways
    top_of, bottom_of = boxes[:, 1], boxes[:, 1] + boxes[:, 3]
    every = np.concatenate([ways.direct, ways.laned, ways.hop])
    knots.add(every, 0, plan.leave[every], bottom_of[ways.upper[every]])
    end = np.concatenate([top_of[ways.lower[every[: len(every) - len(ways.hop)]]],
                          bottom_of[ways.lower[ways.hop]]])  # fmt: skip
    knots.add(every, 1 << 40, plan.enter[every], end)
    step = 2 * plan.piece_rank
    knots.add(plan.piece_edge, step + 1, plan.piece_top, bands.bottom[plan.piece_rank])
    knots.add(plan.piece_edge, step + 2, plan.piece_bottom, bands.top[plan.piece_rank + 1])
    _add_lanes(knots, plan, bands)
    _add_hops(knots, plan, bands)
    _add_ties(knots, plan, boxes)
    return knots.curves(problem)


def _add_lanes(knots: _Knots, plan: Plan, bands: Bands) -> None:
    edges = plan.ways.laned
    above, below = plan.rank[plan.ways.upper[edges]], plan.rank[plan.ways.lower[edges]]
    tops = np.append(bands.top, bands.bottom[-1] + _GAP)
    bottoms = np.append(bands.bottom, bands.top[0] - _GAP)  # [-1]: above the first rank
    knots.add(edges, 1, plan.leave[edges], bands.bottom[above])
    knots.add(edges, 2, plan.lane[edges], tops[above + 1])
    knots.add(edges, 3, plan.lane[edges], bottoms[below - 1])
    knots.add(edges, 4, plan.enter[edges], bands.top[below])


def _add_hops(knots: _Knots, plan: Plan, bands: Bands) -> None:
    edges = plan.ways.hop
    y = bands.bottom[plan.rank[plan.ways.upper[edges]]]
    knots.add(edges, 1, plan.leave[edges], y, y + _GAP)
    knots.add(edges, 2, plan.enter[edges], y)


def _add_ties(knots: _Knots, plan: Plan, boxes: Floats) -> None:
    edges = plan.ways.level
    a, b = plan.ways.upper[edges], plan.ways.lower[edges]
    a_first = plan.middle[a] < plan.middle[b]
    left, right = boxes[:, 0], boxes[:, 0] + boxes[:, 2]
    y = boxes[:, 1] + boxes[:, 3] / 2
    knots.add(edges, 0, np.where(a_first, right[a], left[a]), y[a])
    knots.add(edges, 1, np.where(a_first, left[b], right[b]), y[b])


class _Knots:
    """Collects knots (edge, step along it from its upper end, x, y) in any order."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Floats, Floats, Floats]] = []

    def add(
        self, edge: Ints, step: Ints | int, x: Floats, y: Floats, bulge: Floats | None = None
    ) -> None:
        """Add one knot per edge; bulge: y of the control points of the curve that starts here."""
        steps = np.broadcast_to(np.asarray(step, np.int64), edge.shape)
        bulges = np.full(len(edge), np.nan) if bulge is None else bulge
        self._parts.append((edge, steps, x, y, bulges))

    def curves(self, problem: Problem) -> tuple[Floats, Ints]:
        edge, step, x, y, bulge = (np.concatenate(c) for c in zip(*self._parts, strict=True))
        if not len(edge):
            return np.zeros((0, 2)), np.zeros(len(problem.src) + 1, np.int64)
        upward = problem.role[edge] == Role.GRAD
        order = np.lexsort((np.where(upward, -step, step), edge))
        edge, x, y, bulge = edge[order], x[order], y[order], bulge[order]
        keep = np.append(True, (edge[1:] != edge[:-1]) | (np.hypot(*np.diff([x, y])) > 1e-6))
        edge, x, y, bulge = edge[keep], x[keep], y[keep], bulge[keep]
        keep = np.ones(len(edge), bool)
        inside = (edge[:-2] == edge[1:-1]) & (edge[1:-1] == edge[2:])
        flat = (np.abs(x[:-2] - x[1:-1]) < 1e-3) & (np.abs(x[1:-1] - x[2:]) < 1e-3)
        keep[1:-1] = ~(inside & flat)
        return _bezier(edge[keep], x[keep], y[keep], bulge[keep], len(problem.src))


def _bezier(edge: Ints, x: Floats, y: Floats, bulge: Floats, m: int) -> tuple[Floats, Ints]:
    """Turn knots into Bezier points: knot, control, control, knot, ..."""
    count = np.bincount(edge, minlength=m)
    starts = np.concatenate([[0], np.cumsum(np.maximum(3 * count - 2, 0))])
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    at = starts[edge] + 3 * nth
    points = np.empty((int(starts[-1]), 2))
    points[at, 0], points[at, 1] = x, y
    a = np.flatnonzero(edge[1:] == edge[:-1])
    control = np.where(np.isnan(bulge[a]), (y[a] + y[a + 1]) / 2, bulge[a])
    points[at[a] + 1, 0], points[at[a] + 1, 1] = x[a], control
    points[at[a] + 2, 0], points[at[a] + 2, 1] = x[a + 1], control
    return points, starts
