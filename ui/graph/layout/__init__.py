"""Layered layout: forward and backward spine side by side, as mirrored pairs of one rank.

A pipeline of pure steps: units (mirrored pairs), ranks, items (units and bends of long links),
order within ranks (few crossings), blocks (straight verticals), coordinates, plan (ways and
ports of edges), routes. Data edges run downward, gradient edges upward; curves lie in the gaps
between ranks, so none can touch a box. Deterministic: it depends on the graph's order alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import networkx as nx
import numpy as np

from ui.graph.layout.assemble import assemble
from ui.graph.layout.orient import Orientation, orient
from ui.graph.layout.portals import Portals, far_edges, hub_edges, with_badges
from ui.graph.layout.problem import Problem, read_graph
from ui.graph.layout.section import Drawing, draw_section
from ui.graph.layout.sections import Cut, cut
from ui.graph.types import Layout, NodeId

Progress = Callable[[float], None]
_PREPARED = 0.05  # the part of progress that comes before the sections


class LayoutCancelled(Exception):
    """Raised by `lay_out` when `cancelled` said so."""


def lay_out(
    graph: nx.MultiDiGraph[NodeId],
    sizes: Mapping[NodeId, tuple[float, float]],
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Layout:
    """Return where the graph's nodes and edges lie; edges need the attribute `role`,
    and `slot` where inputs have an order; nodes may have `root`, where a backward pass begins.

    sizes: width and height per node. progress is called with the done part, 0 to 1; cancelled is
    asked often, and LayoutCancelled raised when it returns True.
    """
    watch = _Watch(progress, cancelled)
    whole = read_graph(graph, sizes)
    watch(0.0)
    portals, way = _through_portals(whole.problem)
    watch(_PREPARED)
    sections = cut(portals.problem, way)
    drawings = _draw(sections, watch)
    problem = whole.problem
    ends = np.stack([problem.src, problem.dst], axis=1)
    return assemble(whole.ids, whole.keys, ends, problem.role, portals, sections, drawings)


def _through_portals(problem: Problem) -> tuple[Portals, Orientation]:
    """Put badges where edges would run too far, and find which way is down."""
    portal = hub_edges(problem)
    while True:
        portals = with_badges(problem, portal)
        way = orient(portals.problem)
        far = portals.edge[far_edges(portals.problem, way.node_ranks()) & (portals.edge >= 0)]
        if not len(far):
            return portals, way
        portal[far] = True


def _draw(sections: Cut, watch: _Watch) -> list[Drawing]:
    """Return the drawing of each section; equal ones are drawn once."""
    total = max(len(sections.nodes), 1)
    done = 0
    known: dict[tuple[object, ...], Drawing] = {}
    drawings = []
    for section in sections.sections:
        key = section.fingerprint()
        size = len(section.rank)
        if key not in known:
            known[key] = draw_section(section, watch.within(done / total, size / total))
        drawings.append(known[key])
        done += size
    return drawings


class _Watch:
    """Tells of progress and asks whether to go on."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def __call__(self, part: float) -> None:
        if self._cancelled is not None and self._cancelled():
            raise LayoutCancelled
        if self._progress is not None:
            self._progress(part)

    def within(self, start: float, share: float) -> Progress:
        """Return a watch on a share of the sections' work, which follows the preparations."""
        return lambda part: self(_PREPARED + (1 - _PREPARED) * (start + part * share))
