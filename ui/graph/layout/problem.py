"""The layout's input as arrays: one connected graph of sized nodes and edges with roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Kind, NodeId

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Problem:
    """n nodes and m edges; nodes and edges are numbered in the order of the graph.

    width, height: (n,) in scene units; kind: (n,) of Kind; src, dst: (m,) node numbers;
    role: (m,) of Role; parallel: (m,) counts 0, 1, ... edges of one role between the same nodes;
    slot: (m,) place among the inputs, or among next_functions; root: (n,) 1 where a pass began.
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


@dataclass(frozen=True, slots=True)
class Whole:
    """A problem with the names that its numbers stand for."""

    problem: Problem
    ids: list[NodeId]
    keys: list[Any]


def read_graph(
    graph: nx.MultiDiGraph[NodeId], sizes: Mapping[NodeId, tuple[float, float]]
) -> Whole:
    """Number the nodes and edges of a graph; raises KeyError for a node without a size."""
    ids: list[NodeId] = list(graph.nodes)
    number = {node: i for i, node in enumerate(ids)}
    src: list[int] = []
    dst: list[int] = []
    role: list[int] = []
    parallel: list[int] = []
    keys: list[Any] = []
    slot: list[int] = []
    seen: dict[tuple[int, int, int], int] = {}
    for u, v, key, data in graph.edges(keys=True, data=True):
        ends = (number[u], number[v], int(data["role"]))
        count = seen.get(ends, 0)
        seen[ends] = count + 1
        src.append(ends[0])
        dst.append(ends[1])
        role.append(ends[2])
        parallel.append(count)
        keys.append(key)
        slot.append(data.get("slot", 0))
    size = np.array([sizes[node] for node in ids], np.float64).reshape(len(ids), 2)
    kinds = [int(node.kind) if isinstance(node, NodeId) else int(Kind.OP) for node in ids]
    roots = [bool(root) for _, root in graph.nodes(data="root")]
    columns = [
        np.array(column, np.int64) for column in (kinds, src, dst, role, parallel, slot, roots)
    ]
    return Whole(Problem(size[:, 0], size[:, 1], *columns), ids, keys)
