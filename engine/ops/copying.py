"""Writing over a whole tensor: copies, fills, zeros."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtype import (
    COMPLEX,
    INT,
    cast,
    dtype,
)
from engine.errors import unbroadcastable, unexpandable
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.table import define
from engine.tensor import Tensor

Raw = Any


def _copy_forward(a: Raw, src: Raw, *_: Any) -> Raw:
    return np.broadcast_to(src, np.shape(a))


COPY = define(
    "copy(self, src)",
    _copy_forward,
    family="inplace",
    node="CopyBackwards",
    self=lambda F, g: F.zeros_like(g),
    src=lambda F, g, src_sizes: F.sum_to(g, src_sizes),
)
COPY.node.title = "torch::autograd::CopyBackwards"


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Overwrite with the values of `src`, broadcast and converted."""
    if not isinstance(src, Tensor):
        src = FUNCTIONS["as_tensor"](src)
    inplace.check(self, "copy_")
    if type(src).is_meta:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")
    if (done := inplace.mapped(COPY, [self, src])) is not NotImplemented:
        return done
    need = self._g is not None or src._g is not None
    raw = cast(src._a, src._d, self._d)
    if src._s is not self._s:
        try:
            raw = np.broadcast_to(raw, self._s)
        except ValueError:
            raise _broadcast_error(self._s, src._s) from None
    if (
        isinstance(raw, np.ndarray)
        and isinstance(self._a, np.ndarray)
        and np.may_share_memory(raw, self._a)
    ):
        raw = raw.copy()
    return inplace.store(COPY, [self, src], raw, need, "copy_")


def _broadcast_error(have: Any, given: Any) -> RuntimeError:
    wrong = unbroadcastable([have, given])
    if wrong is not None:
        return wrong
    if len(given) > len(have):
        return RuntimeError(
            f"output with shape {list(have)} doesn't match the broadcast shape {list(given)}"
        )
    return unexpandable(given, have)


FILL = define(
    "fill(self, value)",
    lambda a, value: np.full(np.shape(a), value, a.dtype),
    family="inplace",
    node="FillBackward2",
    self=lambda F, g: F.zeros_like(g),
)
FILL_TENSOR = define(
    "fill(self, value)",
    lambda a, value: np.broadcast_to(value, np.shape(a)),
    family="inplace",
    node="FillBackward3",
    key="fill_tensor",
    self=lambda F, g: F.zeros_like(g),
    value=lambda F, g: g.sum(),
)
ZERO = define(
    "zero(self)",
    lambda a: np.zeros(np.shape(a), a.dtype),
    family="inplace",
    node="ZeroBackward0",
    self=lambda F, g: F.zeros_like(g),
)


def fill_(self: Any, value: Any) -> Any:
    inplace.check(self, "fill_", once=False)
    op = FILL_TENSOR if isinstance(value, Tensor) else FILL
    if (done := inplace.mapped(op, [self, value])) is not NotImplemented:
        return done
    if isinstance(value, Tensor):
        if value._s:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{len(value._s)} dimensions."
            )
        raw = cast(value._a, value._d, self._d)
        return inplace.store(
            FILL_TENSOR, [self, value], raw, self._g is not None or value._g is not None
        )
    return inplace.store(FILL, [self, value], _number(value, self._d), self._g is not None)


def _number(value: Any, d: dtype) -> Any:
    if isinstance(value, int) and not -(2**63) <= value < 2**63 and d.name != "uint64":
        raise ValueError("Overflow when unpacking long long")
    if isinstance(value, complex) and d.category < COMPLEX:
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    if d.category == INT and isinstance(value, float) and not math.isfinite(value):
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    whole = isinstance(value, (int, np.integer))
    if d.category == INT and not whole:
        if not _fits(value, d, whole):
            raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
        value = int(value)
    if d.category == INT and not _fits(value, d, whole):
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    return np.asarray(value).astype(d.np)[()]


def _fits(value: Any, d: dtype, whole: bool) -> bool:
    """Whether a number has a place in a type; whole numbers wrap around in an unsigned one."""
    info = np.iinfo(d.np)
    return bool((info.min or (-info.max if whole else 0)) <= value <= info.max)


def _c_type(d: dtype) -> str:
    return {
        "uint8": "uint8_t",
        "int8": "int8_t",
        "int16": "int16_t",
        "int32": "int",
        "int64": "int64_t",
        "float32": "float",
        "float64": "double",
    }.get(d.name, d.name)


def zero_(self: Any) -> Any:
    inplace.check(self, "zero_", once=False)
    if (done := inplace.mapped(ZERO, [self])) is not NotImplemented:
        return done
    return inplace.store(ZERO, [self], self._d.np.type(0), self._g is not None)


for _n in ("copy_", "fill_", "zero_"):
    publish(_n, globals()[_n], function=False)
