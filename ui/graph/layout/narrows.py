"""Narrows: where a deep graph without waists is nearly one, so that a few portals make it one.

An LSTM carries two values from step to step and a U-Net many across its depth, so no unit of theirs
has all lines through it. Drawn in one piece they would be a thread; so where a column should end
the few lines that pass become portals.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from ui.graph.components import label_components
from ui.graph.layout.columns import GAIN, GUTTER, limits
from ui.graph.layout.orient import Orientation
from ui.graph.layout.portals import like_edges
from ui.graph.layout.problem import BOTTOM, Bools, Floats, Ints, Problem
from ui.graph.layout.shape import BELOW, BESIDE
from ui.graph.types import Kind

_LEAST = 12  # nodes of a part that is worth it
_FEW = 12  # nodes of which lines may pass where one is cut
_OUTWARD = 6  # so many more are those of which lines lead out of a group
#: How far from its even end a column may end, of its height; and how many lines that is worth.
_NEAR, _EVEN = 0.3, 4.0


class _Ranks(NamedTuple):
    """The ranks of one part, from the top: how large each is, from how many nodes lines pass it
    (those out of a group count more: their users hang below it), and whether just one unit is there
    that lines lead to and from."""

    width: Floats
    height: Floats
    passing: Ints
    single: Bools


def narrow_edges(problem: Problem, way: Orientation, tall: float = 0.0) -> Ints:
    """Return the edges that should be portals, so that deep parts can be cut into columns.

    tall: how tall a part may be in one column, 0 for what can be read.
    """
    n = len(problem.width)
    part = label_components(n, problem.src, problem.dst)
    rank = way.node_ranks()
    a, b = rank[problem.src], rank[problem.dst]
    low, high = np.minimum(a, b), np.maximum(a, b)
    found = []
    for p in np.flatnonzero(np.bincount(part, minlength=1) >= _LEAST).tolist() if n else ():
        nodes = np.flatnonzero(part == p)
        edges = np.flatnonzero((part[problem.src] == p) & (high > low))
        ranks = _ranks(problem, np.array(way.units.of), rank, nodes, edges, low, high)
        ends = _ends_of_columns(ranks, problem.sideways, tall)
        found += [edges[(low[edges] < r) & (high[edges] > r)] for r in ends]
    cut = np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)
    return like_edges(problem, cut) if len(cut) else cut


def _ranks(
    problem: Problem, of: Ints, rank: Ints, nodes: Ints, edges: Ints, low: Ints, high: Ints
) -> _Ranks:
    count = int(rank[nodes].max()) + 1
    width = np.bincount(rank[nodes], problem.width[nodes] + BESIDE, count).astype(np.float64)
    height = np.zeros(count)
    np.maximum.at(height, rank[nodes], problem.height[nodes] + BELOW)
    fed, feeding = np.zeros((2, int(of.max()) + 1), bool)
    src, dst = problem.src[edges], problem.dst[edges]
    upper = np.where(rank[src] < rank[dst], src, dst)
    outward = problem.pin[src + dst - upper] == BOTTOM
    passing = _passing(upper, low[edges], high[edges], count)
    passing += _OUTWARD * _passing(upper[outward], low[edges][outward], high[edges][outward], count)
    fed[of[src + dst - upper]] = feeding[of[upper]] = True
    fed[of[nodes[problem.kind[nodes] == Kind.GROUP]]] = True
    units = np.unique(of[nodes])
    unit_rank = np.zeros(len(fed), np.int64)
    unit_rank[of] = rank
    crowd = np.bincount(unit_rank[units[fed[units]]], minlength=count)
    through = np.bincount(unit_rank[units[fed[units] & feeding[units]]], minlength=count)
    return _Ranks(width, height, passing, (crowd == 1) & (through == 1))


def _passing(upper: Ints, low: Ints, high: Ints, count: int) -> Ints:
    """Return per rank from how many nodes lines pass it: all of one node's become one badge."""
    nodes, which = np.unique(upper, return_inverse=True)
    first, last = np.full(len(nodes), count), np.zeros(len(nodes), np.int64)
    np.minimum.at(first, which.reshape(-1), low)
    np.maximum.at(last, which.reshape(-1), high)
    begun = np.bincount(first + 1, minlength=count + 1)
    return np.asarray(np.cumsum(begun - np.bincount(last, minlength=count + 1))[:count])


def _ends_of_columns(ranks: _Ranks, sideways: bool, tall: float) -> list[int]:
    """Return the ranks at which lines should be cut so that columns can end there."""
    aspect, readable = limits(sideways)
    depth = np.cumsum(ranks.height)
    height, width = float(depth[-1]), float(np.quantile(ranks.width, 0.9)) + GUTTER
    count = max(round(sqrt(aspect * height / width)), 1)
    alone = min(aspect / width, 1.0 / height)
    shown = min(aspect / (count * width), count / height)
    if height < (tall or readable) or count < 2 or shown < GAIN * alone:
        return []
    column = height / count
    waists = ranks.single & (ranks.passing == 0)
    chosen = []
    for k in range(1, count):
        off = abs(depth / column - k)
        near = np.flatnonzero(ranks.single & (off < _NEAR) & (ranks.passing <= _FEW))
        if len(near) and not (waists & (off < 0.5)).any():
            worth = ranks.passing[near] + _EVEN / _NEAR * off[near]
            chosen.append(int(near[np.argmin(worth)]))
    return chosen
