"""Arrays made small for a picture: blocks of a matrix, bins of a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.plots.stats import real_part

#: Larger arrays are sampled evenly: the picture is the same.
_MOST = 2_000_000


def blocks(real: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Shrink to at most `most` cells each way, keeping the largest (or not finite) of a block."""
    for axis in (0, 1):
        step = -(-real.shape[axis] // most)
        if step > 1:
            at = np.arange(0, real.shape[axis], step)
            high = np.maximum.reduceat(real, at, axis)
            low = np.minimum.reduceat(real, at, axis)
            real = np.where(np.abs(low) > np.abs(high), low, high)
    return real


def bins(array: NDArray[Any], count: int = 41) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return counts and edges of bins over the finite elements; no counts if there are none.

    Zero, if inside, is the middle of a bin, so that dead units stand out as one bar.
    """
    flat = real_part(array).reshape(-1)
    flat = flat[:: max(flat.size // _MOST, 1)].astype(np.float64)
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return np.zeros(0, np.int64), np.zeros(1)
    low, high = float(flat.min()), float(flat.max())
    if high - low <= abs(high) * 1e-12:
        pad = abs(high) * 0.1 or 0.5
        return np.histogram(flat, count, (low - pad, high + pad))
    if low < 0 < high:
        step = (high - low) / (count - 1)
        low = -(np.ceil(-low / step - 0.5) + 0.5) * step
        return np.histogram(flat, count, (low, low + count * step))
    return np.histogram(flat, count, (low, high))
