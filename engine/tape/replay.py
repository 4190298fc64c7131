"""The state of a run at a playhead: pure functions of a tape and a number of events.

A playhead p, 0 <= p <= len(tape.events), means that the first p events have happened.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import sums
from engine.tape.schema import Event, GradChange, Mark
from engine.tape.tape import Source, Tape

if TYPE_CHECKING:
    from engine.tape.states import NodeStates

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is at a playhead.

    The n_ fields count the rows that exist of each table (a prefix). pass_: the innermost running
    pass, else the latest, else -1. visited: int32 ids of the nodes visited in that pass so far, in
    order. active_kind and active_ref: the event before the playhead (-1 at the start); active_node:
    the node it visited, or -1; contributions: the rows that this step sent. freed: the nodes whose
    saved tensors were freed by then, in any pass, in order (see `engine.tape.freed`).
    """

    playhead: int
    n_values: int
    n_ops: int
    n_nodes: int
    n_steps: int
    pass_: int
    running: bool
    visited: NDArray[np.int32]
    active_kind: int
    active_ref: int
    active_node: int
    contributions: slice
    freed: NDArray[np.int32]


class Entry(NamedTuple):
    """One change of a tensor's .grad: what was added, what it held afterwards, and from where."""

    kind: GradChange
    event: int
    pass_: int
    step: int
    delta: Array | None
    after: Array | None
    source: Source | None


def state_at(tape: Tape, playhead: int) -> Moment:
    """Return the state after the first `playhead` events; its cost is that of the pass's steps."""
    playhead = max(0, min(int(playhead), len(tape.events)))
    n_steps = _before(tape.steps, playhead)
    pass_, running = pass_at(tape, playhead)
    kind, ref = -1, -1
    if playhead:
        kind, ref = (int(tape.events[column][playhead - 1]) for column in ("kind", "ref"))
    node, sent = -1, slice(0, 0)
    if kind == Event.STEP:
        step = tape.steps[ref]
        node = int(step["node"])
        sent = slice(int(step["contrib0"]), int(step["contrib0"]) + int(step["n_contrib"]))
    return Moment(
        playhead=playhead,
        n_values=_before(tape.values, playhead),
        n_ops=_before(tape.ops, playhead),
        n_nodes=_before(tape.nodes, playhead),
        n_steps=n_steps,
        pass_=pass_,
        running=running,
        visited=_visited(tape, pass_, n_steps),
        active_kind=kind,
        active_ref=ref,
        active_node=node,
        contributions=sent,
        freed=tape.releases.before(tape, n_steps),
    )


def nodes_at(tape: Tape, playhead: int) -> NodeStates:
    """Return shown, visits, norm of the gradient and active, as arrays over all nodes.

    All norms are measured, which reads every gradient that came in so far; who moves a playhead
    keeps a `states.States`, whose moves cost what they change.
    """
    from engine.tape.states import States

    states = States(tape)
    states.seek(playhead)
    while states.measure(1 << 16):
        pass
    return states.seek(playhead)._replace(changed=None)


def grad_at(tape: Tape, tensor: int, playhead: int) -> Array | None:
    """Return what the tensor's .grad held at the playhead, bit for bit; None where it was None."""
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    which = bisect_left(rows, playhead, key=lambda row: int(tape.grads["event"][row]))
    return sums.after(tape, rows[which - 1]) if which else None


def grads_at(tape: Tape, playhead: int) -> dict[int, Array]:
    """Return every .grad that is not None at the playhead, by tensor."""
    found = {}
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        grad = grad_at(tape, tensor, playhead)
        if grad is not None:
            found[tensor] = grad
    return found


def cotangents(tape: Tape, step: int) -> list[Array | None]:
    """Return what came in at a step, per output of the node: after hooks; None for nothing."""
    node = int(tape.steps["node"][step])
    found: dict[int, Array | None] = {**arrivals(tape, step)}
    given = tape.cotangents
    row = bisect_left(given["step"], step)
    while row < len(given) and given["step"][row] == step:
        index = int(given["array"][row])
        found[int(given["nr"][row])] = None if index < 0 else tape.array(index)
        row += 1
    op = int(tape.nodes["op"][node])
    least = int(tape.ops["n_out"][op]) if op >= 0 else 1
    return [found.get(nr) for nr in range(max([least, *(nr + 1 for nr in found)]))]


def arrivals(tape: Tape, step: int) -> dict[int, Array]:
    """Return the sums of what was sent to a step's node, by output number: before hooks."""
    pass_, node = int(tape.steps["pass_"][step]), int(tape.steps["node"][step])
    found = {}
    for nr, parts in _arrived(tape, pass_, node, step).items():
        total = sums.over(parts, _dtype_of(tape, node, nr) if len(parts) > 1 else -1)
        if total is not None:
            found[nr] = total
    return found


