"""Every level of a nest by itself: which way is down, and which of its edges become portals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ui.graph.layout.narrows import narrow_edges
from ui.graph.layout.nest import Levels, Tree, divide
from ui.graph.layout.orient import Orientation, orient
from ui.graph.layout.portals import FAR_RANKS, Portals, far_edges, with_badges
from ui.graph.layout.problem import Bools, Ints, Problem
from ui.graph.layout.shape import Sizes, estimate

Key = tuple[int | bytes, ...]


def through_portals(
    problem: Problem, home: Ints, tree: Tree, portal: Bools
) -> tuple[Portals, Levels, list[Orientation], Sizes]:
    """Put badges where edges would run too far within a level or keep a deep one from being cut
    into columns, and find which way is down and how large each level is likely to be."""
    portal, narrowed = portal.copy(), False
    while True:
        portals = with_badges(problem, portal)
        levels = divide(portals.problem, np.concatenate([home, home[portals.node]]), tree)
        ways, far = _orient(levels)
        name = _names(portals, levels, far)
        if not len(name):
            sizes = estimate(levels, tree, ways)
            if not narrowed:
                narrowed = True
                name = _names(portals, levels, _narrow(levels, ways, sizes))
        if not len(name):
            return portals, levels, ways, sizes
        portal[name] = True


def rows(levels: Levels) -> Iterator[tuple[int, int, int, int]]:
    """Yield for each level where its nodes begin and end, and where its edges do."""
    nodes, edges = levels.node_starts.tolist(), levels.edge_starts.tolist()
    return zip(nodes[:-1], nodes[1:], edges[:-1], edges[1:], strict=True)


def _names(portals: Portals, levels: Levels, edges: Ints) -> Ints:
    """Return the graph's edges of which these edges of levels are parts, but for stubs."""
    if not len(edges):
        return edges
    name = portals.edge[np.unique(levels.piece_edge[np.isin(levels.piece, edges)])]
    return np.asarray(name[name >= 0])


def _orient(levels: Levels) -> tuple[list[Orientation], Ints]:
    """Return the orientation of each level, and which edges of `levels.whole` run too far.

    Levels of equal structure share one.
    """
    whole = levels.whole
    local = np.repeat(levels.node_starts[:-1], np.diff(levels.edge_starts))
    nodes = np.stack([whole.kind, whole.root, whole.weight, whole.pin], axis=1)
    ends = whole.src - local, whole.dst - local
    edges = np.stack([*ends, whole.role, whole.parallel, whole.slot], axis=1)
    known: dict[Key, tuple[Orientation, Ints]] = {}
    ways: list[Orientation] = []
    far = []
    for k, (a, b, c, d) in enumerate(rows(levels)):
        key = nodes[a:b].tobytes(), edges[c:d].tobytes()
        if key not in known:
            problem = levels.level(k)
            way = orient(problem).pinned(problem)
            over = np.zeros(0, np.int64)
            if b - a > FAR_RANKS:
                over = np.flatnonzero(far_edges(problem, way.node_ranks()))
            known[key] = way, over
        way, over = known[key]
        ways.append(way)
        if len(over):
            far.append(over + c)
    return ways, np.concatenate([*far, np.zeros(0, np.int64)]).astype(np.int64)


def _narrow(levels: Levels, ways: list[Orientation], sizes: Sizes) -> Ints:
    """Return the edges of `levels.whole` that should be portals, so that it can be cut."""
    starts, found = levels.node_starts, []
    for k in np.flatnonzero(sizes.tallness > sizes.tall).tolist():
        nodes = slice(int(starts[k]), int(starts[k + 1]))
        level = replace(levels.level(k), width=sizes.width[nodes], height=sizes.height[nodes])
        edges = narrow_edges(level, ways[k], float(sizes.tall[k]))
        found.append(edges + levels.edge_starts[k])
    return np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)
