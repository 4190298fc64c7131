"""Clamping between numbers or tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import COMPLEX, uint8
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.copying import _number
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, define, run
from engine.tensor import Tensor

Raw = Any


def _clamp(a: Raw, min: Any = None, max: Any = None) -> Raw:
    r = a
    if min is not None:
        r = np.maximum(r, min)
    if max is not None:
        r = np.minimum(r, max)
    return np.asarray(r).astype(
        np.asarray(a).dtype
        if isinstance(min, (int, type(None))) and isinstance(max, (int, type(None)))
        else r.dtype
    )[()]


def _clamp_vjp(F: Any, g: Any, self: Any, min: Any, max: Any) -> Any:
    inside = self == self
    if min is not None:
        inside = inside & (self >= min)
    if max is not None:
        inside = inside & (self <= max)
    return F.where(inside, g, F.zeros_like(g))


CLAMP = define(
    "clamp(self, min=None, max=None)",
    _clamp,
    family="pointwise",
    node="ClampBackward1",
    self=_clamp_vjp,
)
CLAMP_MIN = define(
    "clamp_min(self, min)",
    lambda a, m: _clamp(a, m),
    family="pointwise",
    self=lambda F, g, self, min: _clamp_vjp(F, g, self, min, None),
)
CLAMP_MAX = define(
    "clamp_max(self, max)",
    lambda a, m: _clamp(a, None, m),
    family="pointwise",
    self=lambda F, g, self, max: _clamp_vjp(F, g, self, None, max),
)


def _at(F: Any, g: Any, mask: Any) -> Any:
    return F.where(mask, g, F.zeros_like(g))


CLAMP_TENSORS = define(
    "clamp(self, min, max)",
    lambda a, lo, hi: np.minimum(np.maximum(a, lo), hi),
    PROMOTE,
    family="pointwise",
    key="clamp_tensors",
    node="ClampBackward0",
    self=lambda F, g, self, min, max: _at(F, g, (self >= min) & (self <= max)),
    min=lambda F, g, self, min, max: _at(F, g, (self < min) & (min < max)),
    max=lambda F, g, self, min, max: _at(F, g, (self > max) | (max < min)),
)
CLAMP_MIN_TENSOR = define(
    "clamp_min(self, min)",
    np.maximum,
    PROMOTE,
    family="pointwise",
    key="clamp_min_tensor",
    node="ClampMinBackward1",
    self=lambda F, g, self, min: _at(F, g, self >= min),
    min=lambda F, g, self, min: _at(F, g, self < min),
)
CLAMP_MAX_TENSOR = define(
    "clamp_max(self, max)",
    np.minimum,
    PROMOTE,
    family="pointwise",
    key="clamp_max_tensor",
    node="ClampMaxBackward1",
    self=lambda F, g, self, max: _at(F, g, self <= max),
    max=lambda F, g, self, max: _at(F, g, self > max),
)


CLAMP_LOW = define(
    "clamp(self, min, max=None)",
    lambda a, lo, _: np.maximum(a, lo),
    PROMOTE,
    family="pointwise",
    key="clamp_low",
    self=lambda F, g, self, min: _at(F, g, self >= min),
    min=lambda F, g, self, min: _at(F, g, self < min),
)
CLAMP_HIGH = define(
    "clamp(self, max, min=None)",
    lambda a, hi, _: np.minimum(a, hi),
    PROMOTE,
    family="pointwise",
    key="clamp_high",
    self=lambda F, g, self, max: _at(F, g, self <= max),
    max=lambda F, g, self, max: _at(F, g, self > max),
)


def _clamp_row(input: Any, lo: Any, hi: Any) -> tuple[Any, list[Any]]:
    if not isinstance(input, Tensor):
        raise errors.not_tensor("clamp", "input", 1, input)
    if lo is None and hi is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(lo, Tensor) or isinstance(hi, Tensor):
        if hi is None:
            _fitting([input, lo])
            return CLAMP_LOW, [input, lo, None]
        if lo is None:
            _fitting([input, hi])
            return CLAMP_HIGH, [input, hi, None]
        _fitting([input, lo, hi])
        return CLAMP_TENSORS, [input, _tensor(lo), _tensor(hi)]
    if input._d.category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    d = result_dtype([input, *(v for v in (lo, hi) if v is not None)])
    if d is uint8:
        lo, hi = (None if v is None else int(_number(v, d)) for v in (lo, hi))
    if (lo is not None and math.isnan(lo)) or (hi is not None and math.isnan(hi)):
        pass
    return CLAMP, [input if input._d is d else input.to(d), lo, hi]


def _fitting(values: list[Any]) -> None:
    shapes = [v._s for v in values if isinstance(v, Tensor)]
    if (wrong := errors.unbroadcastable(shapes)) is not None:
        raise wrong


def _tensor(v: Any) -> Any:
    return v if isinstance(v, Tensor) else FUNCTIONS["tensor"](v)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """Limit to [min, max], numbers or tensors."""
    return run(*_clamp_row(input, min, max))


def clamp_(self: Any, min: Any = None, max: Any = None) -> Any:
    op, values = _clamp_row(self, min, max)
    d = values[0]._d if op is CLAMP else self._d
    if d.category > self._d.category:
        raise RuntimeError(
            f"result type {d.display} can't be cast to the desired output type {_C_TYPES[self._d.name]}"
        )
    return inplace.run_inplace(op, [self, *values[1:]])


_C_TYPES = {
    "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
    "uint8": "unsigned char", "bool": "bool",
}  # fmt: skip


def _bounded(number: Any, tensor: Any, input: Any, bound: Any) -> Any:
    if isinstance(bound, Tensor):
        _fitting([input, bound])
        if input._d.category == COMPLEX:
            kernel = "maximum_cpu" if number is CLAMP_MIN else "minimum_cpu"
            raise errors.not_implemented(kernel, input._d.display)
        return run(tensor, [input, bound])
    if input._d.category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    d = result_dtype([input, bound])
    return run(number, [input if input._d is d else input.to(d), bound])


def clamp_min(input: Any, min: Any) -> Any:
    """Elements below `min` become it."""
    return _bounded(CLAMP_MIN, CLAMP_MIN_TENSOR, input, min)


def clamp_max(input: Any, max: Any) -> Any:
    """Elements above `max` become it."""
    return _bounded(CLAMP_MAX, CLAMP_MAX_TENSOR, input, max)


def _bound(number: Any, tensor: Any) -> Any:
    def write(self: Any, bound: Any) -> Any:
        row = tensor if isinstance(bound, Tensor) else number
        return inplace.run_inplace(row, [self, bound])

    return write


publish("clamp clip", clamp)
publish("clamp_ clip_", clamp_, F=False)
publish("clamp_min", clamp_min)
publish("clamp_max", clamp_max)
publish("clamp_min_", _bound(CLAMP_MIN, CLAMP_MIN_TENSOR), F=False)
publish("clamp_max_", _bound(CLAMP_MAX, CLAMP_MAX_TENSOR), F=False)
