"""What a comparison of two tapes found: what corresponds, and every difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.tape import Source

Ids = NDArray[np.int32]
Bools = NDArray[np.bool_]


class Difference(NamedTuple):
    """One thing that is not the same.

    kind: "value", "gradient", "shape", "arguments", "only in the first", "only in the second",
    "passes", "print", "error", ".grad" (assigned, cleared or written). what: in words. event_a,
    event_b: of each tape, or -1. op and node: rows of the first tape, or -1 (of the second where it
    is only there). size: the largest absolute difference of two elements; NaN where they cannot be
    compared. sources: the lines in both programs.
    """

    kind: str
    what: str
    event_a: int
    event_b: int
    op: int
    node: int
    size: float
    sources: tuple[Source | None, Source | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of two tapes corresponds, and every difference in the order of the first tape's events.

    ops, values, nodes, passes: for each row of the first tape the row of the second, or -1.
    op_size, node_size: per row of the first tape the largest difference of an operation's results,
    and of what a node sent; 0 where nothing differs, NaN where it has no counterpart.
    """

    ops: Ids
    values: Ids
    nodes: Ids
    passes: Ids
    op_size: NDArray[np.float64]
    node_size: NDArray[np.float64]
    differences: tuple[Difference, ...]
    _events: Ids

    @property
    def same(self) -> bool:
        return not self.differences

    def own_playhead(self, playhead: int) -> int:
        """Return the first playhead of the first tape that corresponds to one of the second."""
        return min(int(np.searchsorted(self._events, playhead)), len(self._events) - 1)

    def other_playhead(self, playhead: int) -> int:
        """Return the playhead of the second tape that corresponds to one of the first."""
        return int(self._events[max(0, min(playhead, len(self._events) - 1))])
