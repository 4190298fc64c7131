"""Sliding windows over the last dimensions of arrays, without Python loops over positions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Raw = Any
Ints = Sequence[int]


def output_size(
    n: int, k: int, stride: int, padding: int, dilation: int, ceil: bool = False
) -> int:
    """Return how many windows fit; with `ceil` the last may hang over, but not start outside."""
    room = n + 2 * padding - dilation * (k - 1) - 1
    count = (room + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= n + padding:
        count -= 1
    return count


def padded(a: Raw, before: Ints, after: Ints, value: float = 0.0) -> Raw:
    """Pad the last dimensions."""
    if not any(before) and not any(after):
        return a
    free = a.ndim - len(before)
    pairs = [(0, 0)] * free + list(zip(before, after, strict=True))
    return np.pad(a, pairs, constant_values=value)


def windows(a: Raw, kernel: Ints, stride: Ints, dilation: Ints, counts: Ints) -> Raw:
    """Return a view (..., *counts, *kernel) of an already padded array."""
    n = len(kernel)
    free, steps = a.strides[:-n], a.strides[-n:]
    strides = (
        *free,
        *(s * step for s, step in zip(stride, steps, strict=True)),
        *(d * step for d, step in zip(dilation, steps, strict=True)),
    )
    return as_strided(a, (*a.shape[:-n], *counts, *kernel), strides, writeable=False)


def scatter_windows(
    w: Raw, size: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> Raw:
    """Add windows (..., *counts, *kernel) back to where they came from: (..., *size).

    One strided addition per place in the kernel.
    """
    n = len(kernel)
    counts = w.shape[-2 * n : -n]
    full = [
        max(s + 2 * p, (c - 1) * st + d * (k - 1) + 1)
        for s, p, c, st, d, k in zip(size, padding, counts, stride, dilation, kernel, strict=True)
    ]
    out: Raw = np.zeros((*w.shape[: -2 * n], *full), w.dtype)
    for place in itertools.product(*map(range, kernel)):
        target = tuple(
            slice(i * d, i * d + (c - 1) * st + 1, st)
            for i, d, c, st in zip(place, dilation, counts, stride, strict=True)
        )
        out[(..., *target)] += w[(..., *place)]
    inner = tuple(slice(p, p + s) for p, s in zip(padding, size, strict=True))
    return np.ascontiguousarray(out[(..., *inner)])


def divisors(
    size: Ints, kernel: Ints, stride: Ints, padding: Ints, counts: Ints, include_pad: bool
) -> Raw:
    """Return the number of elements that each window averages over, shape `counts`."""
    lengths = []
    for n, k, st, p, c in zip(size, kernel, stride, padding, counts, strict=True):
        start = np.arange(c) * st - p
        end = np.minimum(start + k, n + p)
        if not include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        lengths.append(end - start)
    if len(lengths) == 1:
        return lengths[0]
    grid: Raw = np.ix_(*lengths)
    return math.prod(grid)
