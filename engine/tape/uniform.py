"""Arrays that show one element everywhere, as `expand` makes them: huge, and of a few bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BLOCK = 1 << 20  # elements that are widened at once


def is_uniform(array: Array) -> bool:
    """Return whether all elements are the same bytes in memory."""
    return array.size > 1 and not any(array.strides)


def element(array: Array) -> Array:
    """Return the one element of a uniform array, 0-d."""
    return array[(0,) * array.ndim + (...,)]


def corner(array: Array, most: int = 1 << 20) -> Array:
    """Return so many elements of a uniform array that has more, and others as they are."""
    if array.size <= most or not is_uniform(array):
        return array
    side = max(int(most ** (1 / array.ndim)), 1)
    return array[tuple(slice(side) for _ in range(array.ndim))]


def norm(array: Array) -> float:
    """Return the 2-norm in float64, in memory that does not grow with the array."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if is_uniform(array):
            return float(abs(element(array).astype(_wide(array)))) * math.sqrt(array.size)
        flat = array.reshape(-1)
        parts = (flat[at : at + _BLOCK] for at in range(0, flat.size, _BLOCK))
        norms = [float(np.linalg.norm(part.astype(_wide(array)))) for part in parts]
        return norms[0] if len(norms) == 1 else float(np.linalg.norm(norms))


def _wide(array: Array) -> str:
    return "complex128" if array.dtype.kind == "c" else "float64"
