"""Windows for spectra: weights that fall off to both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.creation import _finish
from engine.device import placed
from engine.dtype import FLOAT, default, dtype
from engine.tensor import wrap


def _window(
    name: str, length: int, periodic: bool, d: dtype | None, grad: bool, shape: Callable[[Any], Any]
) -> Any:
    """`shape` takes positions from 0 to 1."""
    d = d or default()
    if d.category < FLOAT:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {d.display}")
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    if length == 1:
        return _finish(wrap(np.ones(1, d.np), d), grad)
    n = length if periodic else length - 1
    kind: Any = np.float64 if d.np.itemsize == 8 else np.float32
    places: Any = np.arange(length, dtype=kind)
    values = shape(places / kind(max(n, 1)))
    return _finish(wrap(np.asarray(values).astype(d.np), d), grad)


@placed
def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, requires_grad: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    return hamming_window(
        window_length,
        periodic,
        0.5,
        0.5,
        dtype=dtype,
        requires_grad=requires_grad,
        name="hann_window",
    )


@placed
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, requires_grad: bool = False, name: str = "hamming_window", **options: Any,
) -> Any:  # fmt: skip
    return _window(
        name, window_length, periodic, dtype, requires_grad,
        lambda x: alpha - beta * np.cos(x * x.dtype.type(2 * np.pi)),
    )  # fmt: skip


@placed
def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, requires_grad: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    def shape(x: Any) -> Any:
        pi = x.dtype.type(np.pi)
        return np.cos(x * pi * 4) * 0.08 - np.cos(x * pi * 2) * 0.5 + x.dtype.type(0.42)

    return _window("blackman_window", window_length, periodic, dtype, requires_grad, shape)


@placed
def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, requires_grad: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    return _window(
        "bartlett_window", window_length, periodic, dtype, requires_grad,
        lambda x: np.where(x <= 0.5, 2 * x, 2 - 2 * x),
    )  # fmt: skip


@placed
def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Any:  # fmt: skip
    return _window(
        "kaiser_window", window_length, periodic, dtype, requires_grad,
        lambda x: np.i0(beta * np.sqrt(np.maximum(1 - (2 * x - 1) ** 2, 0))) / np.i0(beta),
    )  # fmt: skip
