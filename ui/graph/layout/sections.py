"""Sections: a deep graph is cut where all of its lines run through one unit, a waist.

Each section is laid out by itself, with the waist above it as its top; equal sections are laid
out once. So work is linear in the depth, what repeats looks alike, and what is appended to the
end of a graph leaves the sections before it as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ui.graph.components import label_components
from ui.graph.layout.columns import limits
from ui.graph.layout.coordinates import PAIR_GAP, common
from ui.graph.layout.orient import Orientation
from ui.graph.layout.problem import Bools, Floats, Ints, Problem
from ui.graph.layout.waists import find_waists, least_sizes
from ui.graph.types import Kind

_GHOST = 60.0  # height of what stands for a group at the waist above

Fingerprint = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Section:
    """rank, partner: (n,) per node, partner the other one of its pair or -1; top, bottom: the
    nodes by which it is joined to the sections above and below, or -1; apart: the distance
    between op and grad_fn that those two share; hung: it begins at its top, with no section above.
    """

    problem: Problem
    rank: Ints
    partner: Ints
    top: int
    bottom: int
    apart: float
    hung: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """All sections of a graph, part by part, each part from the top.

    nodes: node numbers, section k's are nodes[node_starts[k]:node_starts[k + 1]], own: whether a
    node belongs to that section rather than to the one above; edges, edge_starts: alike;
    part: (s,) the connected part of each section. rows: the problems of all sections in a row,
    with node numbers within each; rank, partner, top, bottom, apart: as in Section, of all nodes
    and of all sections; hung: the number of the one that is, or -1.
    """

    nodes: Ints
    own: Bools
    node_starts: Ints
    edges: Ints
    edge_starts: Ints
    part: Ints
    rows: Problem
    rank: Ints
    partner: Ints
    top: Ints
    bottom: Ints
    apart: Floats
    hung: int

    def __len__(self) -> int:
        return len(self.part)

    def section(self, k: int) -> Section:
        """Return one section by itself."""
        nodes = slice(*self.node_starts[k : k + 2].tolist())
        edges = slice(*self.edge_starts[k : k + 2].tolist())
        return Section(
            self.rows.part(nodes, edges, self.rows.src[edges], self.rows.dst[edges]),
            self.rank[nodes], self.partner[nodes], int(self.top[k]), int(self.bottom[k]),
            float(self.apart[k]), k == self.hung,
        )  # fmt: skip

    def fingerprints(self) -> Iterator[Fingerprint]:
        """Yield for each section what it has in common exactly with those that are equal to it."""
        of_nodes, of_edges = self.rows.columns()
        nodes = np.stack([*of_nodes, self.rank, self.partner], axis=1, dtype=np.float64)
        edges = np.stack(of_edges, axis=1, dtype=np.float64)
        hung = np.arange(len(self)) == self.hung
        sections = np.stack([self.top, self.bottom, self.apart, hung], axis=1, dtype=np.float64)
        a, c = self.node_starts.tolist(), self.edge_starts.tolist()
        for k, (b, d) in enumerate(zip(a[1:], c[1:], strict=True)):
            yield (
                nodes[a[k] : b].tobytes(), edges[c[k] : d].tobytes(), sections[k].tobytes()
            )  # fmt: skip


class Pin(NamedTuple):
    """A node that shall be the top of its part, and the distance between the two of its pair."""

    node: int
    apart: float


def cut(
    problem: Problem, orientation: Orientation, pin: Pin | None = None, tall: float = 0.0
) -> Cut:
    """Cut a graph into connected parts, and deep parts into sections.

    tall: how tall a part may be before it wraps, 0 for what can be read. Those that are taller are
    cut into smaller sections, so that columns may be alike.
    """
    n = len(problem.width)
    of = np.array(orientation.units.of, np.int64)
    part = label_components(n, problem.src, problem.dst)
    _, part = np.unique(part, return_inverse=True)
    rank = orientation.node_ranks()
    least = least_sizes(problem, part, rank, tall or limits(problem.sideways)[1])
    waists, section, n_sections = find_waists(problem, orientation, of, part, rank, least)
    return _divide(problem, orientation, of, part, rank, waists, section, n_sections, pin)


def _divide(
    problem: Problem, orientation: Orientation, of: Ints, part: Ints, rank: Ints,
    waists: Ints, section: Ints, n_sections: int, pin: Pin | None,
) -> Cut:  # fmt: skip
    ops, grads = (np.array(x, np.int64) for x in (orientation.units.op, orientation.units.grad))
    ghosts = np.concatenate([ops[waists], grads[waists]])
    ghosts = ghosts[ghosts >= 0]
    nodes = np.concatenate([np.arange(len(of)), ghosts])
    home = np.concatenate([section, section[ghosts] + 1])
    own = np.arange(len(nodes)) < len(of)
    order = np.lexsort((nodes, home))
    nodes, home, own = nodes[order], home[order], own[order]
    node_starts = np.searchsorted(home, np.arange(n_sections + 1))
    local = np.arange(len(nodes)) - node_starts[home]
    mine, as_ghost = np.zeros(len(of), np.int64), np.zeros(len(of), np.int64)
    mine[nodes[own]], as_ghost[nodes[~own]] = local[own], local[~own]
    edge_home = np.maximum(section[problem.src], section[problem.dst])
    edges = np.argsort(edge_home, kind="stable")
    edge_starts = np.searchsorted(edge_home[edges], np.arange(n_sections + 1))
    where = edge_home[edges]
    ends = [
        np.where(section[end[edges]] == where, mine[end[edges]], as_ghost[end[edges]])
        for end in (problem.src, problem.dst)
    ]
    anchor = np.where(ops >= 0, ops, grads)[waists]
    top, bottom = np.full(n_sections, -1), np.full(n_sections, -1)
    bottom[section[anchor]], top[section[anchor] + 1] = mine[anchor], as_ghost[anchor]
    section_part = np.zeros(n_sections, np.int64)
    section_part[section] = part
    root = problem.root.copy()
    root[anchor] = 1
    columns = problem.part(nodes, edges, ends[0], ends[1])
    columns = replace(
        columns,
        root=np.where(own, root[nodes], 0),
        height=_ghost_heights(columns, own, home, rank[nodes]),
    )
    lowest = np.minimum.reduceat(rank[nodes], node_starts[:-1]) if n_sections else rank[:0]
    ranks = rank[nodes] - lowest[home]
    partner = _partners(ops, grads, len(of))[nodes]
    paired = partner >= 0
    partner[paired] = np.where(own, mine[partner], as_ghost[partner])[paired]
    apart = _distances(problem, ops, grads, part, int(part.max(initial=-1)) + 1, waists)
    hung = -1
    if pin is not None:
        hung = int(section[pin.node])
        top[section[pin.node]] = mine[pin.node]
        apart[part[pin.node]] = pin.apart or apart[part[pin.node]]
    return Cut(
        nodes, own, node_starts, edges, edge_starts, section_part, columns, ranks, partner,
        top, bottom, np.array(apart, np.float64)[section_part], hung,
    )  # fmt: skip


def _ghost_heights(columns: Problem, own: Bools, home: Ints, rank: Ints) -> Floats:
    """Return (n,) heights with those of what stands for waists above: so high that leaves beside
    it reach no higher than the waist does. Of a group above, only its lower side matters."""
    ghosts = np.flatnonzero(~own)
    if not len(ghosts):
        return columns.height
    height, place = columns.height.copy(), home[ghosts]
    height[ghosts] = np.where(columns.kind[ghosts] == Kind.GROUP, _GHOST, height[ghosts])
    high, low, beside = np.full((3, int(home.max()) + 1), [[0.0], [np.inf], [0.0]])
    np.maximum.at(high, place, height[ghosts])
    np.minimum.at(low, place, height[ghosts])
    level = np.full(len(high), -1)
    level[place] = rank[ghosts]
    others = np.flatnonzero(own & (rank == level[home]))
    np.maximum.at(beside, home[others], height[others])
    height[ghosts] -= np.clip(beside - high, 0.0, low - 1.0)[place]
    return height


def _partners(ops: Ints, grads: Ints, n: int) -> Ints:
    partner = np.full(n, -1)
    paired = (ops >= 0) & (grads >= 0)
    partner[ops[paired]], partner[grads[paired]] = grads[paired], ops[paired]
    return partner


def _distances(
    problem: Problem, ops: Ints, grads: Ints, part: Ints, n_parts: int, waists: Ints
) -> list[float]:
    """Return for each part the distance that is right for most of its pairs; 0 without waists."""
    apart = [problem.apart] * n_parts
    if problem.apart:
        return apart
    anchor = np.where(ops >= 0, ops, grads)[waists]
    pairs = np.flatnonzero((ops >= 0) & (grads >= 0))
    for p in np.unique(part[anchor]).tolist():
        mine = pairs[part[ops[pairs]] == p]
        if len(mine):
            needs: Floats = (problem.width[ops[mine]] + problem.width[grads[mine]]) / 2 + PAIR_GAP
            apart[p] = common(needs.tolist())
    return apart
