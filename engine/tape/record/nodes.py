"""Nodes of the backward graph: one row each, older ones before those that refer to them."""

from __future__ import annotations

from array import array
from typing import Any

from engine.autograd.node import LEAF, AccumulateGrad, Port
from engine.tape.record import engine
from engine.tape.record.rows import Batch
from engine.tape.record.saved import Made, Saved
from engine.tape.record.tensors import Tensors

_LAST_SEQ = 1 << 62  # what `seq` says of an AccumulateGrad, which has no place in the order


class Nodes:
    """Writes `nodes` and `edges`; keeps no node alive: they are known by their number.

    first_edge, n_edge: per row of nodes its rows of edges; targets, numbers: what these hold.
    """

    def __init__(self, batch: Batch, tensors: Tensors) -> None:
        self._batch = batch
        self._tensors = tensors
        self._rows, self._edges = batch["nodes"], batch["edges"]
        self._saved = Saved(batch)
        self._by_seq: dict[Any, int] = {}
        self._by_leaf: dict[int, int] = {}
        self._titles: dict[type, int] = {}
        self.first_edge = array("i")
        self.n_edge = array("i")
        self.targets = array("i")
        self.numbers = array("i")

    def place(self, tensor: Any) -> tuple[int, int]:
        """Return a tensor's row of nodes and output number, (-1, -1) for one without history."""
        edge, nr = engine.edge_of(tensor)
        if edge is None or edge is LEAF:
            return -1, -1
        return self.row(edge), nr

    def end(self, tensor: Any) -> tuple[int, int]:
        """Return where a tensor's gradient goes: as `place`, or a leaf's AccumulateGrad."""
        if engine.requires_grad_leaf(tensor):
            return self.accumulate(tensor), 0
        return self.place(tensor)

    def row(self, node: Any) -> int:
        """Return a node's row; an unknown one is written, after all that it depends on."""
        if type(node) is AccumulateGrad:
            return self.accumulate(node.variable)
        row = self._by_seq.get(node.seq)
        return row if row is not None else self._add_with_dependencies(node)

    def accumulate(self, leaf: Any) -> int:
        """Return the row of a leaf's AccumulateGrad."""
        tensor = self._tensors.known(leaf)
        if tensor < 0:
            self._tensors.current(leaf, -1)
            tensor = self._tensors.known(leaf)
        row = self._by_leaf.get(tensor)
        if row is None:
            name = self._batch.text("AccumulateGrad")
            row = self._by_leaf[tensor] = self._write(name, -1, tensor, [], 0, 0, _LAST_SEQ)
        return row

    def made(self, node: Any, made: Made) -> int:
        """Write the node that an operation made and return its row; -1 for an older node.

        The rows of the operation's outputs must follow.
        """
        if node.seq in self._by_seq:
            return -1
        edges = self._edges_of(node)
        first, count = self._saved.add(node, made)
        return self._add(node, made.op, edges, first, count)

    def _add_with_dependencies(self, node: Any) -> int:
        stack = [node]
        while stack:
            top = stack[-1]
            ends = [e.node if type(e) is Port else e for e in top.edges if e is not None]
            unknown = [
                e for e in ends if type(e) is not AccumulateGrad and e.seq not in self._by_seq
            ]
            if unknown:
                stack += unknown
                continue
            stack.pop()
            if top.seq not in self._by_seq:
                self._add(top, -1, self._edges_of(top), 0, 0)
        return self._by_seq[node.seq]

    def _edges_of(self, node: Any) -> list[tuple[int, int]]:
        """Return row and output number of all that a node sends to; unknown ones are written."""
        by_seq, found = self._by_seq, []
        edge: Any
        for edge in node.edges:
            if edge is None:
                found.append((-1, 0))
                continue
            nr = 0
            if type(edge) is Port:
                edge, nr = edge.node, edge.nr
            row = None if type(edge) is AccumulateGrad else by_seq.get(edge.seq)
            found.append((self.row(edge) if row is None else row, nr))
        return found

    def _add(
        self, node: Any, op: int, edges: list[tuple[int, int]], saved: int, n_saved: int
    ) -> int:
        kind = type(node)
        title = self._titles.get(kind)
        if title is None:
            name = str(node.name()).removeprefix("torch::autograd::")
            title = self._titles[kind] = self._batch.text(name)
        row = self._write(title, op, -1, edges, saved, n_saved, int(node.seq))
        self._by_seq[node.seq] = row
        return row

    def _write(
        self, name: int, op: int, variable: int, edges: list[tuple[int, int]], saved: int,
        n_saved: int, seq: int,
    ) -> int:  # fmt: skip
        first = self._edges.count
        for target, nr in edges:
            self._edges.add(target, nr)
            self.targets.append(target)
            self.numbers.append(nr)
        self.first_edge.append(first)
        self.n_edge.append(len(edges))
        return self._rows.add(
            name, op, variable, first, len(edges), saved, n_saved, seq, self._batch.events.count
        )
