"""Which nodes are selected: a chief, whose facts are shown, and those that were picked with it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ui.graph.scene import Indices, Scene
from ui.graph.types import NodeId


class Picks:
    """Node numbers of the shown scene, without order; the chief is one of them, or -1."""

    def __init__(self) -> None:
        self.chief = -1
        self.nodes: frozenset[int] = frozenset()
        self._others: Indices | None = None

    @property
    def others(self) -> Indices:
        """Return all but the chief, in graph order."""
        if self._others is None:
            self._others = np.array(sorted(self.nodes - {self.chief}), np.intp)
        return self._others

    def only(self, node: int) -> None:
        """Select one node (-1: none)."""
        self.set([] if node < 0 else [node], node)

    def toggle(self, node: int) -> None:
        """Add a node as the chief, or take it away."""
        if node in self.nodes:
            self.set(self.nodes - {node})
        else:
            self.set(self.nodes | {node}, node)

    def set(self, nodes: Iterable[int], chief: int = -1) -> None:
        """Select these; the chief stays if it is among them, and else is the first in graph order.

        chief: who shall be it, if not -1.
        """
        self.nodes, self._others = frozenset(nodes), None
        if chief in self.nodes:
            self.chief = chief
        elif self.chief not in self.nodes:
            self.chief = min(self.nodes, default=-1)

    def moved(self, old: Scene | None, new: Scene | None) -> None:
        """Keep what a new scene still has."""
        names = [] if old is None else [old.ids[node] for node in sorted(self.nodes)]
        chief = None if old is None or self.chief < 0 else old.ids[self.chief]
        index: dict[NodeId, int] = {} if new is None else new.index
        self.chief = -1
        kept = [index[name] for name in names if name in index]
        self.set(kept, -1 if chief is None else index.get(chief, -1))
