"""Batch normalisation in PyTorch's steps: float32 values with one rounding per multiply and add.

Each channel becomes alpha x + beta with alpha = weight / std and beta = bias - mean alpha. Means and
sums of squares are taken in float64, but for inputs (N, C), whose rows are added in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Raw = Any
#: Elements beyond which a product is added with two roundings, for speed.
_MOST = 1 << 20


def _multiply_add(a: Raw, b: Raw, c: Raw) -> Raw:
    """a b + c of float32 values with one rounding."""
    return (np.asarray(a, np.float64) * b + c).astype(np.float32)


def _row_moments(a: Raw) -> tuple[Raw, Raw]:
    """The means and the sums of squared differences over the rows of (N, C)."""
    total = np.zeros(a.shape[1], np.float32)
    for row in a:
        total = total + row
    mean = (total.astype(np.float64) / len(a)).astype(np.float32)
    squares = np.zeros_like(mean)
    for row in a:
        away = row - mean
        squares = _multiply_add(away, away, squares)
    return mean, squares


def _moments(a: Raw, dims: tuple[int, ...], shape: Sequence[int]) -> tuple[Raw, Raw]:
    mean = (a.sum(axis=dims, dtype=np.float64) / (a.size // a.shape[1])).astype(np.float32)
    away = a - mean.reshape(shape)
    away *= away
    return mean, away.sum(axis=dims, dtype=np.float64).astype(np.float32)


def moments(a: Raw) -> tuple[Raw, Raw]:
    """The mean of each channel of (N, C, ...) and the sum of squared differences from it."""
    if a.size == len(a) * a.shape[1]:
        return _row_moments(a.reshape(a.shape[:2]))
    return _moments(a, (0, *range(2, a.ndim)), (1, -1, *(1,) * (a.ndim - 2)))


def updated(a: Raw, mean: Raw, var: Raw, momentum: float) -> tuple[Raw, Raw]:
    """The running mean and variance (either may be None) after a batch."""
    found, squares = moments(a)
    new, old = np.float32(momentum), np.float32(1 - momentum)
    spread = squares / np.float32(max(a.size // a.shape[1] - 1, 1))
    return (
        None if mean is None else new * found + old * mean,
        None if var is None else _multiply_add(new, spread, old * var),
    )


def batch_norm(
    a: Raw, weight: Raw, bias: Raw, mean: Raw, var: Raw, training: bool, eps: float
) -> Raw:
    """Normalise float32 (N, C, ...) by its own statistics or by those given."""
    shape = (1, -1, *(1,) * (a.ndim - 2))
    if training:
        mean, squares = moments(a)
        spread = (squares / np.float32(a.size // a.shape[1])).astype(np.float64) + eps
        rstd = (1 / np.sqrt(spread)).astype(np.float32)
    else:
        rstd = 1 / np.sqrt(var + np.float32(eps))
    alpha = rstd if weight is None else rstd * weight
    shift = np.zeros_like(mean) if bias is None else bias
    beta = _multiply_add(-mean, alpha, shift)
    alpha, beta = alpha.reshape(shape), beta.reshape(shape)
    if a.size > _MOST:
        return a * alpha + beta
    return _multiply_add(a, alpha, beta)
