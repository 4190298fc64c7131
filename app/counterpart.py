"""What a tape is shown beside: itself before an edit, or another recording."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.compare import Comparison, largest_gap
from engine.tape.rerun import Evaluation
from engine.tape.tape import Tape, TapeError
from ui.graph.labels import number
from ui.graph.types import Kind, NodeId

Array = NDArray[Any]

_READ_UP_TO = 4096  # elements of an array that a card's note may cost
_SUM_UP_TO = 100_000  # contributions of a tape, among which those to a node are looked for


@dataclass(frozen=True, eq=False)
class Counterpart:
    """The other side of what is shown.

    kind: "edit" or "tape". title: what the other side is called. shown: the tape whose numbers are
    shown; other: the one beside it. differs: nodes of the graph that differ. note: what a card says
    of both sides, "" for nothing. node and playhead: what corresponds on the other side.
    """

    kind: str
    title: str
    shown: Tape
    other: Tape
    differs: frozenset[NodeId]
    note: Callable[[NodeId], str]
    node: Callable[[NodeId], NodeId | None]
    playhead: Callable[[int], int]


def of_edit(tape: Tape, found: Evaluation) -> Counterpart:
    """Return the recording beside what another leaf makes of it."""
    rows = np.flatnonzero(found.values & (tape.values["grad_of"] < 0))
    ops = tape.values["op"][rows]
    differs = {NodeId(Kind.OP, op) for op in np.unique(ops[ops >= 0]).tolist()}
    differs |= {NodeId(Kind.LEAF, row) for row in rows[ops < 0].tolist()}
    steps = tape.contributions["step"][found.contributions]
    nodes = np.unique(tape.steps["node"][steps])
    differs |= _backward(tape, nodes)

    @cache
    def note(node: NodeId) -> str:
        if node not in differs:
            return ""
        if node.kind in (Kind.OP, Kind.LEAF):
            row = _value(tape, node)
            return _values(tape, row, found.tape, row, "→")
        return _gradients(tape, found.tape, node.ref)

    return Counterpart(
        "edit", "As recorded", found.tape, tape, frozenset(differs), note, _same_node,
        _same_playhead,
    )  # fmt: skip


def of_tape(tape: Tape, other: Tape, title: str, found: Comparison) -> Counterpart:
    """Return another recording beside this one."""
    sizes = {
        NodeId(Kind.OP, row): float(found.op_size[row])
        for row in np.flatnonzero(found.op_size != 0).tolist()
    }
    rows = np.flatnonzero(found.node_size != 0)
    sizes |= {node: float(found.node_size[node.ref]) for node in _backward(tape, rows)}
    for one in found.differences:
        if one.kind == "value" and one.op < 0:
            sizes[NodeId(Kind.LEAF, int(tape.events["ref"][one.event_a]))] = one.size
    twins = {Kind.LEAF: found.values, Kind.OP: found.ops, Kind.GRAD_FN: found.nodes,
             Kind.ACCUMULATE: found.nodes}  # fmt: skip

    def twin(node: NodeId) -> NodeId | None:
        row = int(twins[node.kind][node.ref])
        return NodeId(node.kind, row) if row >= 0 else None

    @cache
    def note(node: NodeId) -> str:
        size = sizes.get(node)
        if size is None:
            return ""
        if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE):
            return "∂ only here" if math.isnan(size) else f"∂ Δ {number(size)}"
        row = _value(tape, node)
        two = int(found.values[row]) if row >= 0 else -1
        return _values(tape, row, other, two, "≠") if two >= 0 else "only here"

    differs = frozenset(sizes)
    return Counterpart("tape", title, tape, other, differs, note, twin, found.other_playhead)


def _same_node(node: NodeId) -> NodeId:
    return node


def _same_playhead(playhead: int) -> int:
    return playhead


def _backward(tape: Tape, rows: NDArray[Any]) -> set[NodeId]:
    """Return the nodes of the graph that rows of `nodes` are."""
    leaves = (tape.nodes["variable"][rows] >= 0).tolist()
    kinds = (Kind.ACCUMULATE if leaf else Kind.GRAD_FN for leaf in leaves)
    return {NodeId(kind, row) for kind, row in zip(kinds, rows.tolist(), strict=True)}


def _value(tape: Tape, node: NodeId) -> int:
    """Return the row of values whose content a card shows, -1 for none."""
    if node.kind == Kind.LEAF:
        return node.ref
    return int(tape.ops["out0"][node.ref]) if tape.ops["n_out"][node.ref] else -1


def _values(one: Tape, row: int, two: Tape, twin: int, between: str) -> str:
    if row < 0:
        return ""
    shape = one.value_shape(row)
    if max(math.prod(shape), math.prod(two.value_shape(twin))) > _READ_UP_TO:
        return f"{list(shape)} differs"
    try:
        before, after = one.value(row), two.value(twin)
    except TapeError:
        return ""  # the inspector says what is wrong with it
    return _pair(before, after, between)


def _gradients(old: Tape, new: Tape, node: int) -> str:
    """Return what came in at the latest visit of a node, before and after an edit."""
    steps = np.flatnonzero(old.steps["node"] == node)
    if not len(steps) or len(old.contributions) > _SUM_UP_TO:
        return ""
    try:
        before, after = (replay.cotangents(tape, int(steps[-1]))[0] for tape in (old, new))
    except TapeError:
        return ""
    text = _pair(before, after, "→")
    return f"∂ {text}" if text else ""


def _pair(before: Array | None, after: Array | None, between: str) -> str:
    """Return "0.5 → 0.7" for numbers, "[4, 2] Δ 0.3" (how much they differ at most) for arrays."""
    if before is None or after is None or not before.size:
        return ""
    if before.shape != after.shape:
        return f"{list(before.shape)} {between} {list(after.shape)}"
    one, two = number(before.reshape(-1)[0]), number(after.reshape(-1)[0])
    if before.size == 1 and one != two:
        return f"{one} {between} {two}"
    gap = largest_gap(before, after)
    if not gap:
        return ""
    return f"{list(before.shape) if before.ndim else one} Δ {number(gap)}"
