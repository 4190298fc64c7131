"""Adding to elements of an array by index, where a place may come again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Raw = Any


def add_at(out: Raw, index: tuple[Any, ...], values: Raw) -> None:
    """out[index] += values, one after the other in the order of the index.

    NumPy has a quicker way for vectors, which arrays of integers for the first dimensions can go.
    """
    if not out.flags.c_contiguous or not all(_is_whole(i) for i in index):
        shape = np.broadcast_to(np.empty(()), out.shape)[index].shape
        # Whole, since NumPy 2.4 reads beyond values that it has to broadcast.
        np.add.at(out, index, np.ascontiguousarray(np.broadcast_to(values, shape)))
        return
    places: Raw = np.zeros((), np.intp)
    for i, size in zip(index, out.shape, strict=False):
        places = places * size + np.where(i < 0, i + size, i)
    inner = out.shape[len(index) :]
    values = np.broadcast_to(values, (*places.shape, *inner))
    width = math.prod(inner)
    places = places.reshape(-1, 1) * width + np.arange(width)
    np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))


def _is_whole(i: Any) -> bool:
    return isinstance(i, np.ndarray) and i.dtype.kind == "i"
