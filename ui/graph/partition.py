"""Tells apart the graphs of one tape: which operation and which grad_fn belongs to which.

A graph is what hangs together through next_functions, without AccumulateGrad (a parameter links
all iterations of a training, and each iteration builds a graph of its own). Operations without a
grad_fn join the graph that they take from or feed; what is left over is grouped by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import OpFlag, ValueFlag
from engine.tape.tape import Tape
from ui.graph.components import label_components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_TRAINABLE = int(ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD)
_OWN_FROM = 4  # untracked operations that hang together make a graph of their own from so many


@dataclass(frozen=True, slots=True)
class Partition:
    """Labels of graphs, -1 for none: op: per operation; node: per node; pass_: per pass.

    tracked[label]: it has grad_fn nodes; update[label]: it only updates parameters or gradients.
    Labels count from 0 and have no order.
    """

    op: Ints
    node: Ints
    pass_: Ints
    tracked: Bools
    update: Bools


class Links:
    """Who made what each operation took, as flat arrays.

    consumer, value: one entry per input; producer: the operation that made it, or -1 for a leaf.
    A trainable leaf counts as a leaf whatever updated it in place.
    """

    def __init__(self, tape: Tape) -> None:
        ops = tape.ops
        self.consumer, rows = ranges(ops["in0"], ops["n_in"])
        self.value = tape.inputs["value"][rows].astype(np.int64)
        made_by = tape.values["op"].astype(np.int64)
        trainable = tape.values["flags"] & _TRAINABLE == _TRAINABLE
        self.producer = np.where(trainable, -1, made_by)[self.value]
        # An operation cannot take what it makes; a damaged tape may say so.
        self.producer[self.producer >= self.consumer] = -1


def ranges(first: NDArray[np.int32], count: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Expand rows (first, count) to pairs (row number, element number)."""
    count = np.maximum(count.astype(np.int64), 0)
    owner = np.repeat(np.arange(len(count)), count)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, first.astype(np.int64)[owner] + inside


def partition(tape: Tape) -> Partition:
    """Label every operation, node and pass of a tape."""
    op, node = _tracked_labels(tape)
    n = int(max(op.max(initial=-1), node.max(initial=-1))) + 1
    pass_, node, n = _passes(tape, node, n)
    n_tracked = n
    updating = np.zeros(0, np.int64)
    if (op < 0).any():
        op, updating, n = _untracked_labels(tape, op, pass_, n)
    tracked = np.arange(n) < n_tracked
    return Partition(op, node, pass_, tracked, np.isin(np.arange(n), updating))


def _tracked_labels(tape: Tape) -> tuple[Ints, Ints]:
    """Label the components of grad_fn nodes and their operations."""
    n_ops, nodes = len(tape.ops), tape.nodes
    made_by = nodes["op"].astype(np.int64)
    real = nodes["variable"] < 0
    source, rows = ranges(nodes["edge0"], nodes["n_edge"])
    target = tape.edges["node"][rows].astype(np.int64)
    linked = (target >= 0) & real[source] & real[np.maximum(target, 0)]
    paired = np.flatnonzero(real & (made_by >= 0) & (made_by < n_ops))
    a = np.concatenate([made_by[paired], n_ops + source[linked]])
    b = np.concatenate([n_ops + paired, n_ops + target[linked]])
    label = label_components(n_ops + len(nodes), a, b)
    inside = np.zeros(len(label), bool)
    inside[n_ops:] = real
    inside[made_by[paired]] = True
    _, dense = np.unique(label[inside], return_inverse=True)
    result = np.full(len(label), -1, np.int64)
    result[inside] = dense
    return result[:n_ops], result[n_ops:]


