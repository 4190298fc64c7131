"""The roundings of PyTorch's update kernels: which products and sums are one step."""

from __future__ import annotations

from typing import Any

import numpy as np

Raw = Any


def fma(a: Raw, b: Raw, c: Raw) -> Raw:
    """a*b + c, for float32 rounded once (a product of two float32 is exact in float64)."""
    if c.dtype != np.float32:
        return a * b + c
    product = np.multiply(a, _single(b), dtype=np.float64)
    return (product + c).astype(np.float32)[()]


def _single(b: Raw) -> Raw:
    return np.float32(b) if isinstance(b, (int, float)) else b


def lerp(a: Raw, b: Raw, weight: float) -> Raw:
    """a + weight (b - a)."""
    if weight < 0.5:
        return fma(b - a, weight, a)
    return fma(b - a, -(1 - weight), b) if a.dtype == np.float32 else b - (b - a) * (1 - weight)


def addcmul(c: Raw, a: Raw, b: Raw, value: float) -> Raw:
    """c + value a b."""
    return fma(a * a.dtype.type(value), b, c)


def addcdiv(c: Raw, a: Raw, b: Raw, value: float) -> Raw:
    """c + value a / b."""
    return c + a * a.dtype.type(value) / b
