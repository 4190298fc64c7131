"""The version counter of a memory over time: who wrote it, and which saved tensor that spoilt.

Tensors that share memory share its counter (`storage`). A node that saved one of them at a version
fails in a pass after a later write: "modified by an inplace operation".
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from engine.tape.schema import OpFlag
from engine.tape.tape import Source, Tape


@dataclass(frozen=True, slots=True)
class Write:
    """One write in place. version: the counter afterwards; op: its row, -1 if it was no operation."""

    event: int
    version: int
    op: int
    name: str
    tensor: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A tensor that a node saved, and the first write after that.

    version: of the counter when it was saved. saved_by: the line of the node's operation. until:
    the event at which the node freed it; the write before that is what a pass then complains of.
    """

    node: int
    name: str
    value: int
    version: int
    write: Write
    saved_by: Source | None


@dataclass(frozen=True, slots=True)
class Memory:
    """All writes to one memory, in order, and what they spoilt."""

    storage: int
    tensors: tuple[int, ...]
    writes: tuple[Write, ...]
    spoilt: tuple[Spoilt, ...]


def memory(tape: Tape, storage: int) -> Memory:
    """Return the timeline of a memory, by the number in the column `storage` of `values`."""
    values = tape.values
    rows = np.flatnonzero(values["storage"] == storage)
    tensors = tuple(dict.fromkeys(values["tensor"][rows].tolist()))
    writes = _writes(tape, rows.tolist())
    return Memory(storage, tensors, tuple(writes), tuple(_spoilt(tape, rows.tolist(), writes)))


def _writes(tape: Tape, rows: list[int]) -> list[Write]:
    """Return a write for each rise of the counter that a value shows."""
    found: list[Write] = []
    version = min((int(tape.values["version"][row]) for row in rows), default=0)
    for row in rows:
        tensor, count, _, _, _, op, *_, event = tape.values[row].item()
        if count <= version:
            continue
        version = count
        if op >= 0 and tape.ops["flags"][op] & OpFlag.INPLACE:
            event = int(tape.ops["event"][op])
            name = tape.text(int(tape.ops["name"][op]))
        else:
            op, name = -1, "written by no operation"
        found.append(Write(event, count, op, name, tensor, _source(tape, event)))
    return found


def _spoilt(tape: Tape, rows: list[int], writes: list[Write]) -> list[Spoilt]:
    if not writes:
        return []
    versions = [write.version for write in writes]
    found = []
    for at in np.flatnonzero(np.isin(tape.saved["value"], rows)).tolist():
        value = int(tape.saved["value"][at])
        version = int(tape.values["version"][value])
        later = bisect_right(versions, version)
        if later == len(writes):
            continue
        node = _owner(tape, at)
        write = writes[later]
        if write.op >= 0 and int(tape.nodes["op"][node]) == write.op:
            continue  # it saved what it wrote itself
        step = tape.releases.of(tape, node)
        if step >= 0 and int(tape.steps["event"][step]) < write.event:
            continue  # freed before, so nobody asks for it any more
        op = int(tape.nodes["op"][node])
        event = int(tape.ops["event"][op]) if op >= 0 else -1
        name = tape.text(int(tape.saved["name"][at]))
        found.append(Spoilt(node, name, value, version, write, _source(tape, event)))
    return found


def _owner(tape: Tape, saved: int) -> int:
    """Return the node whose span of `saved` has a row."""
    first = tape.nodes["saved0"]
    spans = np.flatnonzero((first <= saved) & (saved < first + tape.nodes["n_saved"]))
    return int(spans[0])


def _source(tape: Tape, event: int) -> Source | None:
    return tape.source(int(tape.events["loc"][event])) if event >= 0 else None
