"""Moments of a tape counted in passes, as plots over training show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Passes:
    """Turns playheads into numbers of passes.

    begun: the playheads at which the passes begin.
    """

    def __init__(self, begun: NDArray[np.int64]) -> None:
        self._begun = begun

    def numbers(self, playheads: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the pass that has begun last at each playhead, 0 before the first."""
        return np.searchsorted(self._begun, playheads, side="right").astype(np.float64)

    def number(self, playhead: int) -> int:
        """Return the pass that has begun last at a playhead, 0 before the first."""
        return int(np.searchsorted(self._begun, playhead, side="right"))
