"""Operations on two tensors, element by element, with broadcasting and type promotion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dtype import BOOL
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.operands import (
    broadcasting,
    number_first,
    refusal,
)
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, run
from engine.tensor import Tensor

Raw = Any


def _scaled(b: Raw, alpha: Any) -> Raw:
    return (
        b
        if type(alpha) is int and alpha == 1
        else b & bool(alpha)
        if b.dtype.kind == "b"
        else b * np.asarray(alpha).astype(b.dtype)
    )


def _add(a: Raw, b: Raw, alpha: Any = 1) -> Raw:
    return a + _scaled(b, alpha)


def _sub(a: Raw, b: Raw, alpha: Any = 1) -> Raw:
    return a - _scaled(b, alpha)


def check_bool(a: Any, b: Any) -> None:
    """Raise if a difference involves bool."""
    kinds = [
        v._d.category == BOOL if isinstance(v, Tensor) else isinstance(v, bool) for v in (a, b)
    ]
    if all(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if any(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )


ADD = define(
    "add(self, other, *, alpha=1)",
    broadcasting(_add),
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    other=lambda F, g, alpha: F.scaled(g, alpha),
)
SUB = define(
    "sub(self, other, *, alpha=1)",
    broadcasting(_sub),
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    other=lambda F, g, alpha: -F.scaled(g, alpha),
)
RSUB = define(
    "rsub(self, other, *, alpha=1)",
    broadcasting(lambda a, b, alpha=1: b - _scaled(a, alpha)),
    PROMOTE,
    family="pointwise",
    node="RsubBackward1",
    self=lambda F, g, alpha: -F.scaled(g, alpha),
    other=lambda F, g: g,
)
MUL = define(
    "mul(self, other)",
    broadcasting(lambda a, b: a * b),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, other: g * F.conj(other),
    other=lambda F, g, self: g * F.conj(self),
)


def _half(F: Any, g: Any, lose: Any, tie: Any) -> Any:
    return F.where(tie, g / 2, F.where(lose, F.zeros_like(g), g))  # nan: all to both


MAXIMUM = define(
    "maximum(self, other)",
    broadcasting(np.maximum),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: _half(F, g, self < other, self == other),
    other=lambda F, g, self, other: _half(F, g, other < self, self == other),
    doc="The larger of two elements; nan if either is.",
)
MINIMUM = define(
    "minimum(self, other)",
    broadcasting(np.minimum),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: _half(F, g, self > other, self == other),
    other=lambda F, g, self, other: _half(F, g, other > self, self == other),
    doc="The smaller of two elements; nan if either is.",
)
FMAX = define(
    "fmax(self, other)",
    broadcasting(np.fmax),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: F.where((self >= other) | F.isnan(other), g, F.zeros_like(g)),
    other=lambda F, g, self, other: F.where((self >= other) | F.isnan(other), F.zeros_like(g), g),
    doc="The larger of two elements; a nan only if both are.",
)
FMIN = define(
    "fmin(self, other)",
    broadcasting(np.fmin),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: F.where((self <= other) | F.isnan(other), g, F.zeros_like(g)),
    other=lambda F, g, self, other: F.where((self <= other) | F.isnan(other), F.zeros_like(g), g),
    doc="The smaller of two elements; a nan only if both are.",
)


def _per_square(F: Any, a: Any, b: Any) -> Any:
    """1 / (a² + b²), and 0 at the origin."""
    r = a * a + b * b
    zero = r == 0
    return F.where(zero, F.zeros_like(r), 1 / F.where(zero, F.ones_like(r), r))


ATAN2 = define(
    "atan2(self, other)",
    broadcasting(np.arctan2),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g * other * _per_square(F, self, other),
    other=lambda F, g, self, other: g * -self * _per_square(F, self, other),
    doc="The angle of the point (other, input), in [-pi, pi].",
)
HYPOT = define(
    "hypot(self, other)",
    broadcasting(np.hypot),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, result: g * self / result,
    other=lambda F, g, other, result: g * other / result,
    doc="The length sqrt(input² + other²), without overflow.",
)


def _logaddexp(a: Raw, b: Raw) -> Raw:
    if a.dtype.kind != "c":
        return np.logaddexp(a, b)
    high: Raw = np.where(a.real >= b.real, a, b)
    return high + np.log1p(np.exp(np.where(a.real >= b.real, b, a) - high))


LOGADDEXP = define(
    "logaddexp(self, other)",
    broadcasting(_logaddexp),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g / F.conj(1 + F.exp(other - self)),
    other=lambda F, g, self, other: g / F.conj(1 + F.exp(self - other)),
    doc="log(exp(input) + exp(other)), without overflow.",
)
LOGADDEXP2 = define(
    "logaddexp2(self, other)",
    broadcasting(np.logaddexp2),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g / (1 + F.exp2(other - self)),
    other=lambda F, g, self, other: g / (1 + F.exp2(self - other)),
    doc="log2(2 ** input + 2 ** other), without overflow.",
)


def _copysign_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    return F.where(self == 0, F.zeros_like(g), g * (result / self))


COPYSIGN = define(
    "copysign(self, other)",
    broadcasting(np.copysign),
    PROMOTE_FLOAT,
    family="pointwise",
    self=_copysign_vjp,
    other=lambda F, g: F.zeros_like(g),
)


def _xlogy(a: Raw, b: Raw) -> Raw:
    return np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b)).astype(np.result_type(a, b))[()]


XLOGY = define(
    "xlogy(self, other)",
    broadcasting(_xlogy),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: (
        g * F.where((self == 0) & (other <= 0), F.zeros_like(g), F.log(other))
    ),
    other=lambda F, g, self, other: g * self / other,
    doc="input * log(other), and 0 where input is 0.",
)


def _xlogy_number_vjp(F: Any, g: Any, self: Any, other: Any) -> Any:
    if other > 0:
        return g * math.log(other)
    return F.where(self == 0, F.zeros_like(g), g * (math.nan if other < 0 else -math.inf))


XLOGY_NUMBER = define(
    "xlogy(self, other)",
    XLOGY.forward,
    PROMOTE_FLOAT,
    family="pointwise",
    key="xlogy_number",
    node="XlogyBackward2",
    self=_xlogy_number_vjp,
)


for _op, _also in (
    (MAXIMUM, ""), (MINIMUM, ""), (FMAX, ""), (FMIN, ""), (ATAN2, "arctan2"), (HYPOT, ""),
    (LOGADDEXP, ""), (LOGADDEXP2, ""), (XLOGY, ""),
):  # fmt: skip
    expose(
        _op,
        also=_also,
        inplace=_op.name in ("atan2", "hypot", "xlogy"),
        check=refusal(_op.name),
    )
_fn: Callable[..., Raw]
for _name, _fn, _doc in (
    ("gcd", np.gcd, "The greatest common divisor of integers."),
    ("lcm", np.lcm, "The least common multiple of integers."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        check=refusal(_name),
    )


publish("xlogy", number_first("xlogy"), method=False, F=False)


def _xlogy_way(of: Callable[..., Any], row_of: Callable[..., Any]) -> Callable[..., Any]:
    def call(input: Any, other: Any, **options: Any) -> Any:
        if isinstance(other, (Tensor, complex)):
            return of(input, other, **options)
        return row_of(XLOGY_NUMBER, [input, other])

    call.__name__ = of.__name__
    return call


publish("xlogy", _xlogy_way(FUNCTIONS["xlogy"], run), F=False)
publish("xlogy_", _xlogy_way(Tensor.xlogy_, inplace.run_inplace), function=False, F=False)  # type: ignore[attr-defined]
