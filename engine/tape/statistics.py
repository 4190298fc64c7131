"""Numbers that stay of an array whose elements were not kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.uniform import element, is_uniform

Array = NDArray[Any]

_BLOCK = 1 << 20  # elements that are looked at together


class Statistics(NamedTuple):
    """Over the elements of an array; low to std over the finite ones, NaN where there is none.

    std is the population's (divided by n). Of complex elements their absolute values are meant, of
    booleans 0 and 1.
    """

    low: float
    high: float
    mean: float
    std: float
    nan: int
    positive: int  # +Inf
    negative: int  # -Inf
    zeros: int


def statistics(array: Array) -> Statistics:
    """Return the statistics of an array of any shape, in memory that does not grow with it."""
    if is_uniform(array):
        one, n = statistics(element(array)), array.size
        return one._replace(
            nan=one.nan * n, positive=one.positive * n, negative=one.negative * n,
            zeros=one.zeros * n,
        )  # fmt: skip
    count, total, low, high = 0, 0.0, math.inf, -math.inf
    faults = [0, 0, 0, 0]
    with np.errstate(all="ignore"):
        for block in _blocks(array):
            finite = block[np.isfinite(block)]
            count += finite.size
            total += float(finite.sum())
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            faults[0] += int(np.isnan(block).sum())
            faults[1] += int((block == np.inf).sum())
            faults[2] += int((block == -np.inf).sum())
            faults[3] += int(block.size - np.count_nonzero(block))
        if not count:
            return Statistics(math.nan, math.nan, math.nan, math.nan, *faults)
        mean = total / count
        squares = sum(
            float(np.square(block[np.isfinite(block)] - mean).sum()) for block in _blocks(array)
        )
    return Statistics(low, high, mean, math.sqrt(squares / count), *faults)


def _blocks(array: Array) -> Iterator[NDArray[np.float64]]:
    flat = array.reshape(-1)
    for at in range(0, flat.size, _BLOCK):
        block = flat[at : at + _BLOCK]
        yield (np.abs(block) if block.dtype.kind == "c" else block).astype(np.float64)
