"""Moments of a tape counted in passes, as plots over training show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Passes:
    """Turns playheads into numbers of passes; a moment between two lies between their numbers.

    begun: the playheads at which the passes begin. end: the last playhead of the tape.
    """

    def __init__(self, begun: NDArray[np.int64], end: int) -> None:
        self._heads = np.concatenate(
            [[0], begun, [max(end, int(begun[-1]) if len(begun) else 0) + 1]]
        )
        self._numbers = np.arange(len(self._heads), dtype=float)

    def at(self, playheads: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return where playheads lie, in passes: 2.5 is half-way from pass 2 to pass 3."""
        found: NDArray[np.float64] = np.interp(playheads, self._heads, self._numbers)
        return found

    def number(self, playhead: int) -> int:
        """Return the pass that has begun last at a playhead, 0 before the first."""
        return int(np.searchsorted(self._heads[1:-1], playhead, side="right"))
