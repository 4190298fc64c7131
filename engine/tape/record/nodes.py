"""Nodes of the backward graph: one row each, older ones before those that refer to them."""

from __future__ import annotations

from array import array
from typing import Any

from engine.autograd.node import LEAF, AccumulateGrad, Port
from engine.tape.record import engine
from engine.tape.record.rows import Batch
from engine.tape.record.saved import Made, Saved
from engine.tape.record.tensors import Tensors

_NOWHERE = -1, 0
_LAST_SEQ = 1 << 62  # what `seq` says of an AccumulateGrad, which has no place in the order


class Nodes:
    """Writes `nodes` and `edges`; keeps no node alive: they are known by their number.

    by_seq: rows of nodes; by_leaf: rows of the AccumulateGrads of tensors. first_edge, n_edge: per
    row of nodes its rows of edges; targets, numbers: what these hold.
    """

    def __init__(self, batch: Batch, tensors: Tensors) -> None:
        self._batch = batch
        self._tensors = tensors
        self._rows, self._edges, self._events = batch["nodes"], batch["edges"], batch.events
        self._put_edges = self._edges.put
        self.saved = Saved(batch, tensors)
        self.by_seq: dict[Any, int] = {}
        self.by_leaf: dict[int, int] = {}
        self.with_ports: set[int] = set()  # rows of nodes with several outputs
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
        row = self.by_seq.get(node.seq)
        return row if row is not None else self._add_with_dependencies(node)

    def accumulate(self, leaf: Any) -> int:
        """Return the row of a leaf's AccumulateGrad."""
        tensor = self._tensors.known(leaf)
        if tensor < 0:
            self._tensors.current(leaf, -1)
            tensor = self._tensors.known(leaf)
        row = self.by_leaf.get(tensor)
        if row is None:
            name = self._batch.text("AccumulateGrad")
            row = self.by_leaf[tensor] = self._write(name, -1, tensor, [], 0, 0, _LAST_SEQ)
        return row

    def made(self, node: Any, made: Made) -> int:
        """Write the node that an operation made and return its row; -1 for an older node.

        The rows of the operation's outputs must follow.
        """
        if node.seq in self.by_seq:
            return -1
        edges = self._edges_of(node)
        first, count = self.saved.add(node, made)
        return self._add(node, made.op, edges, first, count)

    def _add_with_dependencies(self, node: Any) -> int:
        stack = [node]
        while stack:
            top = stack[-1]
            ends = [e.node if type(e) is Port else e for e in top.edges if e is not None]
            unknown = [
                e for e in ends if type(e) is not AccumulateGrad and e.seq not in self.by_seq
            ]
            if unknown:
                stack += unknown
                continue
            stack.pop()
            if top.seq not in self.by_seq:
                self._add(top, -1, self._edges_of(top), 0, 0)
        return self.by_seq[node.seq]

    def _edges_of(self, node: Any) -> list[tuple[int, int]]:
        """Return row and output number of all that a node sends to; unknown ones are written."""
        by_seq, found = self.by_seq, []
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
        seq = node.seq
        row = self._write(self.title(node), op, -1, edges, saved, n_saved, int(seq))
        self.by_seq[seq] = row
        if node.outputs > 1:
            self.with_ports.add(row)
        return row

    def title(self, node: Any) -> int:
        """Return the text of a node's name."""
        kind = type(node)
        title = self._titles.get(kind)
        if title is None:
            name = str(node.name()).removeprefix("torch::autograd::")
            title = self._titles[kind] = self._batch.text(name)
        return title

    def extend_edges(self, targets: list[int], first_edge: Any, n_edge: Any) -> None:
        """Append rows of `edges` whose output number is 0, and where those of new nodes are."""
        self._edges.extend(len(targets), node=targets, nr=0)
        self.targets.extend(targets)
        self.numbers.frombytes(bytes(len(targets) * self.numbers.itemsize))
        self.first_edge.extend(first_edge.tolist())
        self.n_edge.extend(n_edge.tolist())

    def known_edges(self, node: Any) -> tuple[int, list[int]] | None:
        """Return a bit per edge that is there, and row and output number of each in a row.

        None where one of these is not known yet, or the node itself is.
        """
        if node.seq in self.by_seq:
            return None
        found: list[int] = []
        mask, bit = 0, 1
        row: int | None
        edge: Any
        for edge in node.edges:
            if edge is None:
                found += _NOWHERE
            else:
                kind, nr = type(edge), 0
                if kind is AccumulateGrad:
                    row = self.by_leaf.get(self._tensors.known(edge.variable))
                elif kind is Port:
                    row, nr = self.by_seq.get(edge.node.seq), edge.nr
                else:
                    row = self.by_seq.get(edge.seq)
                if row is None:
                    return None
                found += row, nr
                mask += bit
            bit += bit
        return mask, found

    def add(self, node: Any, op: int, edges: list[int], saved: int, n_saved: int) -> int:
        """Write a node of a class that was seen before; what it saved and sends to is there."""
        seq = node.seq
        rows = self._rows
        first = self._edges.count
        self._put_edges(edges)
        for target in edges[::2]:
            self.targets.append(target)
        for nr in edges[1::2]:
            self.numbers.append(nr)
        count = len(edges) >> 1
        self._edges.count = first + count
        self.first_edge.append(first)
        self.n_edge.append(count)
        title = self._titles[type(node)]
        rows.put((title, op, -1, first, count, saved, n_saved, seq, self._events.count))
        row = self.by_seq[seq] = rows.count
        rows.count = row + 1
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
