"""Special functions on arrays in double precision: erf, gamma, Bessel and their relatives.

Series and asymptotic expansions are from Abramowitz and Stegun; erf and gamma come from the
standard library, element by element, and erf of many float32 numbers from a table of those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Raw = Any


def _elementwise(fn: Callable[[float], float]) -> Callable[[Raw], Raw]:
    vector = np.frompyfunc(fn, 1, 1)

    def call(a: Raw) -> Raw:
        a = np.asarray(a)
        return np.asarray(vector(a.astype(np.float64))).astype(a.dtype)[()]

    return call


def _lgamma(x: float) -> float:
    if math.isinf(x):
        return math.inf
    if x <= 0 and x == math.floor(x):
        return math.inf
    return math.lgamma(x)


#: Elements up to which erf is computed one by one, and those that are computed at once: what lies
#: between is in the processor's cache then.
_FEW, _AT_ONCE = 512, 8192
_STEPS, _END = 4096, 6  # places of the table per unit, and where erf is 1 in double precision


@cache
def _erf_table() -> tuple[Raw, Raw, Raw]:
    """Taylor's coefficients of erf at the places of the table, in steps of it."""
    x = np.arange(_STEPS * _END + 1) / _STEPS
    slope = np.exp(-x * x) * (2 / math.sqrt(math.pi))
    return np.array([*map(math.erf, x)]), slope / _STEPS, -x * slope / _STEPS**2


def _erf_of_many(a: Raw) -> Raw:
    """Taylor's series around the nearest place of the table; the error is below 1e-12."""
    out = np.empty(a.shape, np.float32)
    flat, filled = a.reshape(-1), out.reshape(-1)
    with np.errstate(invalid="ignore"):  # nan has no place
        for start in range(0, flat.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            filled[part] = _erf_of_some(flat[part])
    return out


def _erf_of_some(a: Raw) -> Raw:
    values, slopes, bends = _erf_table()
    way = np.multiply(np.minimum(np.abs(a), np.float32(_END)), float(_STEPS), dtype=np.float64)
    nearest = np.rint(way)
    way -= nearest
    place = nearest.astype(np.intp)
    series = np.take(bends, place, mode="clip")
    for coefficient in (slopes, values):
        series *= way
        series += np.take(coefficient, place, mode="clip", out=nearest)
    return np.copysign(series, a)


_erf_of_each = _elementwise(math.erf)


def erf(a: Raw) -> Raw:
    """The error function."""
    many = isinstance(a, np.ndarray) and a.dtype == np.float32 and a.size > _FEW
    return _erf_of_many(a) if many else _erf_of_each(a)


erfc = _elementwise(math.erfc)
lgamma = _elementwise(_lgamma)


def _digamma(x: float) -> float:
    if math.isnan(x) or x == -math.inf:
        return math.nan
    if x == math.inf:
        return math.inf
    if x == 0:
        return math.copysign(math.inf, -x)
    if x < 0:
        if x == math.floor(x):
            return math.nan
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x - math.floor(x)))
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    z = 1 / (x * x)
    tail = z * (
        1 / 12
        - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (5 / 660 - z * (691 / 32760 - z / 12)))))
    )
    return shift + math.log(x) - 0.5 / x - tail


digamma = _elementwise(_digamma)

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _zeta(s: float, q: float) -> float:
    """The Hurwitz zeta function by Euler-Maclaurin."""
    if math.isnan(q) or math.isinf(q):
        return 0.0 if q == math.inf else math.nan
    if q <= 0 and q == math.floor(q):
        return math.inf
    total = 0.0
    while q < 12:
        total += q**-s
        q += 1
    total += q ** (1 - s) / (s - 1) + 0.5 * q**-s
    term = s * q ** (-s - 1)
    for k, b in enumerate(_BERNOULLI, 1):
        total += b / math.factorial(2 * k) * term
        term *= (s + 2 * k - 1) * (s + 2 * k) / (q * q)
    return float(total)


def trigamma(a: Raw) -> Raw:
    """The derivative of digamma, by reflection and six steps up, in the element type of `a` as
    PyTorch has it: at the poles what rounding leaves of sin(pi x) decides."""
    kind: Any = np.float64 if a.dtype == np.float64 else np.float32
    x: Any = np.asarray(a, kind)
    pi = kind(math.pi)
    left = x < 0.5
    sine = np.sin(pi * x)
    reflected = np.where(left, -(pi * pi) / (sine * sine), kind(0))
    x = np.where(left, 1 - x, x)
    total = reflected
    for _ in range(6):
        total = total + 1 / (x * x)
        x = x + 1
    ixx = 1 / (x * x)
    tail = ixx * (kind(1 / 6) - ixx * (kind(1 / 30) - ixx * kind(1 / 42)))
    total = total + (1 + 1 / (2 * x) + tail) / x
    return np.where(left, -total, total).astype(a.dtype)[()]


