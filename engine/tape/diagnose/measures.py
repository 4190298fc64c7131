"""What diagnoses ask of an array again and again: how large it is, whether it is zero or not finite.

Small arrays are measured a block of neighbours at a time, each of them once.
"""

from __future__ import annotations

import array as arrays_of
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.blocks import several
from engine.tape.errors import NotKept
from engine.tape.tape import Tape

Array = NDArray[Any]

_BLOCK = 512  # rows of `arrays` that are measured together
_FEW = 4  # rows of a block that are measured one by one before all of it is
_TOGETHER = 1024  # rows of a list that are measured together
#: What is known of an array, as bits: that it was asked for, that its elements were not kept, that
#: none is other than zero, that one is NaN or infinite, that one is NaN.
_ASKED, _LOST, ZERO, BAD, NAN = 1, 2, 4, 8, 16


class Measures:
    """The measures of a tape's arrays, each worked out when it is first asked for."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        count = len(tape.arrays)
        self._bits, self._rms = bytearray(count), arrays_of.array("d", bytes(8 * count))
        self._asked: dict[int, int] = {}

    def bits(self, row: int) -> int:
        """Return what is known of a row of `arrays`: ZERO, BAD, NAN; none of them for -1 and lost ones."""
        return 0 if row < 0 else self._bits[row] or self._measured(row)

    def rms(self, row: int) -> float:
        """Return the root mean square of an array's elements; NaN of nothing."""
        return math.nan if row < 0 or self.bits(row) & _LOST else self._rms[row]

    def prepare(self, rows: list[int]) -> None:
        """Measure many rows together that will be asked for."""
        known = self._bits
        fresh = np.array([row for row in rows if row >= 0 and not known[row]], np.intp)
        for at in range(0, len(fresh), _TOGETHER):
            self._take(fresh[at : at + _TOGETHER])

    def _measured(self, row: int) -> int:
        block = row // _BLOCK
        asked = self._asked[block] = self._asked.get(block, 0) + 1
        if asked == _FEW:
            first = block * _BLOCK
            self._take(np.arange(first, min(first + _BLOCK, len(self._bits))))
        if not self._bits[row]:
            try:
                known, self._rms[row] = measured(self._tape.array(row))
            except NotKept:
                known = _LOST
            self._bits[row] = known | _ASKED
        return self._bits[row]

    def _take(self, rows: NDArray[np.intp]) -> None:
        known, size = np.frombuffer(self._bits, np.uint8), np.frombuffer(self._rms, np.float64)
        for places, arrays in several(self._tape, rows):
            bits, rms = _of_each(arrays.reshape(len(arrays), -1))
            known[rows[places]], size[rows[places]] = bits | _ASKED, rms


def measured(array: Array) -> tuple[int, float]:
    """Return the bits and the root mean square of one array."""
    if array.size and not any(array.strides):  # all elements are one
        array = array[(slice(0, 1),) * array.ndim]
    bits, rms = _of_each(array.reshape(1, -1))
    return int(bits[0]), float(rms[0])


def _of_each(arrays: Array) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the bits and the root mean square of (k, n) arrays of n elements each."""
    count, size = arrays.shape
    if not size:
        return np.full(count, ZERO, np.uint8), np.full(count, math.nan)
    wide = np.abs(arrays) if arrays.dtype.kind == "c" else arrays
    with np.errstate(all="ignore"):
        wide = wide.astype(np.float64)
        rms = np.sqrt(np.einsum("ij,ij->i", wide, wide) / size)
    bits = np.where(arrays.any(axis=1), 0, ZERO).astype(np.uint8)
    if arrays.dtype.kind in "fc" and not np.isfinite(rms).all():
        bits[~np.isfinite(arrays).all(axis=1)] |= BAD
        bits[np.isnan(arrays).any(axis=1)] |= NAN
    return bits, rms
