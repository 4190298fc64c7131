"""Powers, of which base or exponent may be a number."""

from __future__ import annotations

import math
from cmath import log as complex_log
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, complex128, float64, of_scalar
from engine.ops import inplace
from engine.ops.api import publish
from engine.ops.operands import (
    broadcasting,
    first,
    into_or_run,
    number_first,
)
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, define
from engine.tensor import Tensor

Raw = Any


def _pow(a: Raw, b: Raw) -> Raw:
    if a.dtype.kind in "iu" and np.any(b < 0):
        # An integer power below zero: 1 for base 1, ±1 for -1, else 0.
        sign = np.where(b % 2 == 0, 1, -1)
        low = np.where(a == 1, 1, np.where(a == -1, sign, 0))
        return np.where(b < 0, low, np.power(a, np.where(b < 0, 0, b))).astype(a.dtype)[()]
    return np.power(a, b)


def _power(a: Raw, exponent: Any) -> Raw:
    if exponent == 2 and a.dtype.kind in "fc":
        return a * a
    if exponent == 0.5:
        return np.sqrt(a)
    if exponent == 3 and a.dtype.kind in "fc":
        return a * a * a
    return np.power(a, exponent)


def _pow_vjp(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    if exponent == 0:
        return F.zeros_like(g)
    if exponent == 2 and F.raw:
        return g * (F.conj(self) * 2)
    if exponent == 1 and F.raw:
        return g * 1
    return g * (F.conj(F.power(self, exponent - 1)) * exponent)


POW_SCALAR = define("pow(self, exponent)", _power, family="pointwise", self=_pow_vjp, key="power")


POW_BOOL = define(
    "pow(self, exponent)",
    lambda a, exponent: np.array(a) if exponent else np.ones(np.shape(a), bool),
    family="pointwise",
    key="power_bool",
)


def _number_log(v: Any) -> Any:
    if isinstance(v, complex):
        return complex_log(v)
    return math.log(v) if v > 0 else math.nan


def _pow_self(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    slope = F.conj(exponent * F.pow(self, exponent - 1))
    return g * F.where(exponent == 0.0, F.zeros_like(slope), slope)


def _pow_exponent(F: Any, g: Any, self: Any, exponent: Any, result: Any) -> Any:
    if not hasattr(self, "shape"):  # a number was raised to the power
        if self == 0:
            inside = exponent >= 0
            return g * F.where(inside, F.zeros_like(result), result * -math.inf)
        return g * F.conj(result * _number_log(self))
    log = F.log(self)
    slope = F.conj(result * log)
    if F.is_complex(self):
        return g * slope
    return g * F.where((self == 0) & (exponent >= 0), F.zeros_like(slope), slope)


POW_TENSOR = define(
    "pow(self, exponent)",
    broadcasting(_pow),
    PROMOTE,
    family="pointwise",
    node="PowBackward1",
    self=_pow_self,
    exponent=_pow_exponent,
)
POW_BASE = define(
    "pow(self, exponent)",
    broadcasting(_pow),
    PROMOTE,
    family="pointwise",
    key="rpow",
    node="PowBackward2",
    exponent=_pow_exponent,
)


def _refuse_bool_power(a: Any, b: Any) -> None:
    if result_dtype([a, b]).category == BOOL:
        raise errors.not_implemented("pow", "Bool")


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """input ** exponent, either of which may be a number."""
    if isinstance(exponent, Tensor):
        _refuse_bool_power(input, exponent)
        if isinstance(input, Tensor):
            return into_or_run("pow", POW_TENSOR, [input, exponent], out)
        return into_or_run("pow", POW_BASE, [input, exponent], out)
    first(input, "pow")
    if not isinstance(exponent, (int, float, complex, np.generic)):
        raise TypeError(
            f"pow() received an invalid combination of arguments - got (Tensor, {type(exponent).__name__}), but expected one of:"
        )
    return into_or_run("pow", *_power_row(input, exponent), out)


def _power_row(t: Any, exponent: Any) -> tuple[Any, list[Any]]:
    d = of_scalar(exponent)
    if t._d.category < COMPLEX and d.category > t._d.category:
        t = t.to(result_dtype([t, exponent]))
    elif t._d.category == BOOL:
        return POW_BOOL, [t, exponent]
    if t._d.category < FLOAT and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return POW_SCALAR, [t, exponent]


def pow_(self: Any, exponent: Any) -> Any:
    """self ** exponent, in place."""
    if isinstance(exponent, Tensor):
        return inplace.run_inplace(POW_TENSOR, [self, exponent])
    op, values = _power_row(self, exponent)
    return inplace.run_inplace(op, [self, *values[1:]])


def float_power(input: Any, exponent: Any) -> Any:
    """input ** exponent in float64, or complex128 if one of them is complex."""
    wide = complex128 if result_dtype([input, exponent]).category == COMPLEX else float64
    return pow(
        input.to(wide) if isinstance(input, Tensor) else input,
        exponent.to(wide) if isinstance(exponent, Tensor) else exponent,
    )


publish("pow", pow)
publish("pow_", pow_, function=False, F=False)
publish("float_power", float_power)
publish("float_power", number_first("float_power"), method=False, F=False)
