"""Gradients rebuilt from what was added to them: the engine's own additions in its own order."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.errors import TapeError
from engine.tape.schema import GradChange

if TYPE_CHECKING:
    from engine.tape.tape import Tape

Array = NDArray[Any]


def delta(tape: Tape, row: int) -> Array | None:
    """Return what a row of `grads` of kind ACCUMULATE added."""
    step = tape.steps[int(tape.grads["ref"][row])]
    index = int(tape.contributions["array"][int(step["contrib0"])])
    return None if index < 0 else tape.array(index)


def after(tape: Tape, row: int) -> Array | None:
    """Return what .grad held after a row of `grads`; None after a CLEAR.

    TapeError where what was added cannot have been: it has another shape than the gradient.
    """
    memo = tape.sums
    rows = tape.grads_of.rows(tape.grads["tensor"], int(tape.grads["tensor"][row]))
    last = first = bisect_left(rows, row)
    total, known = None, False
    while not known and first >= 0:
        total, known = _known(tape, rows[first], memo.get(rows[first]))
        first -= 1
    start = first + 2 if known else 0
    for r in rows[start : last + 1]:
        total = _added(tape, total, r)
    if total is not None:
        memo.put(row, total)
    return total


def of_value(tape: Tape, value: int) -> Array | None:
    """Return the content of a grad tensor's value that has no array of its own."""
    tensor, event = int(tape.values["grad_of"][value]), int(tape.values["event"][value])
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    at = bisect_left(rows, event, key=lambda row: int(tape.grads["event"][row]))
    while at < len(rows) and int(tape.grads["event"][rows[at]]) == event:
        if int(tape.grads["value"][rows[at]]) == value:
            return after(tape, rows[at])
        at += 1
    return None


def _known(tape: Tape, row: int, remembered: Array | None) -> tuple[Array | None, bool]:
    """What .grad held after `row`, if that needs no addition."""
    if remembered is not None:
        return remembered, True
    kind, value = int(tape.grads["kind"][row]), int(tape.grads["value"][row])
    if kind == GradChange.CLEAR:
        return None, True
    index = int(tape.values["array"][value]) if value >= 0 else -1
    if index >= 0:
        return tape.array(index), True
    return None, kind != GradChange.ACCUMULATE


def _added(tape: Tape, total: Array | None, row: int) -> Array | None:
    added = delta(tape, row)
    if added is None or total is None:
        return added if total is None else total
    if added.shape != total.shape:
        problem = f"adds a gradient of shape {added.shape} to one of {total.shape}"
        raise TapeError(tape.file, f"grads row {row}", problem)
    code = int(tape.values["dtype"][int(tape.grads["value"][row])])
    result: Array = bits.add(total, added, code)
    result.flags.writeable = False
    return result


def over(arrays: list[Array], code: int) -> Array | None:
    """Return the sum of what arrived at one output of a node, added in order of arrival."""
    total: Array | None = None
    for array in arrays:
        total = array if total is None else np.asarray(bits.add(total, array, code))
    return total


def total(arrays: list[Array]) -> Array:
    """Return the sum of several arrays as `over` gives it for types that need no rounding."""
    first = arrays[0]
    with np.errstate(all="ignore"):
        result = np.add(first, arrays[1])
        like = result.shape, result.dtype
        if result.ndim and all((array.shape, array.dtype) == like for array in arrays):
            for array in arrays[2:]:
                np.add(result, array, out=result)
        else:
            for array in arrays[2:]:
                result = np.add(result, array)
    return np.asarray(result)
