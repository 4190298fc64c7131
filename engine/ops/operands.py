"""What operations on two operands share: broadcasting, refused types, numbers in the first place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import COMPLEX, of_scalar
from engine.ops.api import FUNCTIONS
from engine.ops.promote import result_dtype
from engine.ops.table import run
from engine.tensor import Tensor

Raw = Any


def broadcasting(fn: Callable[..., Raw]) -> Callable[..., Raw]:
    def call(a: Raw, b: Raw, *rest: Any) -> Raw:
        try:
            return fn(a, b, *rest)
        except ValueError:
            raise errors.mismatch(np.shape(a), np.shape(b)) from None

    return call


#: What has no kernel: operation → name of the kernel, categories of element types.
_REFUSED: dict[str, tuple[str, str]] = {
    "floor_divide": ("div_floor_cpu", "bc"), "fmod": ("fmod_cpu", "bc"), "remainder": ("remainder_cpu", "bc"),
    "atan2": ("atan2_cpu", "c"), "hypot": ("hypot_cpu", "bic"), "logaddexp": ("logaddexp_cpu", "bi"),
    "logaddexp2": ("logaddexp2_cpu", "bic"), "copysign": ("copysign_cpu", "c"), "xlogy": ("xlogy_cpu", "c"),
    "gcd": ("gcd_cpu", "bfc"), "lcm": ("lcm_cpu", "bfc"),
    "lt": ("lt_cpu", "c"), "le": ("le_cpu", "c"), "gt": ("gt_cpu", "c"), "ge": ("ge_cpu", "c"), "pow": ("pow", "b"),
}  # fmt: skip
_COMPLEX_REFUSED = ("maximum", "minimum", "fmax", "fmin")


def broadcastable(values: list[Any]) -> None:
    wrong = errors.unbroadcastable([v._s for v in values[:2] if isinstance(v, Tensor)])
    if wrong is not None:
        raise wrong


def refusal(name: str) -> Callable[[list[Any]], None] | None:
    """A check that refuses the element types for which PyTorch has no kernel."""
    kernel, kinds = _REFUSED.get(name, ("", ""))
    if not kernel and name not in _COMPLEX_REFUSED:
        return None

    def check(values: list[Any]) -> None:
        d = result_dtype(values[:2])
        if not kernel:
            if d.category == COMPLEX:
                raise RuntimeError(f"{name} not implemented for complex tensors.")
        elif "bifc"[d.category] in kinds:
            broadcastable(values)
            raise errors.not_implemented(kernel, d.display)

    return check


def into_or_run(name: str, op: Any, values: list[Any], out: Any) -> Any:
    if out is None:
        return run(op, values)
    from engine.ops.api import into

    return into(name, out, lambda: run(op, values), values)


def first(v: Any, name: str) -> None:
    if not isinstance(v, Tensor):
        raise errors.not_tensor(name, "input", 1, v)


def number_first(name: str) -> Any:
    """A function of two tensors that also takes a number in the first place."""
    both = FUNCTIONS[name]

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if not isinstance(input, Tensor):
            kind = other._d if of_scalar(input).category <= other._d.category else None
            input = FUNCTIONS["tensor"](input, dtype=kind)
        return both(input, other) if out is None else both(input, other, out=out)

    call.__name__ = name
    return call
