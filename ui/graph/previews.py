"""What a card shows of its array: a number, a small heat map or bars, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.statistics import Statistics
from engine.tape.uniform import corner, is_uniform
from ui.plots.blocks import bins, blocks
from ui.plots.stats import number, real_part

CELLS = 16  # at most, each way
BARS = 12  # a vector of more elements is shown as a histogram

Array = NDArray[Any]


class Health(IntEnum):
    """The worst that an array holds."""

    FINE = 0
    ZERO = 1  # all elements are zero
    INF = 2
    NAN = 3


class Form(IntEnum):
    NUMBER = 0
    CELLS = 1  # marks: (rows, columns)
    BARS = 2  # marks: (elements,)
    HISTOGRAM = 3  # marks: (bins,), shares of the fullest


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """text: one element in full, "" for more; short: the same in few letters; marks: -1..1 of the
    largest absolute value, NaN for what is not finite."""

    form: Form
    text: str
    short: str
    marks: NDArray[np.float64]
    health: Health


_NOTHING = np.zeros(0)


def preview_of(array: Array) -> Preview | None:
    """Return what a card shows of an array of any shape; None if it has no elements."""
    if not array.size:
        return None
    real, health = real_part(array), health_of(array)
    if array.size == 1:
        one = array.reshape(-1)[0]
        return Preview(Form.NUMBER, number(one), short_number(one), _NOTHING, health)
    if is_uniform(real):
        real = corner(real, CELLS**2)
    while real.ndim > 2:  # the first of each stack, as the inspector begins with
        real = real[0]
    if real.ndim == 2 and min(real.shape) == 1:
        real = real.reshape(-1)
    if real.ndim == 2:
        return Preview(Form.CELLS, "", "", _scaled(blocks(_wide(real), CELLS)), health)
    if real.size <= BARS:
        return Preview(Form.BARS, "", "", _scaled(_wide(real)), health)
    return Preview(Form.HISTOGRAM, "", "", _histogram(_wide(real)), health)


def preview_of_statistics(kept: Statistics) -> Preview:
    """Return what can be said of an array whose elements were not kept: whether it is healthy."""
    health = Health.NAN if kept.nan else Health.INF if kept.positive + kept.negative else None
    if health is None:
        health = Health.ZERO if kept.low == kept.high == 0.0 else Health.FINE
    return Preview(Form.NUMBER, "", "", _NOTHING, health)


def health_of(array: Array) -> Health:
    """Return the worst that an array holds, in memory that does not grow with it."""
    some = corner(array, 1) if is_uniform(array) else array
    if some.dtype.kind not in "fc":
        return Health.FINE if np.any(some) or some.dtype.kind == "b" else Health.ZERO
    # A sum is finite unless an element is not, or it overflows: then look closer.
    with np.errstate(all="ignore"):
        total = some.sum(dtype=np.complex128 if some.dtype.kind == "c" else np.float64)
    if not np.isfinite(total):
        if np.isnan(some).any():
            return Health.NAN
        if np.isinf(some).any():
            return Health.INF
    return Health.FINE if np.any(some) else Health.ZERO


def short_number(x: Any) -> str:
    """Write one element in few letters: "-.312", "1.2e-7", "nan"."""
    text = number(x, 3)
    if len(text) > 6:
        text = number(x, 2)
    sign, rest = ("-", text[1:]) if text[:1] == "-" else ("", text)
    return sign + rest.removeprefix("0") if rest.startswith("0.") and rest != "0.0" else text


def _wide(real: Array) -> NDArray[np.float64]:
    return real.astype(np.float64)


def _scaled(real: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(real)
    most = np.abs(real[finite]).max(initial=0.0)
    return np.where(finite, real, np.nan) / (most or 1.0)


def _histogram(real: NDArray[np.float64]) -> NDArray[np.float64]:
    counts, _ = bins(real, BARS)
    return counts / counts.max() if len(counts) else np.full(1, np.nan)
