"""The contribution ledger: all that made a .grad what it is, change by change.

Nothing here reads an array before it is asked for: a change is a row of `grads` with what the tape
says of it, and `added`, `after` and `Path.array` rebuild the numbers bit for bit.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import sums
from engine.tape.schema import GradChange
from engine.tape.tape import Source, Tape

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Path:
    """One way on which a pass came to a leaf.

    contribution: its row. nodes: from the leaf's last node back towards the root, as far as each
    got its gradient from one node alone; source: the line of the first of them.
    """

    contribution: int
    nodes: tuple[int, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a tensor's .grad.

    row: of `grads`. event: the change has happened after it. pass_ and step: of an ACCUMULATE, else
    -1. op: its name for a WRITE ("zero_"), else "". source: the person's line. passes: those whose
    gradients are in the sum afterwards, in order.
    """

    row: int
    kind: GradChange
    event: int
    pass_: int
    step: int
    op: str
    source: Source | None
    passes: tuple[int, ...]

    @property
    def piled(self) -> bool:
        """Whether it was added on top of an earlier pass."""
        return self.kind is GradChange.ACCUMULATE and len(self.passes) > 1


def changes(tape: Tape, tensor: int, playhead: int | None = None) -> list[Change]:
    """Return every change of a tensor's .grad before the playhead, in order."""
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    if playhead is not None:
        rows = rows[: bisect_left(rows, playhead, key=lambda row: int(tape.grads["event"][row]))]
    found, pile = [], tuple[int, ...]()
    for row in rows:
        one = _change(tape, row, pile)
        pile = one.passes
        found.append(one)
    return found


def added(tape: Tape, change: Change) -> Array | None:
    """Return what a change added; None where it was no addition."""
    return sums.delta(tape, change.row) if change.kind is GradChange.ACCUMULATE else None


def after(tape: Tape, change: Change) -> Array | None:
    """Return what .grad held after a change, bit for bit; None where it was None."""
    return sums.after(tape, change.row)


def paths(tape: Tape, step: int) -> list[Path]:
    """Return the ways on which a gradient came to a step's node in its pass."""
    return [_path(tape, row) for row in arrivals(tape, step).tolist()]


def arrivals(tape: Tape, step: int) -> NDArray[np.int64]:
    """Return the contributions to a step's node by earlier steps of its pass, in order."""
    pass_, node = int(tape.steps["pass_"][step]), int(tape.steps["node"][step])
    begin = bisect_left(tape.steps["event"], int(tape.passes["event"][pass_]))
    first, last = (int(tape.steps["contrib0"][s]) for s in (begin, step))
    rows = first + np.flatnonzero(tape.contributions["node"][first:last] == node)
    own: NDArray[np.int64] = rows[tape.steps["pass_"][tape.contributions["step"][rows]] == pass_]
    return own


def pile_after(tape: Tape, row: int, pile: tuple[int, ...]) -> tuple[int, ...]:
    """Return the passes whose gradients are in a .grad after a row of `grads`."""
    kind, ref = GradChange(int(tape.grads["kind"][row])), int(tape.grads["ref"][row])
    if kind is GradChange.ACCUMULATE:
        number = int(tape.steps["pass_"][ref])
        return pile if number in pile else (*pile, number)
    keeps = kind is GradChange.WRITE and _op(tape, ref) != "zero_"
    return pile if keeps else ()


def _change(tape: Tape, row: int, pile: tuple[int, ...]) -> Change:
    _, code, ref, _, event = tape.grads[row].item()
    kind = GradChange(code)
    step = ref if kind is GradChange.ACCUMULATE else -1
    return Change(
        row, kind, event, int(tape.steps["pass_"][step]) if step >= 0 else -1, step,
        _op(tape, ref) if kind is GradChange.WRITE else "",
        tape.source(int(tape.events["loc"][event])), pile_after(tape, row, pile),
    )  # fmt: skip


def _op(tape: Tape, ref: int) -> str:
    return tape.text(int(tape.ops["name"][ref])) if ref >= 0 else ""


def _path(tape: Tape, row: int) -> Path:
    step = int(tape.contributions["step"][row])
    nodes = [int(tape.steps["node"][step])]
    op = int(tape.nodes["op"][nodes[0]])
    source = tape.source(int(tape.events["loc"][tape.ops["event"][op]])) if op >= 0 else None
    while len(nodes) < _LONGEST:
        rows = arrivals(tape, step)
        if len(rows) != 1:
            break
        step = int(tape.contributions["step"][rows[0]])
        nodes.append(int(tape.steps["node"][step]))
    return Path(row, tuple(nodes), source)


_LONGEST = 12
