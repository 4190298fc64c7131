"""How tall and how broad a drawing will be, estimated from its ranks before it is drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ui.graph.layout.columns import limits
from ui.graph.layout.nest import Levels, Tree
from ui.graph.layout.orient import Orientation
from ui.graph.layout.problem import Floats, Ints

BESIDE, BELOW = 40.0, 46.0  # about what is between two nodes, and between two ranks
_AROUND, _HEAD = 52.0, 86.0  # by how much a frame is broader and higher than what is in it


class Rows(NamedTuple):
    """The ranks of drawings, one drawing after the other: how broad and how high each rank is."""

    width: Floats
    height: Floats
    starts: Ints

    def heights(self) -> Floats:
        """Return how tall each drawing is in one column."""
        return np.add.reduceat(self.height, self.starts)

    def widths(self) -> Floats:
        """Return how broad each drawing is at its broadest rank."""
        return np.maximum.reduceat(self.width, self.starts)

    def areas(self) -> Floats:
        return np.add.reduceat(self.width * self.height, self.starts)


def rows_of(width: Floats, height: Floats, rank: Ints, drawing: Ints, count: int) -> Rows:
    """Return the ranks of `count` drawings; drawing, rank: (n,) where each node is."""
    depth = np.ones(count, np.int64)
    np.maximum.at(depth, drawing, rank + 1)
    starts = np.cumsum(depth) - depth
    at, total = starts[drawing] + rank, int(depth.sum())
    high = np.zeros(total)
    np.maximum.at(high, at, height + BELOW)
    return Rows(np.bincount(at, width + BESIDE, total).astype(np.float64), high, starts)


def fitting(width: float, height: float, sideways: bool) -> float:
    """Return how large a drawing is shown where all of it fits a screen of height 1."""
    return min(limits(sideways)[0] / max(width, 1.0), 1.0 / max(height, 1.0))


class Sizes(NamedTuple):
    """width, height: (n,) of all levels' nodes, groups as large as they are likely to be;
    tall: (levels,) how tall each level may be before it wraps; tallness: how tall it would be."""

    width: Floats
    height: Floats
    tall: Floats
    tallness: Floats


def estimate(levels: Levels, tree: Tree, ways: list[Orientation]) -> Sizes:
    """Return how large all groups are likely to be.

    Columns within columns are hard to follow: a group wraps only where it would be taller than the
    columns around it.
    """
    rank = np.concatenate([way.node_ranks() for way in ways])
    aspect, tall = limits(levels.whole.sideways)
    most = np.full(len(ways), np.inf)
    _, area = _sized(levels, tree, rank, most)
    most[:] = max(tall, float(np.sqrt(area / aspect)))
    most[0] = tall
    return _sized(levels, tree, rank, most)[0]


def _sized(levels: Levels, tree: Tree, rank: Ints, tall: Floats) -> tuple[Sizes, float]:
    """Return all sizes where levels wrap that are taller than `tall`, and the area of the whole."""
    width, height = levels.whole.width.copy(), levels.whole.height.copy()
    aspect, _ = limits(levels.whole.sideways)
    level = np.repeat(np.arange(len(tall)), np.diff(levels.node_starts))
    deep, tallness, area = tree.depth[level], np.zeros(len(tall)), 0.0
    for depth in range(int(tree.depth.max()), -1, -1):
        nodes, some = np.flatnonzero(deep == depth), np.flatnonzero(tree.depth == depth)
        where = np.searchsorted(some, level[nodes])
        rows = rows_of(width[nodes], height[nodes], rank[nodes], where, len(some))
        tallness[some] = rows.heights()
        if not depth:
            area = float(rows.areas()[0])
            continue
        at, wraps = levels.at_group[some], tallness[some] > tall[some]
        high = np.sqrt(rows.areas() / aspect)
        height[at] = np.where(wraps, high, tallness[some]) + _HEAD
        width[at] = np.where(wraps, high * aspect, rows.widths()) + _AROUND
    return Sizes(width, height, tall, tallness), area
