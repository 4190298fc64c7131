"""From the rows of one graph to networkx: nodes with their words, edges with roles and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.tape.schema import ValueFlag
from engine.tape.tape import Tape
from ui.graph.infos import GraphInfo
from ui.graph.labels import Labels, family
from ui.graph.partition import Ints, ranges
from ui.graph.types import Kind, NodeId, Role, empty_graph

if TYPE_CHECKING:
    import networkx as nx

_TRAINABLE = int(ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD)


def build_graph(tape: Tape, info: GraphInfo | None = None) -> nx.MultiDiGraph[NodeId]:
    """Return one graph of the tape, or all in one.

    Nodes have kind, ref, title, detail, family, name, shape, dtype, event, twin, cell, line,
    requires_grad and root (a backward pass began at its result); edges role, slot and event (the
    index of the event at which they come into being). DATA: slot is the number of the input;
    GRAD: the place in next_functions.
    """
    ops = np.arange(len(tape.ops)) if info is None else info.ops
    nodes = np.arange(len(tape.nodes)) if info is None else info.nodes
    builder = _Builder(tape, ops, nodes)
    builder.add_leaves()
    builder.add_ops()
    builder.add_nodes()
    builder.add_edges()
    return builder.graph


class _Builder:
    """Holds the rows of one graph and what refers to what; fills `graph`."""

    def __init__(self, tape: Tape, ops: Ints, nodes: Ints) -> None:
        self.graph = empty_graph()
        self._tape = tape
        self._data = _inputs(tape, ops)
        self._gradient = _targets(tape, nodes)
        variable = tape.nodes["variable"]
        ends = self._gradient[1]
        nodes = np.union1d(nodes, ends[variable[ends] >= 0])
        self._grad_fns = nodes[variable[nodes] < 0]
        self._accumulates = nodes[variable[nodes] >= 0]
        taken = np.unique(self._data[1][self._data[2] < 0])
        self._values = taken if len(ops) else _values_of(tape, variable[self._accumulates])
        self._labels = Labels(tape, len(ops) + len(nodes))
        self._op = {row: NodeId(Kind.OP, row) for row in ops.tolist()}
        self._leaf = {row: NodeId(Kind.LEAF, row) for row in self._values.tolist()}
        self._node = {row: NodeId(Kind.GRAD_FN, row) for row in self._grad_fns.tolist()}
        self._node |= {row: NodeId(Kind.ACCUMULATE, row) for row in self._accumulates.tolist()}
        self._made_by = tape.nodes["op"][self._grad_fns].tolist()
        self._roots = set(tape.values["op"][tape.roots["value"]].tolist())

    def add_leaves(self) -> None:
        tape, rows = self._tape, self._tape.values[self._values]
        tensors = tape.nodes["variable"][self._accumulates].tolist()
        twins = dict(zip(tensors, self._accumulates.tolist(), strict=True))
        leaf_of: dict[int, int] = {}
        columns = _columns(rows, "tensor", "event", "flags")
        for value, tensor, event, flags in zip(self._values.tolist(), *columns, strict=True):
            trainable = flags & _TRAINABLE == _TRAINABLE
            name = tape.label(value)
            twin = self._node[twins[tensor]] if trainable and tensor in twins else None
            self._add(self._leaf[value], name, self._labels.form(value), "other", name, value,
                      event, trainable, twin)  # fmt: skip
            leaf_of.setdefault(tensor, value)
        born = tape.nodes["event"][self._accumulates].tolist()
        for node, tensor, event in zip(self._accumulates.tolist(), tensors, born, strict=True):
            value = leaf_of.get(tensor, -1)
            detail = f"{tape.tensor_label(tensor)}.grad"
            self._add(self._node[node], "AccumulateGrad", detail, "other", "AccumulateGrad", value,
                      event, True, self._leaf.get(value))  # fmt: skip

    def add_ops(self) -> None:
        tape, labels = self._tape, self._labels
        twins = dict(zip(self._made_by, self._grad_fns.tolist(), strict=True))
        rows = tape.ops[list(self._op)]
        columns = _columns(rows, "name", "out0", "n_out", "event", "node")
        for (op, key), (text, first, count, event, node) in zip(
            self._op.items(), zip(*columns, strict=True), strict=True
        ):
            title = tape.text(text)
            value = first if count else -1
            name = labels.name(first) if count else ""
            twin = self._node.get(node) or self._node.get(twins.get(op, -1))
            self._add(key, title, labels.forms(first, count), family(title), name, value, event,
                      twin is not None, twin)  # fmt: skip

    def add_nodes(self) -> None:
        tape, nodes = self._tape, self.graph.nodes
        rows = tape.nodes[self._grad_fns]
        columns = _columns(rows, "name", "saved0", "n_saved", "event")
        for node, op, (text, saved, count, event) in zip(
            self._grad_fns.tolist(), self._made_by, zip(*columns, strict=True), strict=True
        ):
            title, twin = tape.text(text), self._op.get(op)
            kin, value = "other", -1
            if twin is not None:
                kin, event = nodes[twin]["family"], nodes[twin]["event"]
                value = int(tape.ops["out0"][op]) if tape.ops["n_out"][op] else -1
            detail = self._labels.saved(saved, count)
            self._add(self._node[node], title, detail, kin, title, value, event, True, twin)

    def add_edges(self) -> None:
        add, nodes = self.graph.add_edge, self.graph.nodes
        op_of, node_of, leaf_of = self._op, self._node, self._leaf
        for consumer, value, producer, slot in _zip(self._data):
            source = op_of[producer] if producer >= 0 else leaf_of[value]
            target = op_of[consumer]
            add(source, target, role=Role.DATA, slot=slot, event=nodes[target]["event"])
        for node, op in zip(self._grad_fns.tolist(), self._made_by, strict=True):
            if op in op_of:
                source, target = op_of[op], node_of[node]
                add(source, target, role=Role.TIE, slot=0, event=nodes[source]["event"])
        for node, end, slot in _zip(self._gradient):
            if end in node_of:
                source = node_of[node]
                add(source, node_of[end], role=Role.GRAD, slot=slot, event=nodes[source]["event"])

    def _add(
        self, node: NodeId, title: str, detail: str, kin: str, name: str, value: int,
        event: int, requires_grad: bool, twin: NodeId | None,
    ) -> None:  # fmt: skip
        cell, line = self._labels.place(event)
        known = value >= 0
        self.graph.add_node(
            node, kind=node.kind, ref=node.ref, title=title, detail=detail, family=kin, name=name,
            shape=self._labels.shape(value) if known else None,
            dtype=self._labels.dtype(value) if known else None,
            event=event, twin=twin, cell=cell, line=line, requires_grad=requires_grad,
            root=node.kind == Kind.OP and node.ref in self._roots,
        )  # fmt: skip


def _columns(rows: Any, *names: str) -> list[list[Any]]:
    return [rows[name].tolist() for name in names]


def _zip(columns: tuple[Ints, ...]) -> zip[Any]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _values_of(tape: Tape, tensors: Ints) -> Ints:
    """Return the first value of each tensor."""
    owner = tape.values["tensor"]
    found = [np.flatnonzero(owner == tensor)[:1] for tensor in tensors.tolist()]
    return np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)


def _targets(tape: Tape, nodes: Ints) -> tuple[Ints, Ints, Ints]:
    """Return node, next node and slot of all next_functions of `nodes` that lead somewhere."""
    rows = tape.nodes[nodes]
    which, edges = ranges(rows["edge0"], rows["n_edge"])
    target = tape.edges["node"][edges].astype(np.int64)
    slot = edges - rows["edge0"].astype(np.int64)[which]
    leads = target >= 0
    return nodes[which[leads]], target[leads], slot[leads]


def _inputs(tape: Tape, ops: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return consumer, value, producer (-1: a leaf here) and slot of all inputs of `ops`."""
    rows = tape.ops[ops]
    which, slots = ranges(rows["in0"], rows["n_in"])
    value = tape.inputs["value"][slots].astype(np.int64)
    consumer = ops[which]
    producer = tape.values["op"][value].astype(np.int64)
    trainable = tape.values["flags"][value] & _TRAINABLE == _TRAINABLE
    inside = np.isin(producer, ops) & ~trainable & (producer < consumer)
    slot = slots - rows["in0"].astype(np.int64)[which]
    return consumer, value, np.where(inside, producer, -1), slot
