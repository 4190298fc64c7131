"""The error, gamma and Bessel functions, as rows with their gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops import special
from engine.ops.api import expose, publish
from engine.ops.elementwise import define_unary
from engine.ops.table import TO_FLOAT, define, run

Raw = Any

define_unary(
    "erf", special.erf, "g * (exp(-(self * self)) * (2 / sqrt_pi))", doc="The error function."
)
define_unary(
    "erfc",
    special.erfc,
    "g * (exp(-(self * self)) * (-2 / sqrt_pi))",
    doc="1 - erf(x), without cancellation.",
)
define_unary(
    "erfinv",
    special.erfinv,
    "g * (exp(result * result) * (sqrt_pi / 2))",
    doc="The inverse of the error function, on (-1, 1).",
)
define_unary(
    "lgamma",
    special.lgamma,
    "g * digamma(self)",
    doc="The logarithm of the absolute value of the gamma function.",
)
define_unary("digamma", special.digamma, "g * polygamma(1, self)", doc="The derivative of lgamma.")
define_unary(
    "i0",
    special.i0,
    "g * special_i1(self)",
    doc="The modified Bessel function of the first kind, of order 0.",
)
define_unary(
    "sinc",
    np.sinc,
    lambda F, g, self: g * F.conj(_sinc_slope(F, self)),
    doc="sin(pi x) / (pi x), and 1 at 0.",
)


def _sinc_slope(F: Any, x: Any) -> Any:
    p = x * math.pi
    zero = x == 0
    safe = F.where(zero, F.ones_like(p), p)
    slope = (F.cos(safe) - F.sin(safe) / safe) / safe * math.pi
    return F.where(zero, F.zeros_like(p), slope)


def _logit(a: Raw, eps: Any = None) -> Raw:
    if eps is not None:
        a = np.clip(a, a.dtype.type(eps), a.dtype.type(1 - eps))
    return np.log(a / (1 - a))


def _logit_vjp(F: Any, g: Any, self: Any, eps: Any) -> Any:
    v = g / ((1 - self) * F.abs(self))  # inf, not -inf, at minus zero
    low, high = (0.0, 1.0) if eps is None else (eps, 1 - eps)
    inside = (self >= low) & (self <= high)
    outside = F.zeros_like(g) if eps is not None else F.zeros_like(g) * math.nan
    return F.where(inside, v, outside)


expose(
    define(
        "logit(self, eps=None)",
        _logit,
        TO_FLOAT,
        family="pointwise",
        self=_logit_vjp,
        doc="log(x / (1 - x)); `eps` keeps x away from 0 and 1.",
    ),
    inplace=True,
)


POLYGAMMA = define(
    "polygamma(n, self)",
    special.polygamma,
    TO_FLOAT,
    family="pointwise",
    self=lambda F, g, n, self: g * F.polygamma(n + 1, self),
)


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """The n-th derivative of digamma."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return run(POLYGAMMA, [n, input])


publish("polygamma", polygamma, method=False)
publish("polygamma", lambda self, n: polygamma(n, self), function=False, F=False)
define(
    "special_i1(self)",
    special.i1,
    TO_FLOAT,
    family="pointwise",
    doc="The modified Bessel function of the first kind, of order 1.",
    self=lambda F, g, self, result: (
        g
        * (
            F.i0(self)
            - F.where(
                self == 0,
                F.ones_like(self) * 0.5,
                result / F.where(self == 0, F.ones_like(self), self),
            )
        )
    ),
)
