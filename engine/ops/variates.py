"""Random tensors with a parameter per element (Poisson, binomial, gamma, Dirichlet), and the
incomplete gamma function, through which gradients reach a gamma variate's shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.helpers import drawing
from engine.ops.table import PROMOTE_FLOAT, define, run, undifferentiable
from engine.random import default_generator, rejection
from engine.tensor import Tensor

Raw = Any


def _lower_series(a: float, x: float) -> float:
    """P(a, x) by its power series, good for x < a + 1."""
    term = total = 1 / a
    n = a
    while abs(term) > abs(total) * 1e-17:
        n += 1
        term *= x / n
        total += term
    return total * math.exp(a * math.log(x) - x - math.lgamma(a))


def _upper_fraction(a: float, x: float) -> float:
    """1 - P(a, x) by its continued fraction (Lentz), good for x > a + 1."""
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 500):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b or tiny)
        c = b + an / c or tiny
        step = d * c
        h *= step
        if abs(step - 1) < 1e-16:
            break
    return h * math.exp(a * math.log(x) - x - math.lgamma(a))


def _incomplete_gamma(a: float, x: float) -> float:
    if math.isnan(a) or math.isnan(x) or a < 0 or x < 0:
        return math.nan
    if a == 0:
        return 1.0 if x > 0 else math.nan
    if x == 0 or a == math.inf:
        return 0.0
    if x == math.inf:
        return 1.0
    return _lower_series(a, x) if x < a + 1 else 1 - _upper_fraction(a, x)


def _complement(a: float, x: float) -> float:
    if not (math.isfinite(a) and math.isfinite(x)) or a <= 0 or x <= 0:
        return 1 - _incomplete_gamma(a, x)
    return 1 - _lower_series(a, x) if x < a + 1 else _upper_fraction(a, x)


def _slope(a: float, x: float) -> float:
    """d x / d a of a gamma variate: -(dP/da) / density, the difference taken in float64."""
    if x <= 0:
        return 0.0
    h = 1e-5 * max(a, 1e-3)
    dp = (_incomplete_gamma(a + h, x) - _incomplete_gamma(a - h, x)) / (2 * h)
    return -dp / math.exp((a - 1) * math.log(x) - x - math.lgamma(a))


_incomplete_gammas = np.vectorize(_incomplete_gamma, otypes=[np.float64])
_complements = np.vectorize(_complement, otypes=[np.float64])
_slopes = np.vectorize(_slope, otypes=[np.float64])

expose(
    define(
        "igamma(self, other)",
        lambda a, x: _incomplete_gammas(a, x).astype(a.dtype)[()],
        PROMOTE_FLOAT,
        family="pointwise",
        self=undifferentiable("igamma"),
        other=lambda F, g, self, other: (
            g * F.exp((self - 1) * F.log(other) - other - F.lgamma(self))
        ),
        doc="The regularized lower incomplete gamma function P(input, other).",
    )
)
expose(
    define(
        "igammac(self, other)",
        lambda a, x: _complements(a, x).astype(a.dtype)[()],
        PROMOTE_FLOAT,
        family="pointwise",
        self=undifferentiable("igammac"),
        other=lambda F, g, self, other: (
            -g * F.exp((self - 1) * F.log(other) - other - F.lgamma(self))
        ),
        doc="The regularized upper incomplete gamma function 1 - P(input, other).",
    )
)


# --- draws ---------------------------------------------------------------------------------------
def _source(generator: Any) -> Any:
    return default_generator if generator is None else generator


def _poisson(rate: Raw, generator: Any) -> Raw:
    if not np.all(rate >= 0):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _source(generator).variates(rejection.poisson, np.asarray(rate)).astype(rate.dtype)[()]


def _binomial(count: Raw, prob: Raw, generator: Any) -> Raw:
    drawn = _source(generator).variates(rejection.binomial, np.asarray(count), np.asarray(prob))
    return drawn.astype(count.dtype)[()]


def _gamma(a: Raw, generator: Any) -> Raw:
    drawn = _source(generator).gamma(np.asarray(a))
    return np.maximum(drawn.astype(a.dtype), np.finfo(a.dtype).tiny)[()]


def _dirichlet(a: Raw, generator: Any) -> Raw:
    drawn = _source(generator).gamma(np.asarray(a))
    return (drawn / drawn.sum(-1, keepdims=True)).astype(a.dtype)


def _gamma_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    a, x = F.array(self), F.array(result)
    return g * F.const(_slopes(a, x).astype(a.dtype)[()])


POISSON = define(
    "poisson(self, generator=None)", _poisson, family="random",
    self=lambda F, g: F.zeros_like(g),
)  # fmt: skip
BINOMIAL = define(
    "binomial(self, prob, generator=None)", _binomial, family="random",
    self=lambda F, g: F.zeros_like(g), prob=lambda F, g: F.zeros_like(g),
)  # fmt: skip
GAMMA = define(
    "_standard_gamma(self, generator=None)", _gamma, family="random", self=_gamma_vjp
)  # fmt: skip
DIRICHLET = define(
    "_sample_dirichlet(self, generator=None)", _dirichlet, family="random",
    self=undifferentiable("_sample_dirichlet"),
)  # fmt: skip


@drawing("values")
def poisson(input: Tensor, generator: Any = None) -> Any:
    """Counts at the rates of `input`."""
    return run(POISSON, [input, generator])


@drawing("values")
def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Any:
    """Successes among `count` trials of probability `prob`."""
    return run(BINOMIAL, [*FUNCTIONS["broadcast_tensors"](count, prob), generator])


@drawing("values")
def _standard_gamma(self: Tensor, generator: Any = None) -> Any:
    return run(GAMMA, [self, generator])


@drawing("values")
def _sample_dirichlet(self: Tensor, generator: Any = None) -> Any:
    return run(DIRICHLET, [self, generator])


for _name in ("poisson", "binomial", "_standard_gamma", "_sample_dirichlet"):
    publish(_name, globals()[_name], method=False, F=False)
