"""+ - * / at full speed: the rows of `binary` and `division` for the common case of one plain element type.

Whatever is not common (other types, saved-tensor hooks, mixed arguments) goes to the table's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.ops import binary, division, inplace
from engine.ops.api import FUNCTIONS, into, publish
from engine.ops.promote import result_dtype
from engine.ops.quick import binary as binary_operator
from engine.ops.table import run
from engine.tensor import Tensor, wrap


def _slow(op: Any, a: Any, b: Any) -> Any:
    """Everything else: arrays, NumPy numbers, other types; NotImplemented for strangers."""
    if isinstance(b, np.ndarray):
        return beside_array(_UFUNCS[op.name], a, b)
    if not isinstance(b, (Tensor, bool, int, float, complex, np.generic)):
        return NotImplemented
    if op is binary.SUB or op is binary.RSUB:
        binary.check_bool(a, b)
    return run(op, [a, b, 1] if len(op.params) == 3 else [a, b])


_UFUNCS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide}


def beside_array(ufunc: Any, t: Any, array: Any) -> Any:
    """What an operator of a tensor and a NumPy array gives: NumPy's own result as a tensor."""
    return wrap(np.asarray(ufunc(t.numpy(), array)))


def _operator(name: str, op: Any, forward: str, va: str, vb: str) -> Callable[[Any, Any], Any]:
    return binary_operator(name, op, lambda a, b: _slow(op, a, b), forward, va, vb)


plus = _operator("add", binary.ADD, "self + other", "g", "g")
minus = _operator("sub", binary.SUB, "self - other", "g", "-g")
minus_from = _operator("rsub", binary.RSUB, "other - self", "-g", "g")
times = _operator("mul", binary.MUL, "self * other", "g * other", "g * self")
over = _operator("div", division.DIV, "self / other", "g / other", "-g * ((self / other) / other)")


def _function(name: str, op: Any, fast: Callable[[Any, Any], Any], also: str, doc: str) -> None:
    alpha = len(op.params) == 3

    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        if (
            len(args) == 1 and not kwargs and isinstance(input, Tensor)
            and type(args[0]) is not np.ndarray
        ):  # fmt: skip
            r = fast(input, args[0])
            if r is not NotImplemented:
                return r
        return full(input, *args, **kwargs)

    def full(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
        values = _arguments(name, input, other, alpha, has_alpha)
        if out is not None:
            return into(name, out, lambda: run(op, values), values)
        return run(op, values)

    def write(self: Any, other: Any, *, alpha: Any = 1) -> Any:
        return inplace.run_inplace(op, _arguments(name, self, other, alpha, has_alpha, "_"))

    has_alpha = alpha
    call.__name__ = call.__qualname__ = name
    for n in (name, *also.split()):
        publish(n, call, doc=doc)
        publish(n + "_", write, function=False, F=False)


_NUMBERS = (bool, int, float, complex, np.generic)


def _arguments(
    name: str, a: Any, b: Any, alpha: Any, has_alpha: bool, suffix: str = ""
) -> list[Any]:
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        if not isinstance(a, _NUMBERS) or not isinstance(b, _NUMBERS):
            raise errors.not_tensor(name, "input", 1, a)
        a = FUNCTIONS["tensor"](a)
    if not isinstance(b, (Tensor, *_NUMBERS)):
        raise errors.not_tensor(name, "other", 2, b)
    if name == "sub":
        binary.check_bool(a, b)
    if not has_alpha:
        if alpha != 1:
            raise TypeError(f"{name}{suffix}() got an unexpected keyword argument 'alpha'")
        return [a, b]
    _check_alpha(a, b, alpha)
    return [a, b, alpha]


def _check_alpha(a: Any, b: Any, alpha: Any) -> None:
    if isinstance(alpha, float):
        d = result_dtype([a, b])
        if d.category < 2:
            raise RuntimeError(
                "For integral input tensors, argument alpha must not be a floating point number."
            )


_function("add", binary.ADD, plus, "", "input + alpha * other, broadcast.")
_function("sub", binary.SUB, minus, "subtract", "input - alpha * other, broadcast.")
_function("mul", binary.MUL, times, "multiply", "input * other, broadcast.")
