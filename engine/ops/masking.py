"""Filling, taking and putting elements by a mask."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import FLOAT, bool_
from engine.ops import inplace
from engine.ops.api import expose, publish
from engine.ops.helpers import in_rows
from engine.ops.table import RAW, define, run
from engine.tensor import Tensor

Raw = Any


def _mask_of(mask: Any) -> Any:
    if mask._d is not bool_:
        name = "short int" if mask._d.name == "int16" else errors.c_name(mask._d)
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype " + name
        )
    return mask


MASKED_FILL = define(
    "masked_fill(self, mask, value)",
    lambda a, m, v: np.where(m, np.asarray(v).astype(a.dtype), in_rows(a)),
    family="indexing",
    self=lambda F, g, mask, self_sizes: F.sum_to(F.where(mask, F.zeros_like(g), g), self_sizes),
)
MASKED_FILL_TENSOR = define(
    "masked_fill(self, mask, value)",
    lambda a, m, v: np.where(m, v.astype(a.dtype), in_rows(a)),
    family="indexing",
    key="masked_fill_tensor",
    node="MaskedFillBackward1",
    self=lambda F, g, mask, self_sizes: F.sum_to(F.where(mask, F.zeros_like(g), g), self_sizes),
    value=lambda F, g, mask: F.where(mask, g, F.zeros_like(g)).sum(),
)


def _masked_fill(name: str) -> Any:
    def values(self: Any, mask: Any, value: Any) -> tuple[Any, list[Any]]:
        wrong = errors.unbroadcastable([mask._s, self._s])
        if wrong is not None:
            raise wrong
        _mask_of(mask)
        if isinstance(value, Tensor):
            if value._s:
                raise RuntimeError(
                    "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                    f"{len(value._s)} dimension(s)."
                )
            return MASKED_FILL_TENSOR, [self, mask, value]
        if not isinstance(value, (int, float, complex, np.generic)):
            raise TypeError(f"value must be Tensor or a number, not {type(value).__name__}")
        if isinstance(value, complex) and self._d.category <= FLOAT:
            raise RuntimeError(
                f"value cannot be converted to type {_c_type(self._d)} without overflow"
            )
        return MASKED_FILL, [self, mask, value]

    return values


def _c_type(d: Any) -> str:
    return str({"int64": "int64_t", "int32": "int", "bool": "bool"}.get(d.name, d.name))


_fill_values = _masked_fill("masked_fill")


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with `value` where the mask is true."""
    return run(*_fill_values(input, mask, value))


def masked_fill_(self: Any, mask: Any, value: Any) -> Any:
    _mask_of(mask)
    return inplace.run_inplace(*_fill_values(self, mask, value))


MASKED_SELECT = define(
    "masked_select(self, mask)",
    lambda a, m: np.broadcast_arrays(a, m)[0][np.broadcast_arrays(a, m)[1]],
    family="indexing",
    self=lambda F, g, mask, self_sizes: F.masked_put(g, mask, self_sizes),
    doc="The elements where the mask is true, as a vector.",
)


def _masked_put(g: Raw, mask: Raw, sizes: Any) -> Raw:
    shape = np.broadcast_shapes(sizes, np.shape(mask))
    out = np.zeros(shape, g.dtype)
    out[np.broadcast_to(mask, shape)] = g
    return RAW.sum_to(out, sizes)


define(
    "_masked_put(self, mask, sizes)",
    _masked_put,
    family="indexing",
    key="masked_put",
    node="MaskedScatterBackward0",
    self=lambda F, g, mask: F.masked_select(g, mask),
)
RAW.masked_select = MASKED_SELECT.forward


def _check_select(values: list[Any]) -> None:
    if values[1]._d is not bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    wrong = errors.unbroadcastable([values[1]._s, values[0]._s])
    if wrong is not None:
        raise wrong


expose(MASKED_SELECT, check=_check_select)


def _masked_scatter(a: Raw, mask: Raw, source: Raw) -> Raw:
    out = np.array(np.broadcast_arrays(a, mask)[0])
    m = np.broadcast_to(mask, out.shape)
    out[m] = np.asarray(source).reshape(-1)[: int(m.sum())]
    return out


expose(
    define(
        "masked_scatter(self, mask, source)",
        _masked_scatter,
        family="indexing",
        self=lambda F, g, mask, self_sizes: F.sum_to(F.where(mask, F.zeros_like(g), g), self_sizes),
        source=lambda F, g, mask, source_sizes: F.pad_flat(F.masked_select(g, mask), source_sizes),
        doc="A copy in which `source`, in order, fills the places where the mask is true.",
    ),
    inplace=True,
    check=lambda values: _check_masked_scatter(*values),
)


def _check_masked_scatter(t: Any, mask: Any, source: Any) -> None:
    if t._d is not source._d:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{t._d.display} and {source._d.display}"
        )
    wrong = errors.unbroadcastable([mask._s, t._s])
    if wrong is not None:
        raise wrong
    if source._s.numel() < int(np.broadcast_to(mask._a, np.broadcast_shapes(mask._s, t._s)).sum()):
        raise RuntimeError("Number of elements of source < number of ones in mask")


def _pad_flat(g: Raw, sizes: Any) -> Raw:
    out = np.zeros(math.prod(sizes), g.dtype)
    out[: g.size] = g
    return out.reshape(sizes)


define(
    "_pad_flat(self, sizes)",
    _pad_flat,
    family="indexing",
    key="pad_flat",
    self=lambda F, g, self_sizes: F.part(g.reshape((-1,)), slice(0, self_sizes[0])),
)
publish("masked_fill", masked_fill)
publish("masked_fill_", masked_fill_, function=False, F=False)
