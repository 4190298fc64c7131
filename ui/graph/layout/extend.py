"""Growth: a graph that got new nodes keeps its layout, and the new ones come as new sections.

What hangs from the end of a column continues it; what branches off elsewhere stands aside, with
portals between it and where it comes from. So no old node ever moves. Frames grow around what
comes into their groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ui.graph.components import label_components
from ui.graph.layout.arrange import arrange
from ui.graph.layout.enclose import Enclosure
from ui.graph.layout.frames import arrange_nested
from ui.graph.layout.growth import Growth
from ui.graph.layout.portals import hub_edges
from ui.graph.layout.problem import Ints, Whole
from ui.graph.layout.watch import Watch
from ui.graph.types import Layout, Nest, Role

_DROP = 46.0  # between the end of a column and what continues it
_ASIDE = 90.0  # between the drawing and what stands beside it


@dataclass(frozen=True, slots=True)
class _Change:
    """old: (n,) index of every node in the layout before, -1 for new ones; kept: (m,) the same for
    edges; upper: (m,) the upper end of every edge."""

    old: Ints
    kept: Ints
    upper: Ints
    lower: Ints


def extend(before: Layout, whole: Whole, nest: Nest | None, watch: Watch) -> Layout | None:
    """Return the layout of a graph that grew; None where old nodes would have to move."""
    change = _compare(before, whole)
    if change is None:
        return None
    frames = Enclosure(before, whole, nest, change.old)
    if not frames.holds():
        return None
    growth = Growth(before, whole, change.old, change.kept, frames)
    fresh = np.flatnonzero(change.old < 0)
    inner = (change.old[change.upper] < 0) & (change.old[change.lower] < 0)
    a, b = frames.joined()
    ends = (np.concatenate(x) for x in ((change.upper[inner], a), (change.lower[inner], b)))
    label = label_components(len(change.old), *ends)
    for group in np.unique(label[fresh]).tolist():
        mine = fresh[label[fresh] == group]
        edges = np.flatnonzero((label[change.lower] == group) & (change.old[change.lower] < 0))
        _add_group(growth, frames, whole, change, mine, edges, watch)
        if growth.cramped:
            return None
    return frames.close(growth.finish(), growth.new_badges())


def _compare(before: Layout, whole: Whole) -> _Change | None:
    """Match nodes and edges; None unless the graph only grew downward."""
    index = {node: i for i, node in enumerate(before.ids)}
    old = np.array([index.get(node, -1) for node in whole.ids], np.int64).reshape(-1)
    there = old >= 0
    problem = whole.problem
    size = np.stack([problem.width, problem.height], axis=1)
    if there.sum() < len(index) or not np.allclose(before.boxes[old[there], 2:], size[there]):
        return None
    known = {
        (a, b, key): e
        for e, ((a, b), key) in enumerate(
            zip(before.edge_ends.tolist(), before.edge_keys, strict=True)
        )
    }
    ends = zip(old[problem.src].tolist(), old[problem.dst].tolist(), whole.keys, strict=True)
    kept = np.array([known.get(end, -1) for end in ends], np.int64).reshape(-1)
    grad = problem.role == Role.GRAD
    upper = np.where(grad, problem.dst, problem.src)
    lower = np.where(grad, problem.src, problem.dst)
    between_old = there[problem.src] & there[problem.dst]
    upward = ~there[upper] & there[lower]
    if (between_old & (kept < 0)).any() or upward.any() or (kept >= 0).sum() < len(known):
        return None
    return _Change(old, kept, upper, lower)


def _add_group(
    growth: Growth, frames: Enclosure, whole: Whole, change: _Change, nodes: Ints, edges: Ints,
    watch: Watch,
) -> None:  # fmt: skip
    """Lay out one connected group of new nodes and put it below or beside the old ones."""
    upper = change.upper[edges]
    roots = np.unique(upper[change.old[upper] >= 0])
    pin = growth.lowest_pair(roots)
    for pinned in (pin, pin[:0]):
        members = np.unique(np.concatenate([nodes, roots, pin]))
        lines = np.union1d(edges, growth.ties_of(pinned))
        part = _restrict(whole, members, lines)
        cut = (change.old[change.upper[lines]] >= 0) & ~np.isin(change.upper[lines], pinned)
        cut &= change.old[change.lower[lines]] < 0
        top = growth.pin(members, pinned) if len(pinned) else None
        portal, nest = hub_edges(part.problem) | cut, frames.nest_of(nodes)
        if nest.of:
            layout = arrange_nested(part, nest, portal, watch, top)
        else:
            layout = arrange(part, portal, watch, top)
        if len(pinned):
            place = growth.below(layout, members, nodes, pinned, _DROP)
        else:
            place = growth.aside(layout, members, nodes, pin, _ASIDE)
        if place is not None:
            growth.add(layout, members, lines, nodes, pinned, place)
            return


def _restrict(whole: Whole, nodes: Ints, edges: Ints) -> Whole:
    """Return the part of a graph with these nodes and edges; edges need both of their ends."""
    problem = whole.problem
    local = np.full(len(problem.width), -1)
    local[nodes] = np.arange(len(nodes))
    part = problem.part(nodes, edges, local[problem.src[edges]], local[problem.dst[edges]])
    return Whole(
        part, [whole.ids[k] for k in nodes.tolist()], [whole.keys[e] for e in edges.tolist()]
    )
