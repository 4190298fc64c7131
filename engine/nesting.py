"""Nested lists of numbers: their type, their sizes, and the array that they make."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from engine import dtype as dtypes
from engine.batching.levels import level_of
from engine.dtype import COMPLEX, FLOAT, FROM_NP, dtype, of_scalar, promote_types
from engine.errors import type_name
from engine.tensor import Tensor


def infer(data: Any) -> dtype | None:
    """The type of nested Python data; None if there is no element."""
    if isinstance(data, Tensor):
        return data._d
    if isinstance(data, (np.ndarray, np.generic)):
        return FROM_NP[data.dtype]
    if isinstance(data, (list, tuple)) or is_sequence(data):
        found = None
        for item in data:
            d = infer(item)
            if d is not None:
                found = d if found is None else promote_types(found, d)
        return found
    if isinstance(data, (bool, int, float, complex)):
        return of_scalar(data)
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    name = type_name(data)
    raise RuntimeError(
        f"Could not infer dtype of {name if name.startswith('torch.') else full_name(type(data))}"
    )


#: The flag of classes that C defines: their names print with the module.
_IMMUTABLE = 1 << 8


def full_name(kind: type) -> str:
    if kind.__module__ in ("builtins", "__main__") or not kind.__flags__ & _IMMUTABLE:
        return kind.__name__
    return f"{kind.__module__}.{kind.__name__}"


def is_sequence(data: Any) -> bool:
    return (
        hasattr(data, "__len__")
        and hasattr(data, "__getitem__")
        and not isinstance(data, (str, dict, bytes))
    )


def _sizes(data: Any) -> list[int]:
    sizes: list[int] = []
    while is_sequence(data) and not (
        isinstance(data, (Tensor, np.ndarray))
        and (not data.shape or (sizes and data.shape == (1,)))
    ):
        n = len(data)
        sizes.append(n)
        if n == 0:
            break
        data = data[0]
    return sizes


def _check_nested(data: Any, sizes: list[int], dim: int, d: dtype) -> None:
    if dim == len(sizes):
        if is_sequence(data) and not isinstance(data, (Tensor, np.ndarray)):
            whole = d.category < FLOAT
            raise TypeError(
                f"'{type(data).__name__}' object cannot be interpreted as an integer"
                if whole
                else f"must be real number, not {type(data).__name__}"
            )
        return
    if not is_sequence(data) or (isinstance(data, Tensor) and not data._s):
        raise TypeError("not a sequence")
    if len(data) != sizes[dim] and sizes[dim]:
        raise ValueError(f"expected sequence of length {sizes[dim]} at dim {dim} (got {len(data)})")
    if dim and isinstance(data, Tensor) and data._s.numel() != 1:
        (operator.index if d.category < FLOAT else float)(data)  # refuses
    if isinstance(data, (Tensor, np.ndarray)):
        return
    for item in data:
        if isinstance(item, np.ndarray) and not item.ndim:
            raise TypeError("len() of unsized object")
        _check_nested(item, sizes, dim + 1, d)


def _plain(data: Any) -> Any:
    """Nested data with tensors replaced by numbers or arrays."""
    if isinstance(data, Tensor):
        if level_of(data):
            return data.item()  # which says that there is no such number
        if data._s == (1,):
            return data._a[0]
        return data.__float__() if data._g is not None and not data._s else data._a
    if isinstance(data, (list, tuple)):
        return [_plain(x) for x in data]
    return data


def _kind(data: Any) -> int:
    found = infer(data)
    return dtypes.BOOL if found is None else found.category


def from_nested(data: Any, d: dtype) -> Any:
    sizes = _sizes(data)
    _check_nested(data, sizes, 0, d)
    if d.category == dtypes.INT:
        _check_ints(data, d)
    elif d.category == FLOAT and _kind(data) == COMPLEX:
        raise TypeError("must be real number, not complex")
    plain = _plain(data)
    if d is dtypes.bfloat16:
        return dtypes.round_bfloat16(np.array(plain, np.float32)).reshape(sizes)
    if d is dtypes.complex32:
        return dtypes.round_complex32(np.array(plain, np.complex64)).reshape(sizes)
    if d.category == dtypes.INT and _kind(data) >= FLOAT:
        return np.array(plain, np.float64).astype(d.np).reshape(sizes)
    if d.category == dtypes.INT and d.np.kind == "u":
        return (
            np.array(plain, object)
            .astype(np.int64 if d.np.itemsize < 8 else d.np)
            .astype(d.np)
            .reshape(sizes)
        )
    if sizes and not sizes[-1]:
        return np.zeros(sizes, d.np)
    return np.array(plain, d.np).reshape(sizes)


def _check_ints(data: Any, d: dtype) -> None:
    if isinstance(data, (list, tuple)):
        for x in data:
            _check_ints(x, d)
    elif isinstance(data, int) and not isinstance(data, bool):
        if not -(2**63) <= data < 2**63 + (d.name == "uint64") * 2**63:
            raise ValueError("Overflow when unpacking long long")
        info = np.iinfo(d.np)
        if not (info.min or -info.max) <= data <= info.max:
            raise RuntimeError(f"value cannot be converted to type {d.name} without overflow")
    elif isinstance(data, float) and not _fits(data, d):
        raise RuntimeError(f"value cannot be converted to type {d.name} without overflow")
    elif isinstance(data, complex):
        raise TypeError("'complex' object cannot be interpreted as an integer")


def _fits(value: float, d: dtype) -> bool:
    info = np.iinfo(d.np)
    return math.isfinite(value) and info.min <= value <= info.max
