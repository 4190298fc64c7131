"""Rows of the activation functions: value and slope side by side.

Branches are chosen with comparisons that are false for nan in the same places as PyTorch's, so
that nan, the infinities and the points between two branches get its values and slopes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops import special
from engine.ops.api import expose
from engine.ops.table import OPS, PROMOTE, define

Raw = Any
_ROOT_HALF = math.sqrt(0.5)
_ROOT_2_OVER_PI = math.sqrt(2 / math.pi)


def _pick(condition: Raw, a: Raw, b: Raw, like: Raw) -> Raw:
    """np.where in the element type of `like`, a NumPy scalar if it is 0-d."""
    chosen: Raw = np.where(condition, a, b)
    return chosen.astype(like.dtype, copy=False)[()]


def _sigmoid(a: Raw) -> Raw:
    e = np.exp(-np.abs(a))
    return _pick(a >= 0, 1 / (1 + e), e / (1 + e), a)


def _expose(op: Any, *, function: bool = False, inplace: bool = False) -> Any:
    return expose(op, function=function, method=False, inplace=inplace)


leaky_relu = _expose(define(
    "leaky_relu(self, negative_slope=0.01)",
    lambda a, slope: _pick(a > 0, a, a * slope, a), family="activation",
    self=lambda F, g, self, negative_slope: F.where(self > 0, g, g * negative_slope),
))  # fmt: skip


def _prelu_self(F: Any, g: Any, self: Any, weight: Any) -> Any:
    return F.where(self > 0, g, weight * g)


def _prelu_weight(F: Any, g: Any, self: Any) -> Any:
    return F.where(self > 0, F.zeros_like(g), self * g)


prelu_kernel = _expose(define(
    "_prelu_kernel(self, weight)", lambda a, w: _pick(a > 0, a, w * a, a), PROMOTE,
    family="activation", self=_prelu_self, weight=_prelu_weight,
))  # fmt: skip

rrelu_with_noise = _expose(define(
    "rrelu_with_noise(self, noise)", lambda a, noise: a * noise, family="activation",
    self=lambda F, g, self, noise: g * F.const(noise),
))  # fmt: skip

threshold = _expose(define(
    "threshold(self, threshold, value)", lambda a, t, v: _pick(a <= t, v, a, a),
    family="activation",
    self=lambda F, g, self, threshold: F.where(self <= threshold, F.zeros_like(g), g),
), function=True, inplace=False)  # fmt: skip


def _hardtanh_vjp(F: Any, g: Any, self: Any, min_val: Any, max_val: Any) -> Any:
    return F.where((self <= min_val) | (self >= max_val), F.zeros_like(g), g)


hardtanh = _expose(define(
    "hardtanh(self, min_val=-1.0, max_val=1.0)",
    lambda a, low, high: np.clip(a, a.dtype.type(low), a.dtype.type(high)), family="activation",
    self=_hardtanh_vjp,
))  # fmt: skip


def _elu(a: Raw, alpha: float, scale: float, input_scale: float) -> Raw:
    negative = np.expm1(np.minimum(0, a) * input_scale) * (alpha * scale)
    return _pick(a <= 0, negative, a * scale, a)


def _elu_vjp(F: Any, g: Any, self: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = self <= 0
    grown = F.exp(F.where(below, self, F.zeros_like(self)) * input_scale)
    return F.where(below, g * (input_scale * alpha * scale) * grown, g * scale)


elu = _expose(define(
    "elu(self, alpha=1.0, scale=1, input_scale=1)", _elu, family="activation", self=_elu_vjp,
))  # fmt: skip
celu = _expose(define(
    "celu(self, alpha=1.0)", lambda a, alpha: _elu(a, alpha, 1, 1 / alpha), family="activation",
    self=lambda F, g, self, alpha: _elu_vjp(F, g, self, alpha, 1, 1 / alpha),
), function=True)  # fmt: skip


def _gelu(a: Raw, approximate: str) -> Raw:
    if approximate == "tanh":
        inner = (_ROOT_2_OVER_PI * (a + 0.044715 * a * a * a)).astype(a.dtype)
        return 0.5 * a * (1 + np.tanh(inner))
    return a * 0.5 * (1 + special.erf(a * _ROOT_HALF))


def _gelu_vjp(F: Any, g: Any, self: Any, approximate: str) -> Any:
    if approximate == "tanh":
        t = F.tanh((self + 0.044715 * self * self * self) * _ROOT_2_OVER_PI)
        slope = (3 * 0.044715 * self * self + 1) * _ROOT_2_OVER_PI
        return g * (0.5 * (1 + t) + 0.5 * self * (1 - t * t) * slope)
    cdf = (F.erf(self * _ROOT_HALF) + 1) * 0.5
    pdf = F.exp(self * self * -0.5) * (_ROOT_2_OVER_PI * 0.5)
    return g * (cdf + self * pdf)


gelu = _expose(define("gelu(self, approximate='none')", _gelu, family="activation", self=_gelu_vjp))


def _silu_vjp(F: Any, g: Any, self: Any) -> Any:
    s = F.sigmoid(self)
    return g * F.conj(s * (1 + self * (1 - s)))


def _silu(a: Raw) -> Raw:
    return a / (1 + np.exp(-a))


silu = _expose(define("silu(self)", _silu, family="activation", self=_silu_vjp))


def _softplus(a: Raw, beta: float, threshold: float) -> Raw:
    scaled = a * beta
    above = scaled > threshold
    return _pick(above, a, np.log1p(np.exp(np.where(above, 0, scaled))) / beta, a)


def _softplus_vjp(F: Any, g: Any, self: Any, beta: float, threshold: float) -> Any:
    scaled = self * beta
    return F.where(scaled > threshold, g, g * F.sigmoid(scaled))


softplus = _expose(define(
    "softplus(self, beta=1.0, threshold=20.0)", _softplus, family="activation", self=_softplus_vjp
))  # fmt: skip


def _mish_vjp(F: Any, g: Any, self: Any) -> Any:
    t = F.tanh(F.softplus(self, 1.0, 20.0))
    return g * (t + self * F.sigmoid(self) * (1 - t * t))


mish = _expose(define(
    "mish(self)", lambda a: a * np.tanh(_softplus(a, 1.0, 20.0)), family="activation",
    self=_mish_vjp,
))  # fmt: skip


def _hardswish_vjp(F: Any, g: Any, self: Any) -> Any:
    middle = F.where(self < 3, g * (self / 3 + 0.5), g)
    return F.where(self <= -3, F.zeros_like(g), middle)


hardswish = _expose(define(
    "hardswish(self)", lambda a: a * np.clip(a + 3, 0, 6) / 6, family="activation",
    self=_hardswish_vjp,
))  # fmt: skip
hardsigmoid = _expose(define(
    "hardsigmoid(self)", lambda a: np.clip(a + 3, 0, 6) / 6, family="activation",
    self=lambda F, g, self: F.where((self > -3) & (self < 3), g / 6, F.zeros_like(g)),
))  # fmt: skip


def _shrink_vjp(F: Any, g: Any, self: Any, lambd: float) -> Any:
    return F.where((self >= -lambd) & (self <= lambd), F.zeros_like(g), g)


hardshrink = expose(define(
    "hardshrink(self, lambd=0.5)",
    lambda a, lambd: _pick((a >= -lambd) & (a <= lambd), 0, a, a), family="activation",
    self=_shrink_vjp,
))  # fmt: skip
softshrink = _expose(define(
    "softshrink(self, lambd=0.5)",
    lambda a, lambd: _pick(a > lambd, a - lambd, np.where(a < -lambd, a + lambd, a * 0), a),
    family="activation", self=_shrink_vjp,
))  # fmt: skip
logsigmoid = _expose(define(
    "log_sigmoid(self)", lambda a: np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))),
    family="activation", self=lambda F, g, self: g * F.sigmoid(-self),
))  # fmt: skip


def _halves(a: Any, dim: int) -> tuple[Any, Any]:
    n = a.shape[dim] // 2
    before = (slice(None),) * (dim % a.ndim)
    return a[(*before, slice(0, n))], a[(*before, slice(n, None))]


def _glu(a: Raw, dim: int) -> Raw:
    first, second = _halves(a, dim)
    return first * _sigmoid(second)


def _glu_vjp(F: Any, g: Any, self: Any, dim: int) -> Any:
    first, second = _halves(self, dim)
    s = F.sigmoid(second)
    return F.cat([g * s, g * first * s * (1 - s)], dim)


glu = _expose(define("glu(self, dim=-1)", _glu, family="activation", self=_glu_vjp))


# --- in place: the slope from the result, for the input is gone ----------------------------------
def _refuse_negative(slope: float, name: str, more: str) -> None:
    if slope < 0:
        raise RuntimeError(
            f"In-place {name} backward calculation is triggered with a negative slope which is not "
            "supported. This is caused by calling in-place forward function with a negative slope, "
            f"please call out-of-place version instead.{more}"
        )


_FILE_AN_ISSUE = (
    " File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place "
    "leakRelu backward calculation with negative slope"
)


def _leaky_relu_from_result(F: Any, g: Any, result: Any, negative_slope: float) -> Any:
    _refuse_negative(negative_slope, "leakyReLu", _FILE_AN_ISSUE)
    return F.where(result > 0, g, g * negative_slope)


def _elu_from_result(
    F: Any, g: Any, result: Any, alpha: float, scale: float, input_scale: float
) -> Any:
    _refuse_negative(alpha, "elu", "")
    below = g * ((result + alpha * scale) * input_scale)
    return F.where(result <= 0, below, g * scale)


def _over_itself(name: str, signature: str, node: str, vjp: Any) -> None:
    define(
        f"{name}({signature})", OPS[name].forward, family="activation", node=node,
        key=name + "_", self=vjp,
    )  # fmt: skip


_over_itself(
    "leaky_relu", "self, negative_slope=0.01", "LeakyReluBackward1", _leaky_relu_from_result
)
_over_itself("elu", "self, alpha=1.0, scale=1, input_scale=1", "EluBackward1", _elu_from_result)
_over_itself(
    "celu", "self, alpha=1.0", "CeluBackward1",
    lambda F, g, result, alpha: _elu_from_result(F, g, result, alpha, 1, 1 / alpha),
)  # fmt: skip
_over_itself(
    "threshold", "self, threshold, value", "ThresholdBackward1",
    lambda F, g, self, threshold: F.where(self <= threshold, F.zeros_like(g), g),
)  # fmt: skip
_over_itself(
    "rrelu_with_noise", "self, noise", "RreluWithNoiseBackward1", lambda F, g, noise: g * noise
)  # fmt: skip