def _passes(tape: Tape, node: Ints, n: int) -> tuple[Ints, Ints, int]:
    """Label passes by their first root; a leaf that is a root itself makes a graph of its own."""
    node = node.copy()
    passes = np.full(len(tape.passes), -1, np.int64)
    owner, rows = ranges(tape.passes["root0"], tape.passes["n_root"])
    root = tape.roots["node"][rows].astype(np.int64)
    owner, root = owner[root >= 0], root[root >= 0]
    real = tape.nodes["variable"][root] < 0
    owned = owner[real][::-1]
    passes[owned] = node[root[real][::-1]]
    for p, leaf in zip(owner[~real].tolist(), root[~real].tolist(), strict=True):
        if passes[p] < 0:
            if node[leaf] < 0:
                node[leaf] = n
                n += 1
            passes[p] = node[leaf]
    return passes, node, n


def _untracked_labels(tape: Tape, op: Ints, pass_: Ints, n: int) -> tuple[Ints, Ints, int]:
    """Label operations without grad_fn: by the graph they belong to, else by their own group.

    Returns the labels of all operations, the labels that are updates, and the number of labels.
    """
    links = Links(tape)
    op = op.copy()
    free = op < 0
    group = _groups(tape, links, free)
    home = _homes(tape, links, op, pass_, group)
    op[free] = home[group[free]]
    left = np.flatnonzero(op < 0)
    if not len(left):
        return op, np.zeros(0, np.int64), n
    cell = tape.events["cell"][tape.ops["event"][left]].astype(np.int64)
    update = _updates(tape, links, len(op))
    group_updates = np.zeros(len(op), bool)
    np.logical_or.at(group_updates, group[left], update[left])
    size = np.bincount(group[left], minlength=len(op))
    updating = group_updates[group[left]]
    own = ~updating & (size[group[left]] >= _OWN_FROM)
    kind = np.where(own, 0, np.where(updating, 1, 2))
    which = np.where(own, group[left], cell)
    keys, dense = np.unique(np.stack([kind, which]), axis=1, return_inverse=True)
    op[left] = n + dense.reshape(-1)
    return op, n + np.flatnonzero(keys[0] == 1), n + keys.shape[1]


def _groups(tape: Tape, links: Links, free: Bools) -> Ints:
    """Join untracked operations that pass values on, between two backward passes."""
    epoch = np.searchsorted(
        np.ascontiguousarray(tape.passes["event"]), np.ascontiguousarray(tape.ops["event"])
    )
    a, b = links.producer, links.consumer
    join = (a >= 0) & free[np.maximum(a, 0)] & free[b] & (epoch[a] == epoch[b])
    return label_components(len(free), a[join], b[join])


def _homes(tape: Tape, links: Links, op: Ints, pass_: Ints, group: Ints) -> Ints:
    """Return per group of untracked operations the graph it belongs to, or -1.

    The graph whose results it takes comes first, then the only graph that takes its results,
    then the graph of the pass during which it ran.
    """
    home = np.full(len(op), -1, np.int64)
    during = tape.ops["pass_"].astype(np.int64)
    hooked = np.flatnonzero((op < 0) & (during >= 0) & (during < len(pass_)))
    home[group[hooked]] = pass_[during[hooked]]
    a, b = links.producer, links.consumer
    known = a >= 0
    a, b = a[known], b[known]
    fed = (op[a] < 0) & (op[b] >= 0)
    feeder, user = group[a[fed]], op[b[fed]]
    least = np.full(len(op), np.iinfo(np.int64).max)
    most = np.full(len(op), -1, np.int64)
    np.minimum.at(least, feeder, user)
    np.maximum.at(most, feeder, user)
    home = np.where(most >= 0, np.where(least == most, most, -1), home)
    takes = (op[a] >= 0) & (op[b] < 0)
    home[group[b[takes]]] = op[a[takes]]
    return home


def _updates(tape: Tape, links: Links, n: int) -> Bools:
    """Return which operations take a .grad, or write a trainable leaf in place."""
    update = np.zeros(n, bool)
    update[links.consumer[tape.values["grad_of"][links.value] >= 0]] = True
    owner, rows = ranges(tape.ops["out0"], tape.ops["n_out"])
    rows = np.minimum(rows, len(tape.values) - 1)
    written = tape.values["flags"][rows] & _TRAINABLE == _TRAINABLE
    inplace = tape.ops["flags"][owner] & OpFlag.INPLACE != 0
    update[owner[written & inplace]] = True
    return update
