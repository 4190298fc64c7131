"""Linear interpolation and the fused multiply-adds."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops import inplace
from engine.ops.api import expose, publish
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, run
from engine.tensor import Tensor

Raw = Any


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
    lambda s, a, b, v: s + v * a * b,
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda F, g, tensor1, value: g * (tensor1 * value),
    doc="input + value * tensor1 * tensor2, broadcast.",
)
ADDCDIV = define(
    "addcdiv(self, tensor1, tensor2, *, value=1)",
    lambda s, a, b, v: s + v * (a / b),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * (value / tensor2),
    tensor2=lambda F, g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2)),
    doc="input + value * tensor1 / tensor2, broadcast.",
)


def _check_lerp(values: list[Any]) -> None:
    a, b = values[0], values[1]
    if a._d is not b._d:
        raise RuntimeError(f"expected dtype {_dname(a)} for `end` but got dtype {_dname(b)}")


def _dname(t: Any) -> str:
    name: str = t._d.name
    return {"float32": "float", "float64": "double", "int64": "long int"}.get(name, name)


def _lerp_row(a: Any, end: Any, weight: Any) -> tuple[Any, list[Any]]:
    _check_lerp([a, end])
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
expose(ADDCMUL, inplace=True)
expose(ADDCDIV, inplace=True)
