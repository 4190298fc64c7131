"""Quotients and what they leave: div with its roundings, floor_divide, remainder, fmod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.ops import inplace
from engine.ops.api import expose, publish
from engine.ops.operands import (
    broadcasting,
    first,
    into_or_run,
    number_first,
    refusal,
)
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, undifferentiable
from engine.tensor import Tensor, wrap

Raw = Any


def _div(a: Raw, b: Raw) -> Raw:
    return np.true_divide(a, b)


DIV = define(
    "div(self, other)",
    broadcasting(_div),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, other: g / F.conj(other),
    other=lambda F, g, self, other: -g * F.conj((self / other) / other),
)


def _zero_division(b: Raw) -> None:
    if b.dtype.kind in "iub" and not np.all(b):
        raise RuntimeError("ZeroDivisionError")


def _floor_divide(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    if a.dtype.kind in "iub":
        return np.floor_divide(a, b)
    q = np.floor_divide(a, b)
    return np.where(b == 0, a / b, q).astype(q.dtype, copy=False)[()]


def _div_mode(a: Raw, b: Raw, rounding_mode: str) -> Raw:
    if rounding_mode == "floor":
        return _floor_divide(a, b)
    _zero_division(b)
    if a.dtype.kind in "iub":
        return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)[()]
    return np.trunc(a / b)


DIV_MODE = define(
    "div(self, other, *, rounding_mode)",
    broadcasting(_div_mode),
    PROMOTE,
    key="div_mode",
    family="pointwise",
    node="DivBackward2",
    self=lambda F, g: F.zeros_like(g),
    other=lambda F, g: F.zeros_like(g),
)
FLOOR_DIVIDE = define(
    "floor_divide(self, other)",
    broadcasting(_floor_divide),
    PROMOTE,
    family="pointwise",
    node="NotImplemented",
    self=undifferentiable("floor_divide"),
    other=undifferentiable("floor_divide"),
    doc="The quotient, rounded down.",
)


def _remainder(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    out: Raw = np.remainder(a, b)
    if out.dtype.kind != "f" or out.all():
        return out
    signed: Raw = np.where(out == 0, np.fmod(a, b), out)  # a zero has the sign of the dividend
    return signed[()]


def _fmod(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    return np.fmod(a, b)


REMAINDER_NUMBER = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    key="remainder_number",
    self=lambda F, g: g,
    doc="The rest of a division rounded down; it has the sign of `other`.",
)
REMAINDER_OF = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    key="remainder_of",
    node="NotImplemented",
    other=undifferentiable("remainder"),
)
REMAINDER = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    node="RemainderBackward1",
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.div_mode(self, other, "floor"),
)
FMOD_NUMBER = define(
    "fmod(self, other)",
    broadcasting(_fmod),
    PROMOTE,
    family="pointwise",
    key="fmod_number",
    self=lambda F, g: g,
    doc="The rest of a division rounded to 0; it has the sign of input.",
)
FMOD = define(
    "fmod(self, other)",
    broadcasting(_fmod),
    PROMOTE,
    family="pointwise",
    node="FmodBackward1",
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.trunc(self / other),
)


DIV_NONE = define(
    "div(self, other)",
    DIV.forward,
    PROMOTE_FLOAT,
    key="div_none",
    family="pointwise",
    node="DivBackward2",
    self=lambda F, g, other: g / F.conj(other),
    other=lambda F, g, self, other: -g * F.conj((self / other) / other),
)


def _div_vjp_modes(name: str, self: Any, other: Any, rounding_mode: Any) -> Any:
    if rounding_mode is ...:
        return DIV, [self, other]
    if rounding_mode is None:
        return DIV_NONE, [self, other]
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return DIV_MODE, [self, other, rounding_mode]


def div(input: Any, other: Any, *, rounding_mode: Any = ..., out: Any = None) -> Any:
    """Quotient; "trunc" and "floor" round it."""
    if not isinstance(input, Tensor):
        if not isinstance(input, (int, float, complex, np.generic)):
            first(input, "div")
        first(other, "div")
        input = wrap(np.asarray(input, result_dtype([input, other]).np)[()])
    op, values = _div_vjp_modes("div", input, other, rounding_mode)
    return into_or_run("div", op, values, out)


def _with_number(
    name: str, both: Any, number: Any, of: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A function of two tensors, or of a tensor and a number, which have rows of their own."""
    check = refusal(name)

    def row(a: Any, b: Any) -> Any:
        if not isinstance(a, Tensor) and not isinstance(b, Tensor):
            raise errors.not_tensor(name, "input", 1, a)
        if check is not None:
            check([a, b])
        return (both if isinstance(a, Tensor) else of) if isinstance(b, Tensor) else number

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        return into_or_run(name, row(input, other), [input, other], out)

    def write(self: Any, other: Any) -> Any:
        return inplace.run_inplace(row(self, other), [self, other])

    call.__name__ = name
    return call, write


def div_(self: Any, other: Any, *, rounding_mode: Any = ...) -> Any:
    return inplace.run_inplace(*_div_vjp_modes("div_", self, other, rounding_mode))


def true_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """input / other, a floating number also for integers."""
    return div(input, other, out=out)


publish("div divide", div)
publish("true_divide", true_divide)
for _name, _both, _number, _of, _doc in (
    (
        "remainder",
        REMAINDER,
        REMAINDER_NUMBER,
        REMAINDER_OF,
        "The rest of a division rounded down; it has the sign of `other`.",
    ),
    (
        "fmod",
        FMOD,
        FMOD_NUMBER,
        FMOD,
        "The rest of a division rounded to 0; it has the sign of input.",
    ),
):
    _call, _write = _with_number(_name, _both, _number, _of)
    publish(_name, _call, doc=_doc)
    publish(_name + "_", _write, function=False, F=False)
for _name in ("div_", "divide_", "true_divide_"):
    publish(_name, div_, function=False, F=False)
expose(FLOOR_DIVIDE, inplace=True, check=refusal("floor_divide"))
publish("floor_divide", number_first("floor_divide"), method=False, F=False)
