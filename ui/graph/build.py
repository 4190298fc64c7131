"""From the rows of one graph to its columns: nodes with their words, edges with roles and slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import ValueFlag
from engine.tape.tape import Tape
from ui.graph.columns import Bools, Columns, Words, in_order
from ui.graph.infos import GraphInfo
from ui.graph.labels import Labels, family
from ui.graph.partition import Ints, ranges
from ui.graph.types import Kind, NodeId, Role

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
    from ui.graph.columngraph import ColumnGraph  # loads networkx, in the thread that draws

    return ColumnGraph.over(read_columns(tape, info))


def read_columns(tape: Tape, info: GraphInfo | None = None) -> Columns:
    """Return the same as columns."""
    ops = np.arange(len(tape.ops)) if info is None else info.ops
    nodes = np.arange(len(tape.nodes)) if info is None else info.nodes
    return _Builder(tape, ops, nodes).columns()


@dataclass(frozen=True, slots=True)
class _Block:
    """Nodes of one kind. refs: rows of their table; values: rows of the values that they are of, or
    -1; twins: numbers of nodes or -1."""

    kind: Kind
    refs: Ints
    values: Ints
    events: Ints
    twins: Ints
    requires_grad: Bools


class _Builder:
    """Holds the rows of one graph, what refers to what, and the numbers of nodes.

    In the graph come leaves, AccumulateGrads, operations and the other grad_fns, in this order.
    """

    def __init__(self, tape: Tape, ops: Ints, nodes: Ints) -> None:
        self._tape = tape
        self._ops = ops
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
        rows = (self._values, self._accumulates, ops, self._grad_fns)
        first = np.cumsum([0, *map(len, rows)]).tolist()
        self._first_op = first[2]
        self._leaf_at = _numbers(len(tape.values), self._values, first[0])
        self._op_at = _numbers(len(tape.ops), ops, first[2])
        self._node_at = _numbers(len(tape.nodes), self._accumulates, first[1])
        self._node_at[self._grad_fns] = first[3] + np.arange(len(self._grad_fns))
        self._made_by = tape.nodes["op"][self._grad_fns].astype(np.int64)

    def columns(self) -> Columns:
        blocks = [*self._leaves(), self._operations(), self._backward()]
        counts = [len(block.refs) for block in blocks]
        kinds = np.repeat([int(block.kind) for block in blocks], counts)
        refs, values, events, twins = (
            np.concatenate([getattr(block, name) for block in blocks]).astype(np.int64)
            for name in ("refs", "values", "events", "twins")
        )
        kind_of = [block.kind for block in blocks for _ in range(len(block.refs))]
        roots = np.unique(self._tape.values["op"][self._tape.roots["value"]])
        return Columns(
            ids=list(map(NodeId._make, zip(kind_of, refs.tolist(), strict=True))),
            kinds=kinds, refs=refs, events=events, twins=twins,
            roots=(kinds == Kind.OP) & np.isin(refs, roots),
            requires_grad=np.concatenate([block.requires_grad for block in blocks]),
            shape=self._labels.shapes(values), dtype=self._labels.dtypes(values),
            places=self._labels.places(events), **self._words(blocks), **self._edges(events),
        )  # fmt: skip

    def _leaves(self) -> tuple[_Block, _Block]:
        """Return the leaves and their AccumulateGrads."""
        tape, rows = self._tape, self._tape.values[self._values]
        variable = tape.nodes["variable"][self._accumulates].astype(np.int64)
        owner = rows["tensor"].astype(np.int64)
        trainable = rows["flags"] & _TRAINABLE == _TRAINABLE
        at = self._node_at[self._accumulates]
        twins = np.where(trainable, _found(variable[::-1], at[::-1], owner), -1)
        values = _found(owner, self._values, variable)
        born = tape.nodes["event"][self._accumulates]
        back = _taken(self._leaf_at, values)
        return (
            _Block(Kind.LEAF, self._values, self._values, rows["event"], twins, trainable),
            _Block(Kind.ACCUMULATE, self._accumulates, values, born, back, np.ones(len(at), bool)),
        )

    def _operations(self) -> _Block:
        rows = self._tape.ops[self._ops]
        values = np.where(rows["n_out"] != 0, rows["out0"], -1)
        recorded = _taken(self._node_at, rows["node"])
        made = self._node_at[self._grad_fns]
        twins = np.where(
            recorded >= 0, recorded, _found(self._made_by[::-1], made[::-1], self._ops)
        )
        return _Block(Kind.OP, self._ops, values, rows["event"], twins, twins >= 0)

    def _backward(self) -> _Block:
        ops, twins = self._tape.ops, _taken(self._op_at, self._made_by)
        op = np.where(twins >= 0, self._made_by, -1)
        values = np.where(_taken(ops["n_out"], op, 0) != 0, _taken(ops["out0"], op), -1)
        events = self._tape.nodes["event"][self._grad_fns]
        events = np.where(twins >= 0, _taken(ops["event"], op), events)
        every = np.ones(len(events), bool)
        return _Block(Kind.GRAD_FN, self._grad_fns, values, events, twins, every)

    def _words(self, blocks: list[_Block]) -> dict[str, Any]:
        tape, labels = self._tape, self._labels
        leaves, accumulates, ops, grad_fns = blocks
        title, detail, kin, name = Words(), Words(), Words(), Words()
        titles = labels.labels(leaves.refs)
        titles += ["AccumulateGrad"] * len(accumulates.refs)
        title.add_all(titles)
        name.add_all(titles)
        detail.add(leaves.refs[labels.alike(leaves.refs, np.ones_like(leaves.refs))], labels.form)
        variables = tape.nodes["variable"][accumulates.refs]
        detail.add(variables, lambda tensor: f"{tape.tensor_label(tensor)}.grad")
        kin.add_all(["other"] * len(titles))
        made = tape.ops[ops.refs]
        title.add(made["name"], tape.text)
        of_ops = kin.add(made["name"], lambda text: family(tape.text(text)))
        name.add(labels.tensors(ops.values), labels.name)
        detail.add(labels.alike(made["out0"], made["n_out"]), lambda row: labels.forms(
            int(made["out0"][row]), int(made["n_out"][row])
        ))  # fmt: skip
        rows = tape.nodes[grad_fns.refs]
        title.add(rows["name"], tape.text)
        name.add(rows["name"], tape.text)
        partner = np.where(grad_fns.twins >= 0, grad_fns.twins - self._first_op, -1)
        kin.add_codes(_taken(of_ops, partner, kin.code("other")))
        detail.add_all(labels.all_saved(rows["saved0"], rows["n_saved"]))
        words = {"title": title, "detail": detail, "family": kin, "name": name}
        return {column: collected.finish() for column, collected in words.items()}

    def _edges(self, events: Ints) -> dict[str, Any]:
        consumer, value, producer, data_slot = self._data
        made = np.where(producer >= 0, self._op_at[producer], self._leaf_at[value])
        tied = _taken(self._op_at, self._made_by)
        paired = tied >= 0
        node, end, grad_slot = self._gradient
        inside = self._node_at[end] >= 0
        user, source = self._op_at[consumer], self._node_at[node[inside]]
        parts = (
            (Role.DATA, made, user, data_slot, events[user]),
            (Role.TIE, tied[paired], self._node_at[self._grad_fns[paired]],
             np.zeros(paired.sum(), np.int64), events[tied[paired]]),
            (Role.GRAD, source, self._node_at[end[inside]], grad_slot[inside], events[source]),
        )  # fmt: skip
        roles = np.repeat([int(part[0]) for part in parts], [len(part[1]) for part in parts])
        src, dst, slots, born = (np.concatenate([part[k] for part in parts]) for k in range(1, 5))
        order, keys = in_order(len(events), src, dst)
        return {
            "src": src[order], "dst": dst[order], "keys": keys, "roles": roles[order],
            "slots": slots[order], "born": born[order], "added": order,
        }  # fmt: skip


def _numbers(count: int, rows: Ints, first: int) -> Ints:
    """Return per row of a table of `count` rows the number of its node, from `first`, or -1."""
    at = np.full(count, -1, np.int64)
    at[rows] = first + np.arange(len(rows))
    return at


def _taken(column: NDArray[Any], rows: NDArray[Any], other: int = -1) -> Ints:
    """Return column[rows], and `other` for rows that it does not have."""
    result = np.full(len(rows), other, np.int64)
    known = (rows >= 0) & (rows < len(column))
    result[known] = column[rows[known]]
    return result


def _found(keys: Ints, values: Ints, wanted: Ints) -> Ints:
    """Return the value at the first key that equals each of `wanted`, or -1."""
    some, first = np.unique(keys, return_index=True)
    at = np.searchsorted(some, wanted)
    found = _taken(some, at)
    return np.where((at < len(some)) & (found == wanted), _taken(values[first], at), -1)


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
