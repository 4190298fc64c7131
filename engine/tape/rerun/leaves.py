"""Tensors that no recorded operation made: edited ones, constants, aliases, gradients taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import engine
from engine.autograd.node import LEAF
from engine.tape import bits
from engine.tape.rerun.report import RerunError
from engine.tape.schema import DTYPES, ValueFlag
from engine.tape.tape import Tape
from engine.tensor import alias, wrap

if TYPE_CHECKING:
    from engine.tape.rerun.machine import Machine

Array = NDArray[Any]
_GRAD_LEAF = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD


def edited(tape: Tape, edits: Mapping[str | int, Any]) -> dict[int, Array]:
    """Return arrays of the right shape and type by tensor; RerunError names what cannot be."""
    found = {}
    firsts = _first_values(tape)
    for leaf, given in edits.items():
        tensor = leaf if isinstance(leaf, int) else _named(tape, leaf)
        row = firsts.get(tensor)
        if row is None:
            raise RerunError(
                f"the tape has no leaf {leaf!r}: only what no operation made can be edited"
            )
        found[tensor] = _fitting(tape, row, leaf, given)
    return found


def _first_values(tape: Tape) -> dict[int, int]:
    rows = np.flatnonzero((tape.values["op"] < 0) & (tape.values["grad_of"] < 0))
    tensors, first = np.unique(tape.values["tensor"], return_index=True)
    at = dict(zip(tensors.tolist(), first.tolist(), strict=True))
    made_by_none = set(rows.tolist())
    return {tensor: row for tensor, row in at.items() if row in made_by_none}


def _named(tape: Tape, name: str) -> int:
    for row in tape.names[::-1]:
        if tape.text(int(row["text"])) == name:
            return int(row["tensor"])
    number = name.removeprefix("t")
    return int(number) if number.isdigit() else -1


def _fitting(tape: Tape, row: int, leaf: str | int, given: Any) -> Array:
    shape, name = tape.value_shape(row), tape.value_dtype(row)
    dtype = np.dtype("float32" if name == "bfloat16" else name)
    try:
        array = np.asarray(given, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise RerunError(f"the new value of {leaf} cannot be {name}: {error}") from None
    if array.shape != shape:
        raise RerunError(
            f"the new value of {leaf} has the shape {list(array.shape)}; it must be {list(shape)}"
        )
    if name == "bfloat16":
        array = bits.widen(bits.narrow(np.atleast_1d(array))).reshape(shape)
    return np.array(array)


class Leaves:
    """Makes the tensors of LEAF events."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._shared = _shared_memory(machine.tape)
        self.taken: list[tuple[Array, Any]] = []  # gradients that a pass gave: recorded, new

    def add(self, row: int, value: Array | None) -> None:
        """A LEAF event: bring its tensor to life, or give one that lives what it holds now."""
        machine, tape = self._machine, self._machine.tape
        tensor, flags = int(tape.values["tensor"][row]), int(tape.values["flags"][row])
        wants = flags & _GRAD_LEAF == _GRAD_LEAF
        live = machine.live.get(tensor)
        if live is None:
            live = machine.live[tensor] = self._new(row, tensor, value)
            live._g = LEAF if wants else None
            return
        before = _row_before(tape, tensor, row)
        now, then = machine.recorded(row), machine.recorded(before)
        if now is not None and then is not None and not bits.same(now, then):
            machine.assign(live, now)  # written by code that was no operation
            if machine.differs[before]:
                why = "code that is not on the tape wrote it; it holds what was recorded"
                machine.keep(tape.label(row), why, int(tape.values["event"][row]))
        if live._g is None or live._g is LEAF:
            live._g = LEAF if wants else None
        elif flags & ValueFlag.LEAF:
            live._g = None

    def _new(self, row: int, tensor: int, value: Array | None) -> Any:
        machine, tape = self._machine, self._machine.tape
        if value is not None:
            return wrapped(value, tape.value_dtype(row))
        recorded = machine.recorded(row)
        live = self._sharing(row, tensor, recorded)
        if live is not None:
            return alias(live)
        for given, new in reversed(self.taken):
            if given.shape == recorded.shape and bits.same(np.asarray(given), recorded):
                return wrapped(np.asarray(new), tape.value_dtype(row))
        return self.made(row)

    def _sharing(self, row: int, tensor: int, recorded: Array) -> Any:
        """Return the tensor whose memory a LEAF has that is written through it, or the reverse."""
        machine, values = self._machine, self._machine.tape.values
        storages = self._shared.get(int(values["storage"][row]))
        if storages is None:
            return None
        before = np.flatnonzero(np.isin(values["storage"][:row], list(storages)))
        seen = {tensor}
        for other in before[::-1].tolist():
            number = int(values["tensor"][other])
            if number in seen:
                continue
            seen.add(number)
            if values["shape"][other] == values["shape"][row] and number in machine.live:
                content = machine.tape.value(other)
                if content is not None and bits.same(content, recorded):
                    return machine.live[number]
        return None

    def made(self, row: int) -> Any:
        """Return a new tensor that holds what the tape says of a value."""
        return wrapped(self._machine.recorded(row), self._machine.tape.value_dtype(row))


def wrapped(content: Array, dtype: str) -> Any:
    """Return a tensor of the engine with a copy of an array as its memory."""
    kind = getattr(engine, dtype)
    held = np.array(content)
    return wrap(held if held.ndim else held[()], kind)


def _row_before(tape: Tape, tensor: int, row: int) -> int:
    rows = np.flatnonzero(tape.values["tensor"][:row] == tensor)
    return int(rows[-1]) if len(rows) else row


def _shared_memory(tape: Tape) -> dict[int, set[int]]:
    """Return for numbers of memory (`storage`) the others that are the same memory.

    As that of `w.data` and `w`: an operation that wrote the one changed the other beside.
    """
    values, found = tape.values, dict[int, set[int]]()
    beside = np.flatnonzero((values["out"] == -1) & (values["op"] >= 0))
    for row in beside.tolist():
        out = int(tape.ops["out0"][values["op"][row]])
        wrote, other = int(values["storage"][out]), int(values["storage"][row])
        if wrote != other:
            found.setdefault(wrote, set()).add(other)
            found.setdefault(other, set()).add(wrote)
    return found


__all__ = ["DTYPES", "Leaves", "edited", "wrapped"]
