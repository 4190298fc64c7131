"""Which element type an operation on several arguments computes in."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from engine.dtype import (
    BOOL,
    COMPLEX,
    FLOAT,
    TO_COMPLEX,
    bfloat16,
    cast,
    default,
    dtype,
    of_scalar,
    promote_types,
    round_bfloat16,
)  # fmt: skip
from engine.tensor import Tensor


def _combine(high: dtype | None, low: dtype | None) -> dtype | None:
    """The type of a result when arguments of less weight (`low`) join those of more."""
    if high is None or low is None:
        return high or low
    if high.category == COMPLEX:
        return high
    if high.category == FLOAT:
        return TO_COMPLEX[high] if low.category == COMPLEX else high
    if high.category == BOOL or low.category >= FLOAT:
        return promote_types(high, low)
    return high


def result_dtype(values: Any) -> dtype:
    """The common type: tensors with dimensions first, then 0-d tensors, then numbers."""
    dims = zero = number = None
    for v in values:
        if isinstance(v, Tensor):
            if v._s:
                dims = v._d if dims is None else promote_types(dims, v._d)
            else:
                zero = v._d if zero is None else promote_types(zero, v._d)
        elif isinstance(v, (numbers.Number, np.generic)):
            d = of_scalar(v)
            number = d if number is None else promote_types(number, d)
    return _combine(_combine(dims, zero), number) or default()


def _quick(a: Any, b: Any) -> dtype | None:
    """The type of two tensors that have the same floating type already."""
    if isinstance(a, Tensor):
        d = a._d
        if isinstance(b, Tensor):
            return d if d is b._d and d.category >= FLOAT else None
    return None


def common(values: list[Any], raws: list[Any], floating: bool, n: int) -> dtype:
    """Bring the first `n` of `raws` (tensors and numbers) to their common type; returns it."""
    if n == 2:
        quick = _quick(values[0], values[1])
        if quick is not None:
            return quick
    values = values[:n]
    d = result_dtype(values)
    if floating and d.category < FLOAT:
        d = default()
    for i, v in enumerate(values):
        if isinstance(v, Tensor):
            if v._d is not d:
                raws[i] = cast(v._a, v._d, d)
        elif isinstance(v, (bool, int, float, complex, np.generic)):
            raws[i] = number(v, d)
        elif v is None or isinstance(v, (list, tuple)):
            raise TypeError(f"argument {i + 1} must be Tensor or a number, not {type(v).__name__}")
    return d


def number(v: Any, d: dtype) -> Any:
    """A Python number as a NumPy scalar of type `d`; out of range is an error as in PyTorch."""
    if d is bfloat16:
        return round_bfloat16(v)[()]
    if d.category < FLOAT and d.category != BOOL:
        return np.asarray(int(v)).astype(d.np)[()]
    return d.np.type(v)


def to_float(values: list[Any], raws: list[Any]) -> None:
    """Bring integer and bool tensors to the default float type."""
    for i, v in enumerate(values):
        if isinstance(v, Tensor) and v._d.category < FLOAT:
            raws[i] = cast(v._a, v._d, default())
