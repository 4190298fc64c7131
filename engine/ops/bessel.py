"""Bessel and Airy functions of real numbers, in float64.

Beyond a power series for small arguments all come from one integral,
K_ν(z) = ∫ exp(-z cosh t) cosh(νt) dt over t > 0, on the real line for K and along
t = s + i (π/2) tanh s for z = -ix, where H_ν(x) = (2 / iπ) exp(-iνπ/2) K_ν(-ix). Its integrand is
even and analytic, so that the trapezoidal rule converges faster than any power of the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Raw = Any
_STEP = 1 / 32
_S = np.arange(0, 26, _STEP)
_AIRY = 0.355028053887817239, 0.258819403792806798  # Ai(0) and -Ai'(0)


def _by_element(fn: Callable[[Raw], Raw]) -> Callable[[Raw], Raw]:
    """`fn` of a float64 vector, for arrays of any shape and type."""

    def call(a: Raw) -> Raw:
        a = np.asarray(a)
        with np.errstate(all="ignore"):
            flat = fn(a.astype(np.float64).ravel())
        return flat.reshape(a.shape).astype(a.dtype)[()]

    return call


def _trapezoid(values: Raw) -> Raw:
    """The sum over the half line, along the last axis; what overflowed is beyond the decay."""
    values = np.where(np.isfinite(values), values, 0)
    return _STEP * (values.sum(-1) - 0.5 * values[..., 0])


def _k_scaled(x: Raw, order: float) -> Raw:
    """exp(x) K(x) for positive x."""
    wide = np.arange(0, 80, _STEP)
    rise = 2 * np.sinh(wide / 2) ** 2  # cosh(t) - 1
    return _trapezoid(np.exp(-x[:, None] * rise) * np.cosh(order * wide))


def _k_rotated(x: Raw, order: float) -> Raw:
    """K(-ix) for positive x."""
    t = _S + 0.5j * math.pi * np.tanh(_S)
    slope = 1 + 0.5j * math.pi / np.cosh(_S) ** 2
    return _trapezoid(np.exp(1j * x[:, None] * np.cosh(t)) * np.cosh(order * t) * slope)


def _blocks(fn: Callable[[Raw], Raw], x: Raw) -> Raw:
    """`fn` over parts of a vector, each of which needs little memory."""
    parts = [fn(x[i : i + 512]) for i in range(0, len(x), 512)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _where(x: Raw, *cases: tuple[Raw, Callable[[Raw], Raw]]) -> Raw:
    """The values of the first case whose mask is true; nan where none is."""
    out = np.full(x.shape, np.nan)
    left = np.ones(x.shape, bool)
    for mask, fn in cases:
        take = mask & left
        left &= ~mask
        if take.any():
            out[take] = _blocks(fn, x[take])
    return out


def _series(x: Raw, order: int, sign: int) -> Raw:
    """J (sign -1) or I (sign 1) of an order by its power series."""
    term = (x / 2) ** order / math.factorial(order)
    total = term.copy()
    for k in range(1, 60):
        term = term * (sign * x * x / (4 * k * (k + order)))
        total += term
    return total


def _j(order: int) -> Callable[[Raw], Raw]:
    def far(x: Raw) -> Raw:
        k = _k_rotated(x, order)
        return 2 / math.pi * k.imag if order == 0 else -2 / math.pi * k.real

    def values(x: Raw) -> Raw:
        a = np.abs(x)
        found = _where(a, (a < 6, lambda v: _series(v, order, -1)), (np.isfinite(a), far))
        return found * np.where(x < 0, -1, 1) if order else found

    return values


def _y(order: int) -> Callable[[Raw], Raw]:
    def values(x: Raw) -> Raw:
        def positive(v: Raw) -> Raw:
            k = _k_rotated(v, order)
            return -2 / math.pi * k.real if order == 0 else -2 / math.pi * k.imag

        found = _where(x, ((x > 0) & np.isfinite(x), positive))
        return np.where(x == 0, -np.inf, found)

    return values


def _k(order: int, scaled: bool) -> Callable[[Raw], Raw]:
    def values(x: Raw) -> Raw:
        def positive(v: Raw) -> Raw:
            found = _k_scaled(v, order)
            return found if scaled else found * np.exp(-v)

        found = _where(x, (x == np.inf, np.zeros_like), (x > 0, positive))
        return np.where(x == 0, np.inf, found)

    return values


def _airy_series(x: Raw) -> Raw:
    f, g = np.ones_like(x), x.copy()
    first, second = f.copy(), g.copy()
    for k in range(1, 30):
        f = f * x**3 / ((3 * k - 1) * (3 * k))
        g = g * x**3 / ((3 * k) * (3 * k + 1))
        first += f
        second += g
    return _AIRY[0] * first - _AIRY[1] * second


def _airy(x: Raw) -> Raw:
    def right(v: Raw) -> Raw:
        z = 2 / 3 * v**1.5
        return np.sqrt(v / 3) / math.pi * _k_scaled(z, 1 / 3) * np.exp(-z)

    def left(v: Raw) -> Raw:
        z = 2 / 3 * (-v) ** 1.5
        return np.sqrt(-v / 3) * (2 / math.pi) * _k_rotated(z, 1 / 3).imag

    finite = np.isfinite(x)
    return _where(x, (np.abs(x) < 2, _airy_series), (finite & (x > 0), right), (finite, left))


def _spherical(x: Raw) -> Raw:
    small = 1 - x * x / 6 * (1 - x * x / 20 * (1 - x * x / 42 * (1 - x * x / 72)))
    far = np.where(np.isinf(x), 0, np.sin(x) / x)
    return np.where(np.abs(x) < 0.5, small, far)


j0, j1, y0, y1 = (_by_element(fn) for fn in (_j(0), _j(1), _y(0), _y(1)))
k0, k1 = _by_element(_k(0, False)), _by_element(_k(1, False))
scaled_k0, scaled_k1 = _by_element(_k(0, True)), _by_element(_k(1, True))
airy_ai, spherical_j0 = _by_element(_airy), _by_element(_spherical)
