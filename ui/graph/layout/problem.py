"""The layout's input as arrays: one connected graph of sized nodes and edges with roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ui.graph.columns import Columns, columns_of
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
    turned (see `turned`), so that heights here are widths there. apart: between op and grad_fn of
    the pairs at which lines run into groups and out of them, 0 where each may have its own.
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
    apart: float = 0.0

    def part(self, nodes: Ints | slice, edges: Ints | slice, src: Ints, dst: Ints) -> Problem:
        """Return the problem of some nodes and edges, whose ends are src and dst among them."""
        some = {name: getattr(self, name)[nodes] for name in _OF_NODES}
        some |= {name: getattr(self, name)[edges] for name in _OF_EDGES}
        return Problem(src=src, dst=dst, sideways=self.sideways, apart=self.apart, **some)

    def columns(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Return all arrays: those of nodes and those of edges."""
        of_edges = [self.src, self.dst, *(getattr(self, name) for name in _OF_EDGES)]
        return [getattr(self, name) for name in _OF_NODES], of_edges

    @property
    def groups(self) -> Bools:
        """Return (n,) which nodes are groups with nodes of their own inside."""
        return np.asarray(np.isfinite(self.data_at))


_OF_EDGES = ("role", "parallel", "slot", "upper_at", "lower_at")
_OF_NODES = tuple(
    field.name
    for field in fields(Problem)
    if field.name not in (*_OF_EDGES, "src", "dst", "sideways", "apart")
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
    columns = columns_of(graph)
    whole = _read(graph) if columns is None else _taken(columns)
    n, m = len(whole.ids), len(whole.src)
    # Most are in the order of the graph already.
    rows = sizes.values() if list(sizes) == whole.ids else map(sizes.__getitem__, whole.ids)
    size = np.fromiter(chain.from_iterable(rows), np.float64, 2 * n).reshape(n, 2)
    if sideways:
        size = size[:, ::-1]
    bare = np.ones(n, np.int64), np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, np.nan)
    free = np.full(m, np.nan), np.full(m, np.nan)
    parallel = _parallel(n, whole.src, whole.dst, whole.role)
    problem = Problem(
        size[:, 0], size[:, 1], whole.kind, whole.src, whole.dst, whole.role, parallel,
        whole.slot, whole.root, *bare, *free, sideways,
    )  # fmt: skip
    return Whole(problem, whole.ids, whole.keys)


class _Rows(NamedTuple):
    """Nodes and edges as in Problem, with their names as in Whole."""

    ids: list[NodeId]
    kind: Ints
    root: Ints
    src: Ints
    dst: Ints
    keys: list[Any]
    role: Ints
    slot: Ints


def _taken(columns: Columns) -> _Rows:
    return _Rows(
        columns.ids, columns.kinds, columns.roots.astype(np.int64), columns.src, columns.dst,
        columns.keys.tolist(), columns.roles, columns.slots,
    )  # fmt: skip


def _read(graph: nx.MultiDiGraph[NodeId]) -> _Rows:
    ids: list[NodeId] = list(graph.nodes)
    number = dict(zip(ids, range(len(ids)), strict=True))
    sources: list[int] = []
    targets: list[int] = []
    keys: list[Any] = []
    roles: list[int] = []
    slots: list[int] = []
    starts, ends, names = sources.append, targets.append, keys.append
    plays, places = roles.append, slots.append
    for a, (_, beside) in enumerate(graph.adjacency()):
        for v, lines in beside.items():
            b = number[v]
            for key, data in lines.items():
                starts(a)
                ends(b)
                names(key)
                plays(data["role"])
                places(data.get("slot", 0))
    kinds = [node.kind if isinstance(node, NodeId) else Kind.OP for node in ids]
    roots = [bool(data.get("root")) for _, data in graph.nodes(data=True)]
    kind, root, src, dst, role, slot = (
        np.array(column, np.int64) for column in (kinds, roots, sources, targets, roles, slots)
    )
    return _Rows(ids, kind, root, src, dst, keys, role, slot)


def _parallel(n: int, src: Ints, dst: Ints, role: Ints) -> Ints:
    """Count edges of one role between the same nodes, in the order of the graph."""
    key = (src * n + dst) * len(Role) + role
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    count = np.empty(len(key), np.int64)
    count[order] = np.arange(len(key)) - np.repeat(first, np.diff(first, append=len(key)))
    return count
