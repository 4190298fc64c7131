"""The layout's input as arrays: one connected graph of sized nodes and edges with roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Kind, NodeId, Role

if TYPE_CHECKING:
    import networkx as nx

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TOP, BOTTOM = 1, 2


@dataclass(frozen=True, slots=True)
class Problem:
    """n nodes and m edges; nodes and edges are numbered in the order of the graph.

    width, height: (n,) in scene units; kind: (n,) of Kind; src, dst: (m,) node numbers;
    role: (m,) of Role; parallel: (m,) counts 0, 1, ... edges of one role between the same nodes;
    slot: (m,) place among the inputs, or among next_functions; root: (n,) 1 where a pass began.
    Of graphs within groups: weight: (n,) how many nodes a node stands for; pin: (n,) TOP or BOTTOM
    where lines come in or go out, 0 else; data_at, grad_at: (n,) where the lines of a group run,
    from its left, NaN for cards; upper_at, lower_at: (m,) where the upper and the lower end of an
    edge is fixed, from the left of its box, NaN where it is free. sideways: the drawing will be
    turned (see `turned`), so that heights here are widths there.
    """

    width: Floats
    height: Floats
    kind: Ints
    src: Ints
    dst: Ints
    role: Ints
    parallel: Ints
    slot: Ints
    root: Ints
    weight: Ints
    pin: Ints
    data_at: Floats
    grad_at: Floats
    upper_at: Floats
    lower_at: Floats
    sideways: bool = False

    def part(self, nodes: Ints | slice, edges: Ints | slice, src: Ints, dst: Ints) -> Problem:
        """Return the problem of some nodes and edges, whose ends are src and dst among them."""
        some = {name: getattr(self, name)[nodes] for name in _OF_NODES}
        some |= {name: getattr(self, name)[edges] for name in _OF_EDGES}
        return Problem(src=src, dst=dst, sideways=self.sideways, **some)

    @property
    def groups(self) -> Bools:
        """Return (n,) which nodes are groups with nodes of their own inside."""
        return np.asarray(np.isfinite(self.data_at))


_OF_EDGES = ("role", "parallel", "slot", "upper_at", "lower_at")
_OF_NODES = tuple(
    field.name
    for field in fields(Problem)
    if field.name not in (*_OF_EDGES, "src", "dst", "sideways")
)


@dataclass(frozen=True, slots=True)
class Whole:
    """A problem with the names that its numbers stand for."""

    problem: Problem
    ids: list[NodeId]
    keys: list[Any]


def read_graph(
    graph: nx.MultiDiGraph[NodeId],
    sizes: Mapping[NodeId, tuple[float, float]],
    sideways: bool = False,
) -> Whole:
    """Number the nodes and edges of a graph; raises KeyError for a node without a size."""
    ids: list[NodeId] = list(graph.nodes)
    number = {node: i for i, node in enumerate(ids)}
    sources: list[int] = []
    targets: list[int] = []
    keys: list[Any] = []
    roles: list[int] = []
    slots: list[int] = []
    for u, beside in graph.adjacency():
        a = number[u]
        for v, lines in beside.items():
            b = number[v]
            for key, data in lines.items():
                sources.append(a)
                targets.append(b)
                keys.append(key)
                roles.append(data["role"])
                slots.append(data.get("slot", 0))
    src, dst, role, slot = (
        np.array(column, np.int64) for column in (sources, targets, roles, slots)
    )
    size = np.array([sizes[node] for node in ids], np.float64).reshape(len(ids), 2)
    if sideways:
        size = size[:, ::-1]
    kinds = [int(node.kind) if isinstance(node, NodeId) else int(Kind.OP) for node in ids]
    roots = [bool(root) for _, root in graph.nodes(data="root")]
    columns = (
        np.array(kinds, np.int64), src, dst, role, _parallel(len(ids), src, dst, role), slot,
        np.array(roots, np.int64),
    )  # fmt: skip
    n, m = len(ids), len(src)
    bare = np.ones(n, np.int64), np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, np.nan)
    free = np.full(m, np.nan), np.full(m, np.nan)
    return Whole(Problem(size[:, 0], size[:, 1], *columns, *bare, *free, sideways), ids, keys)


def _parallel(n: int, src: Ints, dst: Ints, role: Ints) -> Ints:
    """Count edges of one role between the same nodes, in the order of the graph."""
    key = (src * n + dst) * len(Role) + role
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    count = np.empty(len(key), np.int64)
    count[order] = np.arange(len(key)) - np.repeat(first, np.diff(first, append=len(key)))
    return count
