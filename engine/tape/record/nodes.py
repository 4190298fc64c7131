"""Nodes of the backward graph: one row each, older ones before those that refer to them."""

from __future__ import annotations

from typing import Any

from engine.tape.record import engine
from engine.tape.record.engine import LEAF
from engine.tape.record.rows import Batch
from engine.tape.record.saved import Made, saved_by
from engine.tape.record.tensors import Tensors

_LAST_SEQ = 1 << 62  # what `seq` says of an AccumulateGrad, which has no place in the order


class Nodes:
    """Writes `nodes`, `edges` and `saved`; keeps no node alive: they are known by their number."""

    def __init__(self, batch: Batch, tensors: Tensors) -> None:
        self._batch = batch
        self._tensors = tensors
        self._rows, self._edges, self._saved = (batch[t] for t in ("nodes", "edges", "saved"))
        self._values = batch["values"]
        self._by_seq: dict[int, int] = {}
        self._by_leaf: dict[int, int] = {}

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
        leaf = engine.leaf_of(node)
        if leaf is not None:
            return self.accumulate(leaf)
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
            row = self._by_leaf[tensor] = self._rows.add(
                name, -1, tensor, self._edges.count, 0, self._saved.count, 0, _LAST_SEQ,
                self._batch.events.count,
            )  # fmt: skip
        return row

    def made(self, node: Any, made: Made) -> int:
        """Write the node that an operation made and return its row; -1 for an older node.

        The rows of the operation's outputs must follow.
        """
        if node.seq in self._by_seq:
            return -1
        for edge, _ in engine.next_edges(node):
            if edge is not None:
                self.row(edge)
        return self._add(node, made)

    def _add_with_dependencies(self, node: Any) -> int:
        stack = [node]
        while stack:
            top = stack[-1]
            unknown = [e for e, _ in engine.next_edges(top) if e is not None and self._unknown(e)]
            if unknown:
                stack += unknown
            else:
                stack.pop()
                if top.seq not in self._by_seq:
                    self._add(top, None)
        return self._by_seq[node.seq]

    def _unknown(self, node: Any) -> bool:
        if engine.leaf_of(node) is not None:
            self.row(node)
            return False
        return node.seq not in self._by_seq

    def _add(self, node: Any, made: Made | None) -> int:
        edges = [(-1, 0) if e is None else (self.row(e), nr) for e, nr in engine.next_edges(node)]
        first_edge, first_saved = self._edges.count, self._saved.count
        for row, nr in edges:
            self._edges.add(row, nr)
        if made is not None:
            for name, value, text in saved_by(node, made, self._values.count):
                constant = self._batch.text(text) if value < 0 else -1
                self._saved.add(self._batch.text(name), value, constant)
        number = self._rows.add(
            self._batch.text(_name(node)), made.op if made else -1, -1, first_edge, len(edges),
            first_saved, self._saved.count - first_saved, int(node.seq), self._batch.events.count,
        )  # fmt: skip
        self._by_seq[node.seq] = number
        return number


def _name(node: Any) -> str:
    return str(node.name()).removeprefix("torch::autograd::")
