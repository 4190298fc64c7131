"""How far a backward pass has come through folded groups: counts of visited nodes, kept cheaply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Kind, NodeId


class Wave:
    """Counts, for each folded group, the grad_fn and AccumulateGrad nodes that were visited."""

    def __init__(self, inside: Mapping[NodeId, int], n: int) -> None:
        """inside: the group, as a number below n, of each node that is in one."""
        back = [
            (node.ref, group)
            for node, group in inside.items()
            if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE)
        ]
        rows, owners = np.array(back, np.int64).reshape(-1, 2).T
        self._owner = np.full(int(rows.max(initial=0)) + 1, -1, np.int64)
        self._owner[rows] = owners
        self._seen = np.zeros(len(self._owner), bool)
        self._total = np.bincount(owners, minlength=n)
        self._done = np.zeros(n, np.int64)
        self.groups = np.unique(owners)

    def visit(self, rows: NDArray[Any], visited: NDArray[np.bool_]) -> None:
        """Take in which rows of the table nodes are visited now; others stay as they were."""
        rows, first = np.unique(rows, return_index=True)
        known = rows < len(self._owner)
        rows, visited = rows[known], visited[first[known]]
        inside = self._owner[rows] >= 0
        rows, visited = rows[inside], visited[inside]
        change = visited.astype(np.int64) - self._seen[rows]
        np.add.at(self._done, self._owner[rows], change)
        self._seen[rows] = visited

    def shares(self) -> NDArray[np.float64]:
        """Return (n,) which share of each group's nodes is visited, 0 for all that is no group."""
        return np.asarray(self._done / np.maximum(self._total, 1))
