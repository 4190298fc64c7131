"""The arrays of a tape that may be what a person expects, searched for one among all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.blocks import SMALL, several
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Link
from engine.tape.diagnose.relation import rounded
from engine.tape.errors import NotKept
from engine.tape.schema import DTYPES

Array = NDArray[Any]

_TOGETHER = 1024  # arrays that are read together
_KEPT = 1 << 22  # elements that are kept to be searched again


class Place(NamedTuple):
    """Where an array is. array: its row of `arrays`. op: that computed it, or step: that sent it."""

    array: int
    op: int = -1
    step: int = -1

    def what(self, facts: Facts) -> str:
        """Return what the array is, in words."""
        if self.op >= 0:
            return f"what {facts.called(self.op)} computes"
        return f"what {facts.node_name(facts.node_at(self.step))} sends"

    def link(self, facts: Facts, text: str) -> Link:
        return facts.at_op(text, self.op) if self.op >= 0 else facts.at_step(text, self.step)


class Places:
    """Arrays in the order in which they are searched."""

    def __init__(self, facts: Facts, places: Sequence[Place]) -> None:
        self.all = places
        self._facts, self._tape = facts, facts.tape
        arrays = np.array([place.array for place in places], np.int64)
        self._rows = arrays
        self._forms = self._form(arrays) if len(arrays) and len(self._tape.arrays) else arrays
        self._stacks: dict[tuple[int, ...], list[tuple[NDArray[np.intp], Array]]] = {}

    def same(self, value: Array, tolerance: float) -> Iterator[int]:
        """Yield the places whose arrays are a value but for rounding, in order."""
        for places, stack in self._like(value):
            yield from places[_same(stack, value.reshape(-1), tolerance)].tolist()

    def first_same(self, value: Array, tolerance: float) -> Place | None:
        """Return the first place whose array is a value but for rounding."""
        found = next(self.same(value, tolerance), None)
        return None if found is None else self.all[found]

    def first_multiple(self, value: Array, tolerance: float) -> tuple[Place, float] | None:
        """Return the first place whose array is a value times a number other than 1, and the number."""
        flat = np.asarray(value, np.float64).reshape(-1)
        if not flat.any():
            return None
        for places, stack in self._like(value):
            with np.errstate(all="ignore"):
                found = stack @ flat / (flat @ flat)
                good = np.isfinite(found) & (found != 0) & stack.any(axis=1)
                good &= _same(stack, found[:, None] * flat, tolerance)
            for k in np.flatnonzero(good).tolist():
                factor = rounded(float(found[k]), tolerance)
                if factor != 1:
                    return self.all[int(places[k])], factor
        return None

    def _form(self, arrays: NDArray[np.int64]) -> NDArray[np.int64]:
        table = self._tape.arrays[arrays]
        forms = self._tape.same_shapes[table["shape"]]
        return np.where((arrays >= 0) & _NUMBERS[table["dtype"]], forms, -1)

    def _like(self, value: Array) -> Iterator[tuple[NDArray[np.intp], Array]]:
        """Return (k) places and (k, size) elements of the arrays that have a value's shape, in order."""
        kept = self._stacks.get(value.shape)
        if kept is None:
            forms = [int(form) for form in np.unique(self._forms) if form >= 0]
            alike = [form for form in forms if self._tape.shape(form) == value.shape]
            mine = np.flatnonzero(np.isin(self._forms, alike))
            found = self._read(mine, value.size)
            if len(mine) * value.size > _KEPT:
                return found
            kept = self._stacks[value.shape] = list(found)
        return iter(kept)

    def _read(self, mine: NDArray[np.intp], size: int) -> Iterator[tuple[NDArray[np.intp], Array]]:
        together = _TOGETHER if size * 8 <= SMALL else 8
        for at in range(0, len(mine), together):
            part = mine[at : at + together]
            stack, known = np.empty((len(part), size)), np.zeros(len(part), bool)
            for places, arrays in several(self._tape, self._rows[part]):
                stack[places] = arrays.reshape(len(arrays), -1)
                known[places] = True
            for k in np.flatnonzero(~known).tolist():
                try:
                    stack[k] = self._tape.array(int(self._rows[part[k]])).reshape(-1)
                    known[k] = True
                except NotKept:
                    continue
            yield part[known], stack[known]


_NUMBERS = np.array([np.dtype(n).kind in "fiu" if n != "bfloat16" else True for n in DTYPES])


def _same(stack: Array, flat: Array, tolerance: float) -> NDArray[np.bool_]:
    """Whether each row of a stack is a flat array, or its row of another stack, but for rounding."""
    if not stack.shape[1]:
        return np.ones(len(stack), bool)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(stack).max(axis=1), np.abs(flat).max(axis=-1))
        found = np.abs(stack - flat).max(axis=1) <= tolerance * size
    return np.asarray(found & np.isfinite(size))
