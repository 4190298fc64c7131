"""Linear interpolation and the fused multiply-adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, FLOAT
from engine.ops import inplace
from engine.ops.api import expose, publish
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, run
from engine.tensor import Tensor

Raw = Any


def _together(fn: Callable[..., Raw]) -> Callable[..., Raw]:
    """`fn` of three arrays, which says in PyTorch's words that they do not broadcast."""

    def call(*args: Raw) -> Raw:
        try:
            return fn(*args)
        except ValueError as error:
            raise errors.unbroadcastable([np.shape(a) for a in args[:3]]) or error from None

    return call


@_together
def _lerp(a: Raw, b: Raw, w: Raw) -> Raw:
    return np.where(np.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w)).astype(
        np.result_type(a, b), copy=False
    )[()]


LERP = define(
    "lerp(self, end, weight)",
    _lerp,
    PROMOTE,
    family="pointwise",
    node="LerpBackward1",
    self=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
    weight=lambda F, g, self, end: g * (end - self),
)
LERP_NUMBER = define(
    "lerp(self, end, weight)",
    _lerp,
    PROMOTE,
    family="pointwise",
    key="lerp_number",
    node="LerpBackward0",
    self=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
)
ADDCMUL = define(
    "addcmul(self, tensor1, tensor2, *, value=1)",
    _together(lambda s, a, b, v: s + s.dtype.type(v) * a * b),
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * F.conj(tensor2 * value),
    tensor2=lambda F, g, tensor1, value: g * F.conj(tensor1 * value),
    doc="input + value * tensor1 * tensor2, broadcast.",
)
ADDCDIV = define(
    "addcdiv(self, tensor1, tensor2, *, value=1)",
    _together(lambda s, a, b, v: s + v * (a / b)),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * F.conj(value / tensor2),
    tensor2=lambda F, g, tensor1, tensor2, value: (
        -g * F.conj(value * tensor1 / (tensor2 * tensor2))
    ),
    doc="input + value * tensor1 / tensor2, broadcast.",
)


_INTEGER_DIVISION = (
    "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will "
    "perform a true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented "
    "as (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as "
    "(input + value * tensor1 / tensor2) for float inputs. The future addcdiv behavior is just the "
    "latter implementation: (input + value * tensor1 / tensor2), for all dtypes."
)


def _check_addcmul(values: list[Any]) -> None:
    if not isinstance(values[1], Tensor):
        raise errors.not_tensor("addcmul", "tensor1", 2, values[1])
    if result_dtype(values[:3]).category == BOOL:
        raise errors.not_implemented("addcmul_cpu_out", "Bool")


def _check_addcdiv(values: list[Any]) -> None:
    if all(t._d.category < FLOAT for t in values[1:3]):
        raise RuntimeError(_INTEGER_DIVISION)


def _check_lerp(a: Any, b: Any, weight: Any) -> None:
    if a._d is not b._d:
        raise RuntimeError(f"expected dtype {_dname(a)} for `end` but got dtype {_dname(b)}")
    if a._d.category < FLOAT:
        kind = "tensor" if isinstance(weight, Tensor) else "scalar"
        raise errors.not_implemented(f"lerp_kernel_{kind}", a._d.display)


def _dname(t: Any) -> str:
    name: str = t._d.name
    return {"float32": "float", "float64": "double", "int64": "long int"}.get(name, name)


def _lerp_row(a: Any, end: Any, weight: Any) -> tuple[Any, list[Any]]:
    _check_lerp(a, end, weight)
    return LERP if isinstance(weight, Tensor) else LERP_NUMBER, [a, end, weight]


publish(
    "lerp",
    lambda self, end, weight: run(*_lerp_row(self, end, weight)),
    doc="input + weight * (end - input).",
)
publish(
    "lerp_",
    lambda self, end, weight: inplace.run_inplace(*_lerp_row(self, end, weight)),
    function=False,
    F=False,
)
expose(ADDCMUL, inplace=True, check=_check_addcmul)
expose(ADDCDIV, inplace=True, check=_check_addcdiv)