def polygamma(n: int, a: Raw) -> Raw:
    """The n-th derivative of digamma."""
    if n == 0:
        return digamma(a)
    if n == 1:
        return trigamma(a)
    factor = (-1.0) ** (n + 1) * math.factorial(n)
    return _elementwise(lambda x: factor * _zeta(n + 1, x))(a)


def _erfinv(y: float) -> float:
    if math.isnan(y) or abs(y) > 1:
        return math.nan
    if abs(y) == 1:
        return math.copysign(math.inf, y)
    w = -math.log((1 - y) * (1 + y))
    # A rational start (Giles), then Newton steps to full precision.
    if w < 5:
        w -= 2.5
        x = 2.81022636e-08
        for c in (
            3.43273939e-07,
            -3.5233877e-06,
            -4.39150654e-06,
            0.00021858087,
            -0.00125372503,
            -0.00417768164,
            0.246640727,
            1.50140941,
        ):
            x = c + x * w
    else:
        w = math.sqrt(w) - 3
        x = -0.000200214257
        for c in (
            0.000100950558,
            0.00134934322,
            -0.00367342844,
            0.00573950773,
            -0.0076224613,
            0.00943887047,
            1.00167406,
            2.83297682,
        ):
            x = c + x * w
    x *= y
    for _ in range(2):
        error = (
            math.erf(x) - y
            if abs(y) < 0.5
            else -(math.erfc(abs(x)) - (1 - abs(y))) * math.copysign(1, y)
        )
        x -= error / (2 / math.sqrt(math.pi) * math.exp(-x * x))
    return x


erfinv = _elementwise(_erfinv)


def _bessel(order: int, scaled: bool) -> Callable[[float], float]:
    def value(x: float) -> float:
        if math.isnan(x):
            return x
        ax = abs(x)
        if math.isinf(ax):
            return 0.0 if scaled else math.nan  # as the polynomial approximation has it
        r = (
            _bessel_series(order, ax) * (math.exp(-ax) if scaled else 1.0)
            if ax < 30
            else (_bessel_tail(order, ax) * (1.0 if scaled else _exp(ax)))
        )
        return math.copysign(r, x) if order else r

    return value


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _bessel_series(order: int, x: float) -> float:
    term = (x / 2) ** order
    total, k = term, 1
    while term > total * 1e-17 and k < 200:
        term *= (x / 2) ** 2 / (k * (k + order))
        total += term
        k += 1
    return total


def _bessel_tail(order: int, x: float) -> float:
    mu, term, total = 4.0 * order * order, 1.0, 1.0
    for k in range(1, 25):
        step = -(mu - (2 * k - 1) ** 2) / (k * 8 * x)
        if abs(step) >= 1:
            break
        term *= step
        total += term
    return total / math.sqrt(2 * math.pi * x)


i0, i0e = _elementwise(_bessel(0, False)), _elementwise(_bessel(0, True))
i1, i1e = _elementwise(_bessel(1, False)), _elementwise(_bessel(1, True))
_SQRT2 = math.sqrt(2)
ndtr = _elementwise(lambda x: 0.5 * math.erfc(-x / _SQRT2))


def _ndtri(p: float) -> float:
    if math.isnan(p) or p < 0 or p > 1:
        return math.nan
    return _SQRT2 * _erfinv(2 * p - 1)


ndtri = _elementwise(_ndtri)


def _log_ndtr(x: float) -> float:
    if x > -20:
        return math.log(0.5 * math.erfc(-x / _SQRT2))
    s = 1 - 1 / x**2 + 3 / x**4 - 15 / x**6 + 105 / x**8
    return -x * x / 2 - math.log(-x) - 0.5 * math.log(2 * math.pi) + math.log(s)


log_ndtr = _elementwise(_log_ndtr)


def _erfcx(x: float) -> float:
    if x < 25:
        return math.exp(x * x) * math.erfc(x)
    return 1 / (x * math.sqrt(math.pi)) * (1 - 0.5 / x**2 + 0.75 / x**4)


erfcx = _elementwise(_erfcx)


def _hurwitz(s: float, q: float) -> float:
    """The zeta function with the values that Cephes gives at its edges."""
    if s == 1:
        return math.inf
    if s < 1 or math.isnan(s) or math.isnan(q):
        return math.nan
    if q <= 0:
        if q == math.floor(q):
            return math.inf
        if s != math.floor(s):
            return math.nan
        n = math.floor(-q) + 1
        return float(sum((q + k) ** -s for k in range(n))) + _zeta(s, q + n)
    return _zeta(s, q)


def zeta(a: Raw, b: Raw) -> Raw:
    """Sums of (b + k)^-a over k = 0, 1, ..., in the type of the arguments."""
    kind = np.result_type(a, b)
    return np.vectorize(_hurwitz, otypes=[np.float64])(a, b).astype(kind)[()]
