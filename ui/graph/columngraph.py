"""A networkx graph that is read from columns: attributes become dicts when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import networkx as nx
import numpy as np

from ui.graph.columns import Columns, Ints
from ui.graph.types import NodeId

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[NodeId]
else:
    Graph = nx.MultiDiGraph
T = TypeVar("T")
Attributes = dict[str, Any]
Beside = dict[NodeId, dict[int, Attributes]]  # neighbour -> key -> attributes of the edge


class ColumnGraph(Graph):
    """What `over` returns is frozen; copies of it are graphs like any other, without columns."""

    columns: Columns | None = None
    _node: Mapping[NodeId, Attributes]
    _succ: Mapping[NodeId, Beside]
    _pred: Mapping[NodeId, Beside]

    @classmethod
    def over(cls, columns: Columns) -> ColumnGraph:
        """Return the graph that the columns describe."""
        graph = cls()
        graph.columns = columns
        numbers = columns.index
        edges = _Edges(columns)
        graph._node = _Rows(numbers, columns.node)
        graph._succ = _Rows(numbers, edges.leaving)
        graph._pred = _Rows(numbers, edges.coming)
        frozen: ColumnGraph = nx.freeze(graph)
        return frozen


class _Rows(Mapping[NodeId, T]):
    """Makes what belongs to a node when it is asked for, and keeps it."""

    def __init__(self, numbers: dict[NodeId, int], make: Callable[[int], T]) -> None:
        self._numbers, self._make = numbers, make
        self._made: dict[NodeId, T] = {}

    def __getitem__(self, node: NodeId) -> T:
        made = self._made.get(node)
        if made is None:
            made = self._made.setdefault(node, self._make(self._numbers[node]))
        return made

    def __contains__(self, node: object) -> bool:
        return node in self._numbers

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class _Edges:
    """The edges at a node. One that leaves a node has the same dict where it comes to another."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._attributes: dict[int, Attributes] = {}

    def leaving(self, i: int) -> Beside:
        low, high = self._starts[i : i + 2].tolist()
        return self._beside(range(low, high), self._columns.dst)

    def coming(self, i: int) -> Beside:
        order, starts = self._backward
        return self._beside(order[starts[i] : starts[i + 1]].tolist(), self._columns.src)

    def _beside(self, edges: list[int] | range, ends: Ints) -> Beside:
        columns, beside = self._columns, Beside()
        for e in edges:
            lines = beside.setdefault(columns.ids[ends[e]], {})
            lines[int(columns.keys[e])] = self._edge(e)
        return beside

    def _edge(self, e: int) -> Attributes:
        found = self._attributes.get(e)
        return found or self._attributes.setdefault(e, self._columns.edge(e))

    @cached_property
    def _starts(self) -> Ints:
        return np.searchsorted(self._columns.src, np.arange(len(self._columns.ids) + 1))

    @cached_property
    def _backward(self) -> tuple[Ints, Ints]:
        columns = self._columns
        order = np.lexsort((columns.added, columns.dst))
        every = np.arange(len(columns.ids) + 1)
        return order, np.searchsorted(columns.dst[order], every)
