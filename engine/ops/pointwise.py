"""Operations on one tensor, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtype import BOOL, COMPLEX
from engine.ops.api import expose, publish
from engine.ops.elementwise import define_unary, refuse, zero
from engine.ops.rounded import exact
from engine.ops.table import OPS, RAWTYPE, define, run
from engine.ops.twice import name_kernel

Raw = Any

_exp = exact(np.exp)


def _sigmoid(a: Raw) -> Raw:
    return 1 / (1 + _exp(-a))  # where exp overflows to inf, the quotient is 0 as it should be


def _real_sign(values: list[Any]) -> None:
    if values[0]._d.category == COMPLEX:
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
        )


def _sign(a: Raw) -> Raw:
    if a.dtype.kind == "b":
        return np.array(a)[()]
    return (
        np.where(np.isnan(a), 0, np.sign(a)).astype(a.dtype)[()]
        if a.dtype.kind == "f"
        else np.sign(a)
    )


def _sgn(a: Raw) -> Raw:
    if a.dtype.kind != "c":
        return _sign(a)
    r = np.abs(a)
    return np.where(r == 0, 0, a / np.where(r == 0, 1, r)).astype(a.dtype)


def _abs_vjp(F: Any, g: Any, self: Any) -> Any:
    return g * F.sgn(self)


def _neg_check(values: list[Any]) -> None:
    if values[0]._d.category == BOOL:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )


def _acosh_slope(F: Any, x: Any) -> Any:
    if F.is_complex(x):  # on the branch of acosh
        return F.rsqrt(x - 1) * F.rsqrt(x + 1)
    return F.rsqrt(x * x - 1)


define_unary("exp", _exp, "g * conj(result)", doc="e to the power of each element.")
define_unary("exp2", np.exp2, "g * conj(result) * ln2", doc="2 to the power of each element.")
define_unary("expm1", exact(np.expm1), "g * conj(result + 1)", doc="exp(x) - 1, exact near 0.")
define_unary("log", exact(np.log), "g / conj(self)", doc="The natural logarithm.")
define_unary("log2", exact(np.log2), "g / (conj(self) * ln2)", doc="The logarithm to base 2.")
define_unary("log10", exact(np.log10), "g / (conj(self) * ln10)", doc="The logarithm to base 10.")
define_unary("log1p", exact(np.log1p), "g / conj(self + 1)", doc="log(1 + x), exact near 0.")
define_unary("sqrt", np.sqrt, "g / (2 * conj(result))", doc="The square root.")
define_unary(
    "rsqrt", lambda a: 1 / np.sqrt(a), "-0.5 * g * power(conj(result), 3)", doc="1 / sqrt(x)."
)
define_unary("reciprocal", lambda a: 1 / a, "-g * conj(result * result)", doc="1 / x.")
define_unary("sin", exact(np.sin, math.sin), "g * conj(cos(self))", doc="The sine, of radians.")
define_unary("cos", exact(np.cos, math.cos), "-g * conj(sin(self))", doc="The cosine, of radians.")
define_unary("tan", exact(np.tan), "g * conj(1 + result * result)", doc="The tangent, of radians.")
define_unary(
    "asin",
    exact(np.arcsin),
    "g * conj(rsqrt(1 - self * self))",
    also="arcsin",
    doc="The angle in [-pi/2, pi/2] whose sine is the element.",
)
define_unary(
    "acos",
    exact(np.arccos),
    "-g * conj(rsqrt(1 - self * self))",
    also="arccos",
    doc="The angle in [0, pi] whose cosine is the element.",
)
define_unary(
    "atan",
    exact(np.arctan),
    "g / conj(self * self + 1)",
    also="arctan",
    doc="The angle in (-pi/2, pi/2) whose tangent is the element.",
)
define_unary("sinh", exact(np.sinh), "g * conj(cosh(self))", doc="The hyperbolic sine.")
define_unary("cosh", exact(np.cosh), "g * conj(sinh(self))", doc="The hyperbolic cosine.")
define_unary("tanh", exact(np.tanh), "g * conj(1 - result * result)", doc="The hyperbolic tangent.")
define_unary(
    "asinh",
    exact(np.arcsinh),
    "g * conj(rsqrt(self * self + 1))",
    also="arcsinh",
    doc="The inverse of the hyperbolic sine.",
)
define_unary(
    "acosh",
    exact(np.arccosh),
    lambda F, g, self: g * F.conj(_acosh_slope(F, self)),
    also="arccosh",
    doc="The inverse of the hyperbolic cosine, for elements of at least 1.",
)
define_unary(
    "atanh",
    exact(np.arctanh),
    "g / conj(1 - self * self)",
    also="arctanh",
    doc="The inverse of the hyperbolic tangent, for elements in (-1, 1).",
)
define_unary("sigmoid", _sigmoid, "g * conj(1 - result) * conj(result)", doc="1 / (1 + exp(-x)).")
define_unary(
    "neg",
    np.negative,
    "-g",
    kind=RAWTYPE,
    also="negative",
    check=_neg_check,
    doc="The elements with the other sign.",
)
define_unary("sign", _sign, zero, kind=RAWTYPE, check=_real_sign, doc="-1, 0 or 1.")
define_unary(
    "sgn",
    lambda a: _sgn(a) if a.dtype.kind != "b" else np.array(a)[()],
    lambda F, g, self: _sgn_vjp(F, g, self),
    kind=RAWTYPE,
    doc="The sign; of a complex number x / |x|.",
)
define_unary(
    "abs",
    np.abs,
    _abs_vjp,
    kind=RAWTYPE,
    also="absolute",
    check=refuse(BOOL, kernel="abs_cpu"),
    doc="The absolute value; of a complex number its modulus.",
)
define_unary(
    "square",
    lambda a: np.square(a) if a.dtype.kind != "b" else np.asarray(a, np.int64)[()],
    "g * (2 * conj(self))",
    kind=RAWTYPE,
    node="PowBackward0",
    doc="x * x.",
)
define_unary("deg2rad", lambda a: a * (math.pi / 180), "g * (pi / 180)", doc="Degrees as radians.")
define_unary("rad2deg", lambda a: a * (180 / math.pi), "g * (180 / pi)", doc="Radians as degrees.")
define_unary(
    "relu",
    lambda a: np.maximum(0, a),  # of two zeros the second: -0.0 stays
    "masked(g, result != 0)",
    kind=RAWTYPE,
    check=lambda values: _relu_check(values),
    doc="max(x, 0).",
)


def _relu_check(values: list[Any]) -> None:
    if values[0]._d.category == BOOL:
        raise RuntimeError("Boolean inputs not supported for relu")


def _sgn_vjp(F: Any, g: Any, self: Any) -> Any:
    if not F.is_complex(self):
        return F.zeros_like(g)
    r = F.abs(self)
    s = F.sgn(self)
    safe = F.where(r == 0, 1.0, r)
    v = (g - s * F.real(g * F.conj(s))) / safe
    return F.where(r == 0, F.zeros_like(g), v)


def _positive(t: Any) -> Any:
    if t._d.category == BOOL:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return t


def _nan_to_num(a: Raw, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Raw:
    if a.dtype.kind in "iub":
        return np.array(a)[()]
    return np.nan_to_num(a, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


expose(
    define(
        "nan_to_num(self, nan=None, posinf=None, neginf=None)",
        _nan_to_num,
        family="pointwise",
        self=lambda F, g, self: g * F.bool_to(F.isfinite(self), g),
        doc="Numbers in place of nan and of the infinities.",
    ),
    inplace=True,
)


def _angle(a: Raw) -> Raw:
    if a.dtype.kind == "c":
        return np.angle(a)
    kind = a.dtype if a.dtype.kind == "f" else np.dtype(np.float32)
    return np.where(a < 0, math.pi, np.where(a != a, a, 0)).astype(kind)[()]


CONJ = define("conj_physical(self)", np.conj, family="pointwise", self=lambda F, g: F.conj(g))
publish(
    "conj_physical",
    lambda self: run(CONJ, [self]) if self._d.category == COMPLEX else self,
    doc="The conjugates, computed at once.",
)
publish("conj_physical_", lambda self: self.copy_(self.conj_physical()), F=False)
expose(
    define(
        "angle(self)",
        _angle,
        family="pointwise",
        self=lambda F, g, self: _angle_vjp(F, g, self),
        doc="The angle of a complex number; of a real one 0 or pi.",
    )
)


def _angle_vjp(F: Any, g: Any, self: Any) -> Any:
    if not F.is_complex(self):
        return F.zeros_like(g)
    return self / (F.abs(self) * F.abs(self)) * g * 1j


publish("positive", lambda self: _positive(self), doc="The tensor itself.")
for _name, _node, _over in (
    ("tanh", "Tanh", "result"),
    ("sigmoid", "Sigmoid", "result"),
    ("relu", "Threshold", "result"),
):
    name_kernel(OPS[_name], _node + "Backward", _over)
