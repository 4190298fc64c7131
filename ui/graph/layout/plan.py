"""A layout after its horizontal half: where boxes stand, which way each edge takes, its ports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ui.graph.layout.coordinates import BEND_GAP, Extents
from ui.graph.layout.items import Items
from ui.graph.layout.lanes import lane_positions
from ui.graph.layout.ports import spread_ports
from ui.graph.layout.problem import Floats, Ints, Problem
from ui.graph.layout.units import Units
from ui.graph.types import Kind, Role

_BESIDE = 0.3  # less than what makes a line slant
_MARGIN = 14.0  # between a port and the corner; pills are round there


@dataclass(frozen=True, slots=True)
class Ways:
    """Edges by the way they take, as edge numbers; upper, lower: (m,) node numbers.

    direct: across gaps and through bends; laned: along a lane beside the drawing; level: a tie
    inside a unit; hop: a tie between units of one rank.
    """

    upper: Ints
    lower: Ints
    direct: Ints
    laned: Ints
    level: Ints
    hop: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """middle: (n,) x of box middles; rank: (n,) per node; leave: (m,) x at which an edge's upper
    end leaves its box, enter: (m,) x at which its lower end does; lane: (m,) x of its lane.

    piece_edge, piece_rank, piece_top, piece_bottom: the crossings of gaps by direct edges, sorted
    by edge: edge number, rank above the gap, x at the gap's top and bottom.
    """

    middle: Floats
    rank: Ints
    ways: Ways
    leave: Floats
    enter: Floats
    lane: Floats
    piece_edge: Ints
    piece_rank: Ints
    piece_top: Floats
    piece_bottom: Floats


def make_plan(
    problem: Problem, units: Units, items: Items, extents: Extents, anchors: Floats
) -> Plan:
    """Give boxes and edges their horizontal places."""
    middle = _middles(problem, units, extents, anchors)
    of = np.array(units.of, np.int64)
    rank = np.array(items.rank[: items.n_units], np.int64)[of]
    ways = _sort_ways(problem, of, rank, np.array(items.reach, np.int64))
    lane = lane_positions(problem, ways.laned, ways.upper, rank, ways.lower, middle)
    piece_edge, piece_rank, index = _pieces(ways, rank)
    bends = _bend_lines(problem, items, of, ways, extents, anchors, piece_edge, index)
    leave, enter = _ports(problem, ways, middle, lane, piece_edge, index, bends)
    last = np.append(piece_edge[1:] != piece_edge[:-1], True)[: len(piece_edge)]
    bottom = np.where(last, enter[piece_edge], bends)
    top = np.where(index == 0, leave[piece_edge], np.concatenate([[0.0], bends[:-1]])[: len(index)])
    return Plan(middle, rank, ways, leave, enter, lane, piece_edge, piece_rank, top, bottom)


def _middles(problem: Problem, units: Units, extents: Extents, anchors: Floats) -> Floats:
    middle = np.zeros(len(problem.width))
    op, grad = np.array(units.op, np.int64), np.array(units.grad, np.int64)
    x = anchors[: len(op)]
    middle[op[op >= 0]] = x[op >= 0]
    groups = problem.groups
    middle[groups] += (problem.width / 2 - problem.data_at)[groups]
    middle[grad[grad >= 0]] = (x + np.array(extents.grad[: len(op)]))[grad >= 0]
    return middle


def _sort_ways(problem: Problem, of: Ints, rank: Ints, reach: Ints) -> Ways:
    grad, tie = problem.role == Role.GRAD, problem.role == Role.TIE
    upper = np.where(grad, problem.dst, problem.src)
    lower = np.where(grad, problem.src, problem.dst)
    span = rank[lower] - rank[upper]
    level = tie & (of[upper] == of[lower])
    hop = tie & (span == 0) & ~level
    direct = ~tie & (span >= 1) & ((span == 1) | (span <= reach[of[upper]]))
    laned = ~(level | hop | direct)
    kinds = [np.flatnonzero(way) for way in (direct, laned, level, hop)]
    return Ways(upper, lower, *kinds)


def _pieces(ways: Ways, rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Return per crossed gap the edge, the rank above, and its number along the edge."""
    above = rank[ways.upper[ways.direct]]
    span = rank[ways.lower[ways.direct]] - above
    edge = np.repeat(ways.direct, span)
    index = np.arange(len(edge)) - np.repeat(np.cumsum(span) - span, span)
    return edge, np.repeat(above, span) + index, index


