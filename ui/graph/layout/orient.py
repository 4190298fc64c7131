"""Which way is down: units, the links between them, and a rank for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ui.graph.components import label_components
from ui.graph.layout.problem import BOTTOM, TOP, Ints, Problem
from ui.graph.layout.ranks import (
    break_cycles,
    heights,
    neighbours,
    rank_units,
    set_apart,
    topological,
)
from ui.graph.layout.stacks import stack_leaves
from ui.graph.layout.towers import find_spans
from ui.graph.layout.units import Links, Units, find_links, number_units, pair_up

_BROAD = 60  # a group of so many nodes is likely to be so broad that what is beside it is far away


@dataclass(frozen=True, slots=True)
class Orientation:
    """order: a topological order of the units; rank: per unit, every link runs down at least one.

    sound: the graph had no cycles.
    """

    units: Units
    links: Links
    order: list[int]
    rank: list[int]
    sound: bool

    def below(self, node: int) -> Orientation:
        """Return the same with the unit of `node`, which nothing leads to, above all others."""
        unit = self.units.of[node]
        rank = list(self.rank)
        rank[unit] = min([r for u, r in enumerate(rank) if u != unit], default=1) - 1
        lack = max(-rank[unit], 0)
        return replace(self, rank=[r + lack for r in rank])

    def pinned(self, problem: Problem) -> Orientation:
        """Return the same with what is pinned to the top or the bottom of its part there."""
        if not problem.pin.any():
            return self
        of = np.array(self.units.of, np.int64)
        n = len(self.rank)
        pin = np.zeros(n, np.int64)
        pin[of] = problem.pin
        rank = np.array(self.rank, np.int64)
        part = label_components(n, of[problem.src], of[problem.dst])
        low, high = np.full(n, rank.max(initial=0)), np.full(n, rank.min(initial=0))
        np.minimum.at(low, part, rank)
        np.maximum.at(high, part, rank)
        rank = np.where(pin == TOP, low[part], rank)
        rank = np.where(pin == BOTTOM, high[part], rank)
        return replace(self, rank=rank.tolist())

    def node_ranks(self) -> Ints:
        """Return the rank of every node."""
        return np.array(self.rank, np.int64)[np.array(self.units.of, np.int64)]


def orient(problem: Problem) -> Orientation:
    """Find units, links and ranks; pairs that would close a cycle part."""
    single: frozenset[int] = frozenset()
    for _ in range(2):
        units = pair_up(problem, single)
        links = find_links(problem, units)
        ups, downs = neighbours(len(units.op), links)
        order = topological(ups, downs)
        if len(order) == len(units.op):
            frames = frozenset(units.of[i] for i in np.flatnonzero(problem.weight > 1).tolist())
            depth = heights(order, ups)
            spans = find_spans(links, ups, depth, frames)
            rank = rank_units(order, ups, downs, depth, spans)
            broad = sorted({units.of[i] for i in np.flatnonzero(problem.weight >= _BROAD).tolist()})
            if broad:
                rank = set_apart(rank, order, ups, downs, broad)
            rank = stack_leaves(rank, order, ups, downs, units.op)
            return Orientation(units, links, order, rank, not single)
        sorted_ = set(order)
        single = frozenset(i for i, u in enumerate(units.of) if u not in sorted_)
    kept = break_cycles(len(units.op), links)
    links = {link: links[link] for link in kept}
    ups, downs = neighbours(len(units.op), links)
    order = topological(ups, downs)
    rank = rank_units(order, ups, downs, heights(order, ups), {})
    return Orientation(units, links, order, rank, sound=False)


def oriented(problem: Problem, partner: Ints, rank: Ints) -> Orientation:
    """Return the orientation of a section, of which pairs and ranks are known.

    partner: (n,) the other node of each node's unit, or -1; rank: (n,) per node.
    """
    units = number_units(problem, partner.tolist())
    links = find_links(problem, units)
    node = [op if op >= 0 else grad for op, grad in zip(units.op, units.grad, strict=True)]
    ranks = rank[node].tolist()
    order = topological(*neighbours(len(units.op), links))
    if len(order) < len(node):  # of a graph with cycles
        links = {(a, b): lines for (a, b), lines in links.items() if ranks[a] < ranks[b]}
        order = sorted(range(len(node)), key=ranks.__getitem__)
    return Orientation(units, links, order, ranks, sound=True)
