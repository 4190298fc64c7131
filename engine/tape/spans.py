"""Stretches of rows: what each row of one table owns of another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]


def spans(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Expand rows (first, count) to pairs (row number, element number)."""
    owner = np.repeat(np.arange(len(count)), count)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, first.astype(np.int64)[owner] + inside
