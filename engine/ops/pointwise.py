"""Operations on one tensor, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, INT
from engine.ops import special
from engine.ops.api import expose, publish
from engine.ops.quick import unary
from engine.ops.table import OPS, RAWTYPE, TO_FLOAT, Op, define, run
from engine.ops.twice import name_kernel

Raw = Any


def _unary(
    name: str, forward: Callable[..., Any], vjp: Callable[..., Any] | str, *, kind: int = TO_FLOAT,
    also: str = "", inplace: bool = True, node: str | None = None, check: Any = None, doc: str,
) -> Op:  # fmt: skip
    """A row of one tensor; with a formula as its gradient it gets a quick way."""
    op = define(f"{name}(self)", forward, kind, family="pointwise", node=node, doc=doc, self=vjp)
    quick = partial(unary, vjp=vjp) if isinstance(vjp, str) else None
    expose(op, also=also, inplace=inplace, check=check, quick=quick)
    return op


def _zero(F: Any, g: Any) -> Any:
    return F.zeros_like(g)


def _refuse(*categories: int, kernel: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = values[0]._d
        if d.category in categories:
            raise errors.not_implemented(kernel, d.display)

    return check


#: Elements up to which functions are computed in float64 and rounded; beyond, speed counts.
_FEW = 512
_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def _exact(fn: Callable[..., Raw]) -> Callable[[Raw], Raw]:
    """A NumPy function whose float32 results are off by a unit in the last place more often than
    PyTorch's: for few elements from float64, so that they are PyTorch's digits."""

    def compute(a: Raw) -> Raw:
        if a.dtype is _SINGLE and a.size <= _FEW:
            return fn(a.astype(_DOUBLE)).astype(_SINGLE)
        return fn(a)

    return compute


def _wave(fn: Callable[..., Raw], one: Callable[[float], float]) -> Callable[[Raw], Raw]:
    """Sine or cosine, which for a single number the standard library computes quickest."""
    single = np.float32
    unit = single(1)  # times a number: what rounds it quickest

    def compute(a: Raw) -> Raw:
        if type(a) is single:
            try:
                return unit * one(a)  # type: ignore[arg-type]
            except ValueError:  # of an infinity
                return single(math.nan)
        if a.dtype is _SINGLE and a.size <= _FEW:
            return fn(a.astype(_DOUBLE)).astype(_SINGLE)
        return fn(a)

    return compute


_exp = _exact(np.exp)


def _sigmoid(a: Raw) -> Raw:
    return 1 / (1 + _exp(-a))  # where exp overflows to inf, the quotient is 0 as it should be


def _rounds(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = values[0]._d
        if d.category == COMPLEX:
            raise NotImplementedError(f"{name} is not supported for complex inputs")
        if d.category == BOOL:
            raise errors.not_implemented(f"{name}_vml_cpu", "Bool")

    return check


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


def _round(a: Raw, decimals: int = 0) -> Raw:
    if a.dtype.kind in "iub":
        return a
    if decimals == 0:
        return np.rint(a)
    ten = a.dtype.type(10.0 ** abs(decimals))
    return np.rint(a * ten) / ten if decimals > 0 else np.rint(a / ten) * ten


def _round_check(values: list[Any]) -> None:
    if values[0]._d.category < FLOAT and values[1]:
        raise errors.not_implemented("round_cpu", values[0]._d.display)
    if values[0]._d.category == BOOL:
        raise errors.not_implemented("round_vml_cpu", "Bool")


def _keep_int(fn: Callable[[Raw], Raw]) -> Callable[[Raw], Raw]:
    return lambda a: np.array(a)[()] if a.dtype.kind in "iub" else fn(a)


_unary("exp", _exp, "g * conj(result)", doc="e to the power of each element.")
_unary("exp2", np.exp2, "g * result * ln2", doc="2 to the power of each element.")
_unary("expm1", _exact(np.expm1), "g * (result + 1)", doc="exp(x) - 1, exact near 0.")
_unary("log", _exact(np.log), "g / conj(self)", doc="The natural logarithm.")
_unary("log2", _exact(np.log2), "g / (self * ln2)", doc="The logarithm to base 2.")
_unary("log10", _exact(np.log10), "g / (self * ln10)", doc="The logarithm to base 10.")
_unary("log1p", _exact(np.log1p), "g / (self + 1)", doc="log(1 + x), exact near 0.")
_unary("sqrt", np.sqrt, "g / (2 * conj(result))", doc="The square root.")
_unary("rsqrt", lambda a: 1 / np.sqrt(a), "-0.5 * g * power(conj(result), 3)", doc="1 / sqrt(x).")
_unary("reciprocal", lambda a: 1 / a, "-g * conj(result * result)", doc="1 / x.")
_unary("sin", _wave(np.sin, math.sin), "g * conj(cos(self))", doc="The sine, of radians.")
_unary("cos", _wave(np.cos, math.cos), "-g * conj(sin(self))", doc="The cosine, of radians.")
_unary("tan", _exact(np.tan), "g * conj(1 + result * result)", doc="The tangent, of radians.")
_unary(
    "asin",
    _exact(np.arcsin),
    "g * rsqrt(1 - self * self)",
    also="arcsin",
    doc="The angle in [-pi/2, pi/2] whose sine is the element.",
)
_unary(
    "acos",
    _exact(np.arccos),
    "-g * rsqrt(1 - self * self)",
    also="arccos",
    doc="The angle in [0, pi] whose cosine is the element.",
)
_unary(
    "atan",
    _exact(np.arctan),
    "g / (self * self + 1)",
    also="arctan",
    doc="The angle in (-pi/2, pi/2) whose tangent is the element.",
)
_unary("sinh", _exact(np.sinh), "g * cosh(self)", doc="The hyperbolic sine.")
_unary("cosh", _exact(np.cosh), "g * sinh(self)", doc="The hyperbolic cosine.")
_unary("tanh", _exact(np.tanh), "g * conj(1 - result * result)", doc="The hyperbolic tangent.")
_unary(
    "asinh",
    _exact(np.arcsinh),
    "g * rsqrt(self * self + 1)",
    also="arcsinh",
    doc="The inverse of the hyperbolic sine.",
)
_unary(
    "acosh",
    _exact(np.arccosh),
    "g * rsqrt(self * self - 1)",
    also="arccosh",
    doc="The inverse of the hyperbolic cosine, for elements of at least 1.",
)
_unary(
    "atanh",
    _exact(np.arctanh),
    "g / (1 - self * self)",
    also="arctanh",
    doc="The inverse of the hyperbolic tangent, for elements in (-1, 1).",
)
_unary("sigmoid", _sigmoid, "g * conj(1 - result) * conj(result)", doc="1 / (1 + exp(-x)).")
_unary(
    "neg",
    np.negative,
    "-g",
    kind=RAWTYPE,
    also="negative",
    check=_neg_check,
    doc="The elements with the other sign.",
)
_unary(
    "floor",
    _keep_int(np.floor),
    _zero,
    kind=RAWTYPE,
    check=_rounds("floor"),
    doc="The largest integer that is not above the element.",
)
_unary(
    "ceil",
    _keep_int(np.ceil),
    _zero,
    kind=RAWTYPE,
    check=_rounds("ceil"),
    doc="The smallest integer that is not below the element.",
)
_unary(
    "trunc",
    _keep_int(np.trunc),
    _zero,
    kind=RAWTYPE,
    also="fix",
    check=_rounds("trunc"),
    doc="The part before the point.",
)
_unary(
    "frac",
    lambda a: a - np.trunc(a),
    "g",
    kind=RAWTYPE,
    check=_refuse(BOOL, INT, COMPLEX, kernel="frac_cpu"),
    doc="The part behind the point, with the sign of the element.",
)
_unary("sign", _sign, _zero, kind=RAWTYPE, check=_real_sign, doc="-1, 0 or 1.")
_unary(
    "sgn",
    lambda a: _sgn(a) if a.dtype.kind != "b" else np.array(a)[()],
    lambda F, g, self: _sgn_vjp(F, g, self),
    kind=RAWTYPE,
    doc="The sign; of a complex number x / |x|.",
)
_unary(
    "abs",
    np.abs,
    _abs_vjp,
    kind=RAWTYPE,
    also="absolute",
    check=_refuse(BOOL, kernel="abs_cpu"),
    doc="The absolute value; of a complex number its modulus.",
)
_unary(
    "square",
    lambda a: np.square(a) if a.dtype.kind != "b" else np.asarray(a, np.int64)[()],
    "g * (2 * conj(self))",
    kind=RAWTYPE,
    node="PowBackward0",
    doc="x * x.",
)
_unary("erf", special.erf, "g * (exp(-(self * self)) * (2 / sqrt_pi))", doc="The error function.")
_unary(
    "erfc",
    special.erfc,
    "g * (exp(-(self * self)) * (-2 / sqrt_pi))",
    doc="1 - erf(x), without cancellation.",
)
_unary(
    "erfinv",
    special.erfinv,
    "g * (exp(result * result) * (sqrt_pi / 2))",
    doc="The inverse of the error function, on (-1, 1).",
)
_unary(
    "lgamma",
    special.lgamma,
    "g * digamma(self)",
    doc="The logarithm of the absolute value of the gamma function.",
)
_unary("digamma", special.digamma, "g * polygamma(1, self)", doc="The derivative of lgamma.")
_unary(
    "i0",
    special.i0,
    "g * special_i1(self)",
    doc="The modified Bessel function of the first kind, of order 0.",
)
_unary(
    "sinc",
    np.sinc,
    lambda F, g, self: g * _sinc_slope(F, self),
    doc="sin(pi x) / (pi x), and 1 at 0.",
)
_unary("deg2rad", lambda a: a * (math.pi / 180), "g * (pi / 180)", doc="Degrees as radians.")
_unary("rad2deg", lambda a: a * (180 / math.pi), "g * (180 / pi)", doc="Radians as degrees.")
_unary(
    "relu",
    lambda a: np.maximum(a, 0),
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


def _sinc_slope(F: Any, x: Any) -> Any:
    p = x * math.pi
    zero = x == 0
    safe = F.where(zero, F.ones_like(p), p)
    slope = (F.cos(safe) - F.sin(safe) / safe) / safe * math.pi
    return F.where(zero, F.zeros_like(p), slope)


def _positive(t: Any) -> Any:
    if t._d.category == BOOL:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return t


expose(
    define(
        "round(self, *, decimals=0)",
        _round,
        family="pointwise",
        self=_zero,
        doc="To the nearest integer, or to `decimals` places; halves go to the even one.",
    ),
    inplace=True,
    check=_round_check,
)

for _name, (_fn, _doc) in {
    "isnan": (
        lambda a: np.isnan(a) if a.dtype.kind in "fc" else np.zeros(a.shape, bool),
        "Whether elements are nan.",
    ),
    "isinf": (
        lambda a: np.isinf(a) if a.dtype.kind in "fc" else np.zeros(a.shape, bool),
        "Whether elements are infinite.",
    ),
    "isfinite": (
        lambda a: np.isfinite(a) if a.dtype.kind in "fc" else np.ones(a.shape, bool),
        "Whether elements are neither infinite nor nan.",
    ),
    "isposinf": (
        lambda a: (a == np.inf) if a.dtype.kind == "f" else np.zeros(a.shape, bool),
        "Whether elements are plus infinity.",
    ),
    "isneginf": (
        lambda a: (a == -np.inf) if a.dtype.kind == "f" else np.zeros(a.shape, bool),
        "Whether elements are minus infinity.",
    ),
    "isreal": (
        lambda a: np.isreal(a) if a.dtype.kind == "c" else np.ones(a.shape, bool),
        "Whether the imaginary part is 0.",
    ),
    "signbit": (
        lambda a: np.signbit(a) if a.dtype.kind == "f" else a < 0,
        "Whether the sign is minus, also of minus zero.",
    ),
}.items():
    expose(define(f"{_name}(self)", _fn, family="pointwise", doc=_doc))
expose(
    define(
        "logical_not(self)", np.logical_not, family="pointwise", doc="Whether the element is zero."
    ),
    inplace=True,
)


expose(
    define(
        "bitwise_not(self)",
        np.invert,
        family="pointwise",
        doc="All bits turned over; of booleans the logical not.",
    ),
    inplace=True,
)


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
publish("positive", lambda self: _positive(self), doc="The tensor itself.")
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
for _name, _node, _over in (
    ("tanh", "Tanh", "result"),
    ("sigmoid", "Sigmoid", "result"),
    ("relu", "Threshold", "result"),
):
    name_kernel(OPS[_name], _node + "Backward", _over)
