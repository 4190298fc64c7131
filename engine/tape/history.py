"""A leaf over the iterations of a run: its value and its .grad, pass by pass, read when wanted.

An iteration of a leaf is a backward pass that added to its `.grad`; of a leaf that no pass reaches,
each of its values is one. `grad(i)` is what `.grad` held when pass i had added its last, `value(i)`
what the leaf held when that pass began.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import sums
from engine.tape.schema import GradChange
from engine.tape.slicing import Slice, SliceError, bound
from engine.tape.tape import Tape

Array = NDArray[Any]
Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Iterations that one reading gives at most, and bytes of arrays that it may look at: more are
#: thinned out evenly.
MOST, BUDGET = 4_000, 400_000_000
#: More elements than this are told by the least, the mean and the greatest of them.
LINES = 24


class Series(NamedTuple):
    """Elements over iterations.

    iterations: (k,) which; playheads: (k,) where each has just happened; lines: (k, m), NaN where
    nothing was kept; labels: (m,), the elements' indices or "least", "mean", "greatest"; elements:
    how many the slice chose; chosen: how many iterations it chose, k or more.
    """

    iterations: Indices
    playheads: Indices
    lines: Floats
    labels: tuple[str, ...]
    elements: int
    chosen: int


class History:
    """The iterations of one leaf of a tape.

    playheads: (n,) ascending, where each iteration's gradient has just been added up (or its value
    has just appeared); passes: (n,) the pass of each, or -1.
    """

    def __init__(self, tape: Tape, tensor: int) -> None:
        self.tape, self.tensor = tape, tensor
        values = np.flatnonzero(tape.values["tensor"] == tensor)
        born = tape.values["event"][values]
        self._rows, self.passes = _last_of_each_pass(tape, tensor)
        if len(self._rows):
            self.playheads = tape.grads["event"][self._rows].astype(np.int64) + 1
            seen = np.searchsorted(born, tape.passes["event"][self.passes])
        else:
            self.playheads = born.astype(np.int64) + 1
            self.passes = np.full(len(values), -1, np.int64)
            seen = np.arange(1, len(values) + 1)
        # A leaf that is first seen within its pass has held its first value all along.
        self._values = values[np.maximum(seen - 1, 0)] if len(values) else values

    def __len__(self) -> int:
        return min(len(self.playheads), len(self._values))

    @property
    def has_grads(self) -> bool:
        """Return whether a pass has added to the leaf's `.grad`."""
        return bool(len(self._rows))

    @property
    def shape(self) -> tuple[int, ...]:
        """The leaf's shape in its last iteration."""
        return self.tape.value_shape(int(self._values[-1])) if len(self) else ()

    def value(self, i: int) -> Array | None:
        """Return what the leaf held in iteration `i`; None where it was not kept."""
        return self.tape.value(int(self._values[i]))

    def grad(self, i: int) -> Array | None:
        """Return what `.grad` held after iteration `i`; None where it was not kept."""
        return sums.after(self.tape, int(self._rows[i])) if self.has_grads else None

    def at(self, playhead: int) -> int:
        """Return the latest iteration at a playhead, or -1 before the first."""
        return bisect_right(self.playheads, playhead) - 1

    def series(self, wanted: Slice, cancelled: Callable[[], bool] = lambda: False) -> Series:
        """Return what a slice chooses: its first index is over iterations, the others elements.

        Arrays are read one after another. Raises SliceError for what the leaf does not have.
        """
        if wanted.grad and not self.has_grads:
            raise SliceError("no backward pass has added to it: there is no .grad to plot")
        when, elements = bound(wanted.items, len(self), self.shape)
        chosen = np.atleast_1d(np.arange(len(self))[when])
        kept = np.sort(thinned(chosen, self._most()))  # sums are rebuilt faster in order of time
        places = np.atleast_1d(np.arange(math.prod(self.shape)).reshape(self.shape)[elements])
        if not len(chosen) * places.size:
            raise SliceError(
                f"the slice chooses nothing of {len(self):,} iterations of {list(self.shape)}"
            )
        few = places.size <= LINES
        lines = np.full((len(kept), places.size if few else 3), np.nan)
        for k, i in enumerate(kept.tolist()):
            if cancelled():
                break
            array = self.grad(i) if wanted.grad else self.value(i)
            if array is not None and array.shape == self.shape:
                part = _real(array[elements]).ravel()
                lines[k] = part if few else (part.min(), part.mean(), part.max())
        labels = (
            tuple(map(self._label, places.ravel().tolist()))
            if few
            else ("least", "mean", "greatest")
        )
        return Series(kept, self.playheads[kept], lines, labels, places.size, len(chosen))

    def _most(self) -> int:
        """Return how many iterations one reading may look at."""
        return min(MOST, max(BUDGET // (8 * max(math.prod(self.shape), 1)), 2))

    def _label(self, place: int) -> str:
        return str([int(i) for i in np.unravel_index(place, self.shape)]) if self.shape else ""


def thinned(chosen: Indices, most: int) -> Indices:
    """Return at most `most` of the iterations: evenly, the first and the last among them."""
    if len(chosen) <= most:
        return chosen
    return chosen[np.linspace(0, len(chosen) - 1, most).round().astype(np.int64)]


def _real(array: Array) -> Floats:
    """Return an array as float64; of complex numbers the absolute values."""
    return np.asarray(np.abs(array) if np.iscomplexobj(array) else array, np.float64)


def _last_of_each_pass(tape: Tape, tensor: int) -> tuple[Indices, Indices]:
    """Return the rows of `grads` that were a pass's last addition, ascending, and the passes."""
    rows = np.array(tape.grads_of.rows(tape.grads["tensor"], tensor), np.int64)
    rows = rows[tape.grads["kind"][rows] == GradChange.ACCUMULATE]
    passes = tape.steps["pass_"][tape.grads["ref"][rows]].astype(np.int64)
    # Passes may lie within each other: a pass's rows need not stand together.
    _, back = np.unique(passes[::-1], return_index=True)
    last = np.sort(len(passes) - 1 - back)
    return rows[last], passes[last]
