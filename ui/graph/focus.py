"""A part of a graph that is shown by itself: around one node, or all that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ui.graph.reach import Reach, Way
from ui.graph.types import Kind, NodeId, empty_graph

if TYPE_CHECKING:
    import networkx as nx

MOST_HOPS = 99


class Focus(NamedTuple):
    """What is looked at: a node and its neighbours in `hops` steps, or all its ancestors or
    descendants, whatever `hops` is."""

    node: NodeId
    way: Way
    hops: int = 2

    def wider(self, by: int) -> Focus:
        """Return the same with more steps, or fewer, but one at least."""
        return self._replace(hops=min(max(self.hops + by, 1), MOST_HOPS))


def focused(graph: nx.MultiDiGraph[NodeId], focus: Focus) -> nx.MultiDiGraph[NodeId]:
    """Return the part of a graph that a focus is on, in the graph's order.

    From a weight that many share, a neighbourhood does not go on to all of these. Ancestors and
    descendants come with their partners on the other spine. Raises KeyError if the node is not in
    the graph.
    """
    from ui.graph.layout.portals import HUB_FAN_OUT  # with all of the layout, as drawing does

    ids = list(graph)
    index = {node: i for i, node in enumerate(ids)}
    edges = list(graph.edges(keys=True, data=True))
    ends = np.array([(index[a], index[b]) for a, b, _, _ in edges], np.int32).reshape(-1, 2)
    roles = np.array([data["role"] for *_, data in edges], np.uint8)
    reach = Reach(len(ids), ends, roles)
    if focus.way == Way.NEAR:
        leafy = np.array([node.kind in (Kind.LEAF, Kind.ACCUMULATE) for node in ids], bool)
        shared = leafy & (reach.degrees() > HUB_FAN_OUT)
        inside = reach.of([index[focus.node]], focus.way, focus.hops, shared)
    else:
        inside = reach.with_partners(reach.of([index[focus.node]], focus.way))
    part = empty_graph()
    for i in np.flatnonzero(inside).tolist():
        part.add_node(ids[i], **graph.nodes[ids[i]])
    for e in np.flatnonzero(inside[ends[:, 0]] & inside[ends[:, 1]]).tolist():
        source, target, key, data = edges[e]
        part.add_edge(source, target, key, **data)
    return part