def ledger(tape: Tape, tensor: int, playhead: int | None = None) -> list[Entry]:
    """Return every change of the tensor's .grad before the playhead, in order."""
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    if playhead is not None:
        rows = rows[: bisect_left(rows, playhead, key=lambda row: int(tape.grads["event"][row]))]
    return [_entry(tape, row) for row in rows]


def line_at(tape: Tape, playhead: int) -> tuple[str, int] | None:
    """Return (cell, line) of what happened last; of a step, that of its operation.

    None where no line of a cell belongs to it.
    """
    if not 0 < playhead <= len(tape.events):
        return None
    event = playhead - 1
    if tape.events["kind"][event] == Event.STEP:
        op = int(tape.nodes["op"][tape.steps["node"][tape.events["ref"][event]]])
        if op < 0:
            return None
        event = int(tape.ops["event"][op])
    source = tape.source(int(tape.events["loc"][event]))
    return (source.cell, source.line) if source is not None and source.cell else None


def stops(tape: Tape) -> NDArray[np.int32]:
    """Return the indices of the events at which stepping pauses; the playhead after one is + 1."""
    events = tape.events
    wanted = np.isin(events["kind"], (Event.LEAF, Event.OP, Event.STEP, Event.GRAD))
    marks = np.flatnonzero(events["kind"] == Event.MARK)
    errors = tape.marks["kind"][events["ref"][marks]] == Mark.ERROR
    wanted[marks[errors]] = True
    return np.flatnonzero(wanted).astype(np.int32)


def _before(rows: NDArray[np.void], playhead: int) -> int:
    # Not np.searchsorted: on a column of a structured array it copies the whole column first.
    return bisect_left(rows["event"], playhead)


def pass_at(tape: Tape, playhead: int) -> tuple[int, bool]:
    """Return the innermost running pass, else the latest, and whether it runs."""
    begun, ended = _before(tape.passes, playhead), _before(tape.ends, playhead)
    if begun == ended:
        return begun - 1, False
    over = tape.ends["pass_"][:ended]
    latest = begun - 1
    if not ended or over.max() < latest:
        return latest, True
    running = np.setdiff1d(np.arange(begun), over)
    return int(running[-1]), True


def _visited(tape: Tape, pass_: int, n_steps: int) -> NDArray[np.int32]:
    if pass_ < 0:
        return np.empty(0, np.int32)
    first = _before(tape.steps, int(tape.passes["event"][pass_]))
    steps = tape.steps[first:n_steps]
    return np.ascontiguousarray(steps["node"][steps["pass_"] == pass_])


def _arrived(tape: Tape, pass_: int, node: int, step: int) -> dict[int, list[Array]]:
    """Return what was sent to a node before a step, by output number, in order of arrival."""
    arrived: dict[int, list[Array]] = {}
    first, count = (int(tape.passes[column][pass_]) for column in ("root0", "n_root"))
    for root in tape.roots[first : first + count]:
        if root["node"] == node:
            arrived.setdefault(int(root["nr"]), []).append(_seed(tape, root))
    begin = _before(tape.steps, int(tape.passes["event"][pass_]))
    if begin == len(tape.steps):
        return arrived
    rows = tape.contributions[
        int(tape.steps["contrib0"][begin]) : int(tape.steps["contrib0"][step])
    ]
    rows = rows[rows["node"] == node]
    for row in rows[tape.steps["pass_"][rows["step"]] == pass_]:
        arrived.setdefault(int(row["nr"]), []).append(tape.array(int(row["array"])))
    return arrived


def _seed(tape: Tape, root: np.void) -> Array:
    if root["array"] >= 0:
        return tape.array(int(root["array"]))
    value = int(root["value"])
    dtype = tape.value_dtype(value)
    return np.ones(tape.value_shape(value), "float32" if dtype == "bfloat16" else dtype)


def _dtype_of(tape: Tape, node: int, nr: int) -> int:
    """Return the element type of a node's output, which is that of its gradient."""
    op, variable = int(tape.nodes["op"][node]), int(tape.nodes["variable"][node])
    if variable >= 0:
        return int(tape.values["dtype"][(tape.values["tensor"] == variable).argmax()])
    if op < 0 or not 0 <= nr < tape.ops["n_out"][op]:
        return -1
    return int(tape.values["dtype"][int(tape.ops["out0"][op]) + nr])


def _entry(tape: Tape, row: int) -> Entry:
    _, kind, ref, _, event = tape.grads[row].item()
    step = pass_ = -1
    added = None
    if kind == GradChange.ACCUMULATE:
        step, pass_ = ref, int(tape.steps["pass_"][ref])
        added = sums.delta(tape, row)
    source = tape.source(int(tape.events["loc"][event]))
    return Entry(GradChange(kind), event, pass_, step, added, sums.after(tape, row), source)
