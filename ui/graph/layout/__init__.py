"""Layered layout: forward and backward spine side by side, as mirrored pairs of one rank.

A pipeline of pure steps: portals (edges too far to draw, and the few that keep a deep graph from
being cut), units (mirrored pairs) and their ranks, sections (a deep graph is cut where all lines
run through one unit; equal ones are laid out once). For each section: items (units and bends of
long links), order within ranks (few crossings), blocks (straight verticals), coordinates, plan
(ways and ports of edges), routes. Then columns and shelves. Groups go through the same steps one by
one, from the innermost outward; each then stands as one box in what is around it.
Data edges run downward, gradient edges upward; curves lie in the gaps between ranks, so none can
touch a box. Deterministic: it depends on the graph's order alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ui.graph.layout.arrange import arrange
from ui.graph.layout.extend import extend
from ui.graph.layout.frames import arrange_nested
from ui.graph.layout.portals import hub_edges
from ui.graph.layout.problem import Whole, read_graph
from ui.graph.layout.turning import turned
from ui.graph.layout.watch import LayoutCancelled, Progress, Watch
from ui.graph.types import Layout, Nest, NodeId

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["LayoutCancelled", "Progress", "lay_out"]


def lay_out(
    graph: nx.MultiDiGraph[NodeId],
    sizes: Mapping[NodeId, tuple[float, float]],
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    before: Layout | None = None,
    nest: Nest | None = None,
    sideways: bool = False,
) -> Layout:
    """Return where the graph's nodes and edges lie; edges need the attribute `role`,
    and `slot` where inputs have an order; nodes may have `root`, where a backward pass begins.

    sizes: width and height per node. progress is called with the done part, 0 to 1; cancelled is
    asked often, and LayoutCancelled raised when it returns True. before: the layout of the same
    graph when it was smaller; what it holds stays where it is, wherever the graph only grew.
    nest: groups, which get frames that nothing else enters. sideways: from left to right instead
    of top-down.
    """
    watch = Watch(progress, cancelled)
    whole = read_graph(graph, sizes, sideways)
    watch(0.0)
    if before is not None and before.sideways != sideways:
        before = None
    if not sideways:
        return _lay_out(whole, watch, before, nest)
    return turned(_lay_out(whole, watch, None if before is None else turned(before), nest))


def _lay_out(whole: Whole, watch: Watch, before: Layout | None, nest: Nest | None) -> Layout:
    if nest is not None and not (nest.ids and whole.ids):
        nest = None
    grown = None if before is None else extend(before, whole, nest, watch)
    if grown is not None:
        return grown
    portal = hub_edges(whole.problem)
    if nest is not None:
        return arrange_nested(whole, nest, portal, watch)
    return arrange(whole, portal, watch)
