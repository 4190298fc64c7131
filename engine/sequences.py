"""Making tensors in sequence: ranges, spaces, the identity matrix."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import numpy as np

from engine import errors
from engine.creation import _check_dtype, _finish
from engine.device import placed
from engine.dtype import BOOL, COMPLEX, FLOAT, FROM_NP, TO_COMPLEX, cast, default, dtype, int64
from engine.ops.guards import guarded
from engine.tensor import Tensor, wrap


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """The identity matrix."""
    d = dtype or default()
    for letter, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{letter} must be greater or equal to 0, got {size}")
    return _finish(wrap(np.eye(n, m, dtype=d.np), d), requires_grad)


def arange(
    *args: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """start, start + step, ... up to but without end."""
    values = [a.item() if isinstance(a, Tensor) else a for a in args]
    first, last, by = 0, None, 1
    if len(values) == 1:
        last = values[0]
    elif values:
        first, last, by = values[0], values[1], values[2] if len(values) > 2 else 1
    first, last, by = (
        (first if start is None else start),
        (last if end is None else end),
        (by if step is None else step),
    )
    if last is None:
        raise TypeError('arange() missing 1 required positional arguments: "end"')
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first:g} -> {last:g}")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    ints = all(isinstance(v, (int, np.integer)) for v in (first, last, by))
    d = _check_dtype("arange", dtype) or (int64 if ints else default())
    if d.category in (BOOL, COMPLEX):
        raise errors.not_implemented("arange_cpu", d.display)
    n = math.ceil((last - first) / by) if not ints else -((first - last) // by)
    if d.category < FLOAT and not ints:
        first, last, by = int(first), int(last), int(by)
        if not by:
            raise ValueError("step must be nonzero")
        n = -((first - last) // by) if d is int64 else n
    a = (
        (first + np.arange(n) * by)
        if d.category < FLOAT
        else (first + np.arange(n, dtype=np.float64) * by)
    )
    return _finish(
        wrap(
            cast(
                a.astype(d.np if d.category >= FLOAT else a.dtype), FROM_NP[a.astype(d.np).dtype], d
            ).astype(d.np),
            d,
        ),
        requires_grad,
    )


@functools.partial(placed, standing=False)
def range_(start: Any = 0, end: Any = None, step: Any = 1, **kwargs: Any) -> Any:
    """start, start + step, ... up to and with end."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces values in "
        "[start, end).", UserWarning, stacklevel=2,
    )  # fmt: skip
    if end is None:
        start, end = 0, start
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    n = int((end - start) / step) + 1
    d = kwargs.get("dtype") or default()
    return wrap((start + np.arange(n) * step).astype(d.np), d)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """`steps` evenly spaced values from start to end, computed from both ends as PyTorch does."""
    n, m = (len(v._s) if isinstance(v, Tensor) else 0 for v in (start, end))
    if n or m:
        both = isinstance(start, Tensor) and isinstance(end, Tensor)
        which = "start" if n else "end"
        raise RuntimeError(
            "linspace only supports 0-dimensional start and end tensors, but got "
            + (
                f"start with {n} dimension(s) and end with {m} dimension(s)."
                if both
                else f"{which} with {n or m} dimension(s)."
            )
        )
    start = start.item() if isinstance(start, Tensor) else start
    end = end.item() if isinstance(end, Tensor) else end
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    complex_ = isinstance(start, complex) or isinstance(end, complex)
    d = dtype or (TO_COMPLEX[default()] if complex_ else default())
    if d.category == BOOL:
        raise errors.not_implemented("linspace_cpu", "Bool")
    return _finish(wrap(_spaced(start, end, steps, d), d), requires_grad)


def _spaced(start: Any, end: Any, steps: int, d: dtype) -> Any:
    kind = d.np.type if d.category >= FLOAT else np.float64
    if steps == 1:
        return np.array([start]).astype(d.np)
    i = np.arange(steps)
    if d.category < FLOAT:
        start, end = int(start), int(end)
        step = (end - start) / max(steps - 1, 1)
        a = np.where(i < steps // 2, start + step * i, end - step * (steps - i - 1))
        return np.trunc(a).astype(d.np)
    first, last = kind(start), kind(end)
    step = (last - first) / kind(max(steps - 1, 1))
    k = i.astype(d.np)
    # One rounding per element (fused multiply-add), from the nearer end.
    wide = np.float64 if d.np.itemsize <= 4 else d.np
    low = (wide(first) if d.np.itemsize <= 4 else first) + np.multiply(step, k, dtype=wide)
    high = (wide(last) if d.np.itemsize <= 4 else last) - np.multiply(
        step, d.np.type(steps - 1) - k, dtype=wide
    )
    return np.where(i < steps // 2, low, high).astype(d.np)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """base to the power of evenly spaced exponents from start to end."""
    d = dtype or default()
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    exponents = np.linspace(float(start), float(end), steps)
    return _finish(wrap(np.power(float(base), exponents).astype(d.np), d), requires_grad)


arange, eye, linspace, logspace = (
    guarded(make.__name__, placed(make), False) for make in (arange, eye, linspace, logspace)
)
