"""What one line can say about an array: its extremes, moments, and what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.uniform import element, is_uniform, norm

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers over all elements; low to std are over the finite ones and NaN if there are none.

    For complex arrays they describe the absolute values, for booleans 0 and 1.
    """

    count: int
    low: float
    high: float
    mean: float
    std: float
    nan: int
    inf: int
    zeros: int


def stats(array: Array) -> Stats:
    """Return the statistics of an array of any shape; std is the population's (divided by n)."""
    if is_uniform(array):
        return _of_many(stats(element(array)), array.size)
    real = real_part(array)
    if real.dtype.kind != "f":
        finite, nan, inf = real, 0, 0
    else:
        good = np.isfinite(real)
        finite = real[good]
        nan = int(np.count_nonzero(np.isnan(real)))
        inf = real.size - finite.size - nan
    zeros = int(real.size - np.count_nonzero(real))
    if not finite.size:
        return Stats(real.size, math.nan, math.nan, math.nan, math.nan, nan, inf, zeros)
    wide = finite.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(wide.mean()), float(wide.std())
    return Stats(real.size, float(wide.min()), float(wide.max()), mean, std, nan, inf, zeros)


def _of_many(one: Stats, count: int) -> Stats:
    """Return the statistics of an array that shows one element so many times."""
    std = 0.0 if math.isfinite(one.mean) else one.std
    times = (number * count for number in (one.nan, one.inf, one.zeros))
    return Stats(count, one.low, one.high, one.mean, std, *times)


def real_part(array: Array) -> Array:
    """Return what can be put on a scale: the values themselves, or absolute ones if complex."""
    if array.dtype.kind == "c":
        return np.abs(array)
    return array.astype(np.int8) if array.dtype.kind == "b" else array


def number(x: Any, digits: int = 4) -> str:
    """Return a short text for one element, with so many significant digits."""
    kind = np.asarray(x).dtype.kind
    if kind == "b":
        return str(bool(x))
    if kind in "iu":
        return str(int(x))
    if kind == "c":
        return f"{number(x.real, digits)}{x.imag:+.{digits}g}j"
    value = float(x)
    if math.isfinite(value) and value == int(value) and abs(value) < 10**digits:
        return f"{value:.1f}"
    text = f"{value:.{digits}g}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def summary(numbers: Stats) -> str:
    """Return "min -0.31  max 0.52  mean 0.01  std 0.2", then the faults that there are."""
    if not numbers.count:
        return "no elements"
    parts = []
    if not math.isnan(numbers.low):
        named = (("min", numbers.low), ("max", numbers.high), ("mean", numbers.mean))
        parts = [f"{name}\u00a0{number(value, 3)}" for name, value in named]
        parts.append(f"std\u00a0{number(numbers.std, 3)}")
    for name, count in (("NaN", numbers.nan), ("Inf", numbers.inf), ("zeros", numbers.zeros)):
        if count:
            parts.append(f"{name}\u00a0{count:,}")
    return "  ".join(parts)


def brief(array: Array, most: int = 4) -> str:
    """Return the elements of a small array, the norm of a larger one: "[1.0, -2.5]", "‖·‖ 3.1"."""
    if array.ndim == 0:
        return number(array[()])
    if 0 < array.size <= most:
        return "[" + ", ".join(brief(part, most) for part in array) + "]"
    if is_uniform(array):
        return f"‖·‖ {number(norm(array))}"
    return f"‖·‖ {number(_norm(real_part(array).ravel()))}"


def _norm(flat: Array) -> float:
    """Return the 2-norm, in the array's own precision where that neither over- nor underflows."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        quick = float(np.linalg.norm(flat)) if flat.dtype == np.float32 else np.nan
        if np.isfinite(quick) and quick > 1e-15:
            return quick
        return float(np.linalg.norm(flat.astype(np.float64)))