def _bend_lines(
    problem: Problem,
    items: Items,
    of: Ints,
    ways: Ways,
    extents: Extents,
    anchors: Floats,
    piece_edge: Ints,
    index: Ints,
) -> Floats:
    """Return the x of the bend below each piece; without meaning for an edge's last piece.

    Parallel edges keep beside each other: the k-th is moved by less than the bend's free room.
    """
    trunks = np.array(items.trunks, np.int64)
    grad = (problem.role[piece_edge] == Role.GRAD).astype(np.int64)
    item = np.clip(trunks[grad, of[ways.upper[piece_edge]]] + index, 0, len(anchors) - 1)
    apart = BEND_GAP * (1 - 0.5 ** problem.parallel[piece_edge])
    beside = np.array(extents.grad)[item]  # 0 but for pairs
    x: Floats = anchors[item] + np.where(grad, beside - apart, apart)
    return x


def _ports(
    problem: Problem,
    ways: Ways,
    middle: Floats,
    lane: Floats,
    piece_edge: Ints,
    index: Ints,
    bends: Floats,
) -> tuple[Floats, Floats]:
    """Return the x of every edge's upper and lower end."""
    m = len(problem.src)
    upper, lower = ways.upper, ways.lower
    margin = np.where(problem.kind == Kind.LEAF, problem.height / 2, _MARGIN)
    reach = np.maximum(problem.width / 2 - margin, 0.0)
    low = np.maximum(middle[upper] - reach[upper], middle[lower] - reach[lower])
    high = np.minimum(middle[upper] + reach[upper], middle[lower] + reach[lower])
    shared = np.clip((middle[upper] + middle[lower]) / 2, low, np.maximum(low, high))
    below = np.where(low <= high, shared, middle[lower])
    above = np.where(low <= high, shared, middle[upper])
    corner = middle - problem.width / 2
    leave, enter = corner[upper] + problem.upper_at, corner[lower] + problem.lower_at
    below = np.where(np.isnan(enter), below, enter)
    above = np.where(np.isnan(leave), above, leave)
    last = np.append(piece_edge[1:] != piece_edge[:-1], True)[: len(piece_edge)]
    bent_below = (index == 0) & ~last
    below[piece_edge[bent_below]] = bends[bent_below]
    bent_above = last & (index > 0)
    above[piece_edge[bent_above]] = bends[np.flatnonzero(bent_above) - 1]
    below[ways.laned] = above[ways.laned] = lane[ways.laned]
    loose = np.ones(m, bool)
    loose[ways.level] = False
    hops = np.zeros(m, bool)
    hops[ways.hop] = True
    at_upper = np.flatnonzero(loose & np.isnan(leave))
    at_lower = np.flatnonzero(loose & np.isnan(enter))
    nodes = np.concatenate([upper[at_upper], lower[at_lower]])
    sides = nodes.copy()
    sides[len(at_upper) :] += np.where(hops[at_lower], 0, len(middle))
    # Beside each other they keep the order that they have at mirrored pairs.
    aside = np.where(problem.role == Role.GRAD, -_BESIDE, _BESIDE)
    aside = np.where(
        (problem.kind[upper] == Kind.GROUP) | (problem.kind[lower] == Kind.GROUP), aside, 0
    )
    far = np.concatenate([(below + aside)[at_upper], (above + aside)[at_lower]])
    x = spread_ports(sides, far, middle[nodes], reach[nodes])
    leave[at_upper], enter[at_lower] = x[: len(at_upper)], x[len(at_upper) :]
    leave = np.where(np.isnan(leave), middle[upper], leave)
    return leave, np.where(np.isnan(enter), middle[lower], enter)
