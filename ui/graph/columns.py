"""One graph in columns: what its nodes and edges say as arrays, and repeated words once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import NodeId, Role

if TYPE_CHECKING:
    import networkx as nx

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_MOST = 1 << 62  # codes of several columns in one number


@dataclass(frozen=True, slots=True)
class Column:
    """Row i says values[codes[i]]."""

    codes: Ints
    values: Sequence[Any]

    def __getitem__(self, row: int) -> Any:
        return self.values[self.codes[row]]


class Words:
    """Collects the values of a column; equal ones get one code."""

    def __init__(self) -> None:
        self._codes: dict[Any, int] = {}
        self._rows: list[Ints] = []

    def add(self, keys: Ints, say: Callable[[int], Any]) -> Ints:
        """Add a row for each of the keys, whose value is say(key); return their codes."""
        some, which = np.unique(keys, return_inverse=True)
        return self.add_codes(self._coded([say(key) for key in some.tolist()])[which.reshape(-1)])

    def add_all(self, values: Sequence[Any]) -> Ints:
        """Add rows, each with a value of its own."""
        return self.add_codes(self._coded(values))

    def add_codes(self, codes: Ints) -> Ints:
        """Add rows whose codes are known from other rows."""
        self._rows.append(codes)
        return codes

    def code(self, value: Any) -> int:
        """Return the code of a value."""
        return self._codes.setdefault(value, len(self._codes))

    def finish(self) -> Column:
        return Column(np.concatenate([np.zeros(0, np.int64), *self._rows]), list(self._codes))

    def _coded(self, values: Sequence[Any]) -> Ints:
        return np.array([self.code(value) for value in values], np.int64)


@dataclass(frozen=True)
class Columns:
    """n nodes and m edges, both in the order in which the graph has them.

    kinds, refs, events: (n,); twins: (n,) the number of a node's twin or -1; roots: (n,);
    places: cell and line; the other columns are the attributes of their names. src, dst: (m,)
    numbers of nodes; keys, roles, slots, born: (m,), born is the attribute `event`; added: (m,)
    when each edge was added, which orders those that come to one node.
    """

    ids: list[NodeId]
    kinds: Ints
    refs: Ints
    events: Ints
    twins: Ints
    roots: Bools
    requires_grad: Bools
    title: Column
    detail: Column
    family: Column
    name: Column
    shape: Column
    dtype: Column
    places: Column
    src: Ints
    dst: Ints
    keys: Ints
    roles: Ints
    slots: Ints
    born: Ints
    added: Ints

    @cached_property
    def index(self) -> dict[NodeId, int]:
        """Return the number of each node; it is for reading only."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    def node(self, i: int) -> dict[str, Any]:
        """Return the attributes of a node; see `ui.graph.build`."""
        ref, (cell, line), twin = self.ids[i], self.places[i], int(self.twins[i])
        return {
            "kind": ref.kind, "ref": ref.ref, "title": self.title[i], "detail": self.detail[i],
            "family": self.family[i], "name": self.name[i], "shape": self.shape[i],
            "dtype": self.dtype[i], "event": int(self.events[i]),
            "twin": self.ids[twin] if twin >= 0 else None, "cell": cell, "line": line,
            "requires_grad": bool(self.requires_grad[i]), "root": bool(self.roots[i]),
        }  # fmt: skip

    def edge(self, e: int) -> dict[str, Any]:
        """Return the attributes of an edge."""
        role, slot, born = int(self.roles[e]), int(self.slots[e]), int(self.born[e])
        return {"role": Role(role), "slot": slot, "event": born}

    def distinct(self, *columns: NDArray[Any]) -> tuple[Ints, Ints]:
        """Return (k,) rows that differ in these (n,) columns of small numbers, and for each of the
        n rows which of the k says the same."""
        code, size = np.zeros(len(self.ids), np.int64), 1
        for column in columns:
            span = int(column.max(initial=0)) + 1
            if size * span >= _MOST:
                _, code = np.unique(code, return_inverse=True)
                size = int(code.max(initial=0)) + 1
            code, size = code * span + column, size * span
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        return first, which.reshape(-1)


def in_order(n: int, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
    """Return the order in which a multigraph of n nodes has the edges that were added to it, and
    for each in this order its key: by source, then by when the first to a target was added."""
    pair = src * n + dst
    _, first, which = np.unique(pair, return_index=True, return_inverse=True)
    since = first[which.reshape(-1)]
    order = np.lexsort((since, src))  # stable: parallel edges stay in their order
    begins = np.flatnonzero(np.diff(since[order], prepend=-1))
    keys = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
    return order, keys


def columns_of(graph: nx.MultiDiGraph[NodeId]) -> Columns | None:
    """Return the columns that a graph shows, None for one that was put together by other means."""
    found: Columns | None = getattr(graph, "columns", None)
    return found


def index_of(graph: nx.MultiDiGraph[NodeId], ids: Sequence[NodeId]) -> dict[NodeId, int]:
    """Return where in `ids` each node is, to be read only; `ids` are of the graph's nodes."""
    columns = columns_of(graph)
    if columns is not None and columns.ids == ids:
        return columns.index
    return {node: i for i, node in enumerate(ids)}
