"""Which nodes can be reached from one: its neighbourhood, what it was made of, what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Role

Bools = NDArray[np.bool_]


class Way(Enum):
    """Which edges are followed. Ancestors and descendants are those of one spine: of an operation,
    what it takes and what takes it; of a backward node, whence its cotangent comes and whither it
    goes. The neighbourhood knows no direction, and ties are part of it."""

    NEAR = "near"
    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"


class Reach:
    """The edges of a graph of n nodes, ready to be followed."""

    def __init__(self, n: int, ends: NDArray[np.int32], roles: NDArray[np.uint8]) -> None:
        """ends: (m, 2) source and target numbers; roles: (m,) of Role."""
        self._n = n
        self._ends, self._ties = ends.astype(np.int64), roles == Role.TIE

    def of(
        self, nodes: Iterable[int], way: Way, hops: int | None = None, ends: Bools | None = None
    ) -> Bools:
        """Return (n,) which nodes can be reached in at most `hops` steps (None: any number).

        The nodes themselves are among them. ends: (n,) nodes at which a way ends, if it did not
        begin there.
        """
        source, target = self._ends.T
        if way == Way.NEAR:
            source, target = np.concatenate([source, target]), np.concatenate([target, source])
        else:
            source, target = source[~self._ties], target[~self._ties]
            if way == Way.ANCESTORS:
                source, target = target, source
        order = np.argsort(source, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=self._n))]).tolist()
        targets = target[order].tolist()
        found = bytearray(self._n)
        closed = bytearray(self._n) if ends is None else bytearray(ends.tobytes())
        edge, steps = list(nodes), 0
        for node in edge:
            found[node], closed[node] = 1, 0
        while edge and (hops is None or steps < hops):
            following = []
            for at in edge:
                if closed[at]:
                    continue
                for other in targets[first[at] : first[at + 1]]:
                    if not found[other]:
                        found[other] = 1
                        following.append(other)
            edge, steps = following, steps + 1
        return np.frombuffer(bytes(found), np.bool_)

    def degrees(self) -> NDArray[np.int64]:
        """Return (n,) how many edges each node has."""
        return np.bincount(self._ends.ravel(), minlength=self._n)

    def with_partners(self, nodes: Bools) -> Bools:
        """Return `nodes` with those that ties lead to: operations with their backward nodes."""
        ties = self._ends[self._ties]
        either = nodes[ties[:, 0]] | nodes[ties[:, 1]]
        grown = nodes.copy()
        grown[ties[either].ravel()] = True
        return grown
