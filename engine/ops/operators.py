"""Python's operators on tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dtype import FLOAT, bool_
from engine.ops import arithmetic, binary, division, inplace, matmul, powers, relations
from engine.ops.api import FUNCTIONS
from engine.ops.table import OPS, run
from engine.tensor import TENSORS, Tensor, wrap

_OPERANDS = (Tensor, bool, int, float, complex, np.generic)


_SYMBOLS = {
    "floor_divide": "floordiv", "remainder": "mod", "bitwise_and": "and_", "bitwise_or": "or_",
    "bitwise_xor": "xor", "bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift",
}  # fmt: skip


def _operand(v: Any) -> Any:
    return wrap(v) if isinstance(v, np.ndarray) else v


def _plain(name: str, op: Any) -> Callable[..., Any]:
    """An operator that leaves strangers to Python."""

    def call(self: Any, other: Any, *modulo: Any) -> Any:
        if modulo:
            return NotImplemented
        if isinstance(other, np.ndarray):
            return arithmetic.beside_array(getattr(operator, _SYMBOLS.get(name, name)), self, other)
        return FUNCTIONS[name](self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return call


def _reflected(name: str) -> Callable[..., Any]:
    def call(self: Any, other: Any) -> Any:
        other = _operand(other)
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        if not isinstance(other, Tensor):
            other = FUNCTIONS["tensor"](other)
        return FUNCTIONS[name](other, self)

    return call


def _inplace(op: Any) -> Callable[..., Any]:
    three = len(op.params) == 3

    def call(self: Any, other: Any) -> Any:
        other = _operand(other)
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        return inplace.run_inplace(op, [self, other, 1] if three else [self, other])

    return call


def _method(name: str) -> Callable[[Any, Any], Any]:
    def call(self: Any, other: Any) -> Any:
        other = _operand(other)
        return getattr(self, name)(other) if isinstance(other, _OPERANDS) else NotImplemented

    return call


def _rtruediv(self: Any, other: Any) -> Any:
    return arithmetic.times(FUNCTIONS["reciprocal"](self), other)


def _rpow(self: Any, other: Any) -> Any:
    return powers.pow(other, self) if isinstance(other, _OPERANDS) else NotImplemented


def _ipow(self: Any, other: Any) -> Any:
    return powers.pow_(self, other)


def _rfloordiv(self: Any, other: Any) -> Any:
    return FUNCTIONS["floor_divide"](other, self)


def _rmod(self: Any, other: Any) -> Any:
    return FUNCTIONS["remainder"](other, self)


def _compare(name: str) -> Callable[..., Any]:
    op = OPS[name]

    def call(self: Any, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        if not self._d.quick or type(other) is complex or isinstance(other, Tensor):
            relations.refuse_order(name, self, other)
        return run(op, [self, other])

    return call


def _equal(self: Any, other: Any) -> Any:
    other = _operand(other)
    return run(OPS["eq"], [self, other]) if isinstance(other, _OPERANDS) else False


def _not_equal(self: Any, other: Any) -> Any:
    other = _operand(other)
    return run(OPS["ne"], [self, other]) if isinstance(other, _OPERANDS) else True


def _refuse_ndarray(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(self: Any, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else fn(self, other)

    return call


def _matmul(self: Any, other: Any) -> Any:
    if (
        type(self) in TENSORS and type(other) in TENSORS and self._d is other._d
        and self._d is not bool_ and len(self._s) == 2 and len(other._s) == 2
    ):  # fmt: skip
        try:
            return matmul.MM.way(self, other)  # matrices that fit, as in most programs
        except ValueError:
            pass
    return FUNCTIONS["matmul"](self, other) if isinstance(other, Tensor) else NotImplemented


def _invert(self: Any) -> Any:
    if self._d.category >= FLOAT:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return FUNCTIONS["bitwise_not"](self)


def _rmatmul(self: Any, other: Any) -> Any:
    return FUNCTIONS["matmul"](other, self) if isinstance(other, Tensor) else NotImplemented


def install() -> None:
    """Give Tensor its operators."""
    table: dict[str, Any] = {
        "add": arithmetic.plus, "radd": _refuse_ndarray(arithmetic.plus),
        "sub": arithmetic.minus, "rsub": _refuse_ndarray(arithmetic.minus_from),
        "mul": arithmetic.times, "rmul": _refuse_ndarray(arithmetic.times),
        "truediv": arithmetic.over, "rtruediv": _rtruediv,
        "iadd": _inplace(binary.ADD), "isub": _inplace(binary.SUB), "imul": _inplace(binary.MUL),
        "itruediv": _inplace(division.DIV), "pow": _plain("pow", None), "rpow": _rpow, "ipow": _ipow,
        "floordiv": _plain("floor_divide", None), "rfloordiv": _rfloordiv,
        "ifloordiv": _inplace(division.FLOOR_DIVIDE), "mod": _plain("remainder", None), "rmod": _rmod,
        "imod": lambda self, other: self.remainder_(other), "matmul": _matmul, "rmatmul": _rmatmul,
        "neg": FUNCTIONS["neg"], "pos": FUNCTIONS["positive"], "abs": FUNCTIONS["abs"],
        "invert": _invert, "eq": _equal, "ne": _not_equal,
    }  # fmt: skip
    for symbol, name in {
        "and": "bitwise_and",
        "or": "bitwise_or",
        "xor": "bitwise_xor",
        "lshift": "bitwise_left_shift",
        "rshift": "bitwise_right_shift",
    }.items():
        table[symbol] = _plain(name, None)
        table["r" + symbol] = _reflected(name)
        table["i" + symbol] = _method(name + "_")
    for name in ("lt", "le", "gt", "ge"):
        table[name] = _compare(name)
    for name, fn in table.items():
        setattr(Tensor, f"__{name}__", fn)


install()

__all__ = ["install", "operator"]
