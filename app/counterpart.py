"""What a tape is shown beside: itself before an edit, or another recording."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.tape.compare import Comparison
from engine.tape.rerun import Evaluation
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId
from ui.plots.stats import number


@dataclass(frozen=True, eq=False)
class Counterpart:
    """The other side of what is shown.

    kind: "edit" or "tape". title: what the other side is called. shown: the tape whose numbers are
    shown; other: the one beside it. differs: nodes of the graph that differ, with a short text for
    the canvas. node and playhead: what corresponds on the other side.
    """

    kind: str
    title: str
    shown: Tape
    other: Tape
    differs: dict[NodeId, str]
    node: Callable[[NodeId], NodeId | None]
    playhead: Callable[[int], int]


def of_edit(tape: Tape, found: Evaluation) -> Counterpart:
    """Return the recording beside what another leaf makes of it."""
    differs: dict[NodeId, str] = {}
    rows = np.flatnonzero(found.values & (tape.values["grad_of"] < 0))
    for row, op in zip(rows.tolist(), tape.values["op"][rows].tolist(), strict=True):
        node = NodeId(Kind.OP, op) if op >= 0 else NodeId(Kind.LEAF, row)
        differs.setdefault(node, _change(tape, found.tape, row))
    steps = tape.contributions["step"][found.contributions]
    nodes = np.unique(tape.steps["node"][steps])
    leaves = (tape.nodes["variable"][nodes] >= 0).tolist()
    for row, accumulates in zip(nodes.tolist(), leaves, strict=True):
        differs[NodeId(Kind.ACCUMULATE if accumulates else Kind.GRAD_FN, row)] = ""
    return Counterpart("edit", "As recorded", found.tape, tape, differs, _same_node, _same_playhead)


def of_tape(tape: Tape, other: Tape, title: str, found: Comparison) -> Counterpart:
    """Return another recording beside this one."""
    differs: dict[NodeId, str] = {}
    for size, kinds in ((found.op_size, Kind.OP), (found.node_size, Kind.GRAD_FN)):
        for row in np.flatnonzero(size != 0).tolist():
            kind = kinds
            if kind == Kind.GRAD_FN and tape.nodes["variable"][row] >= 0:
                kind = Kind.ACCUMULATE
            text = "only here" if math.isnan(size[row]) else f"Δ {number(np.float64(size[row]))}"
            differs[NodeId(kind, row)] = text
    for one in found.differences:
        if one.kind == "value" and one.op < 0:
            leaf = NodeId(Kind.LEAF, int(tape.events["ref"][one.event_a]))
            differs[leaf] = f"Δ {number(np.float64(one.size))}"
    twins = {Kind.LEAF: found.values, Kind.OP: found.ops, Kind.GRAD_FN: found.nodes,
             Kind.ACCUMULATE: found.nodes}  # fmt: skip

    def twin(node: NodeId) -> NodeId | None:
        row = int(twins[node.kind][node.ref])
        return NodeId(node.kind, row) if row >= 0 else None

    return Counterpart("tape", title, tape, other, differs, twin, found.other_playhead)


def _same_node(node: NodeId) -> NodeId:
    return node


def _same_playhead(playhead: int) -> int:
    return playhead


def _change(old: Tape, new: Tape, row: int) -> str:
    """Return "0.5 → 0.7" for a value of one element, else ""."""
    if math.prod(old.value_shape(row)) != 1:  # others are not read
        return ""
    before, after = old.value(row), new.value(row)
    if before is None or after is None:
        return ""
    return f"{number(before.reshape(-1)[0])} → {number(after.reshape(-1)[0])}"
