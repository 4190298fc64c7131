"""Other element types: `to`, `type` and the short names."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.batching.levels import BatchedTensor
from engine.device import check as check_device
from engine.device import device as Device
from engine.dtype import (
    ALL,
    COMPLEX,
    bfloat16,
    bool_,
    cast,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    of_python,
    uint8,
)
from engine.dtype import dtype as DType
from engine.ops.api import publish
from engine.ops.shape import CLONE
from engine.ops.table import define, run
from engine.tensor import Tensor
from engine.warning import warn

Raw = Any


def _to_copy(a: Raw, dtype: dtype, source: dtype) -> Raw:
    if dtype is source:
        return np.array(a)
    r = cast(a, source, dtype)
    return np.array(r) if r is a else r


TO_COPY = define(
    "_to_copy(self, dtype, source)",
    _to_copy,
    family="pointwise",
    node="ToCopyBackward0",
    self=lambda F, g: g,
)


def warn_discards() -> None:
    warn("Casting complex values to real discards the imaginary part")


def convert(t: Any, d: dtype, copy: bool = False) -> Any:
    """`t` with element type `d`; `t` itself if it has it already."""
    if t._d is d and not copy:
        return t
    if t._d is d:
        return run(CLONE, [t])
    if t._d.category == COMPLEX and d.category != COMPLEX:
        warn_discards()
    out = part = run(TO_COPY, [t, d, t._d])
    part._d = d
    while type(part) is BatchedTensor:
        part = part._a.value
        part._d = d
    return out


def to(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Another element type or device; `self` if nothing changes."""
    d: Any = of_python(kwargs.get("dtype"))
    place: Any = kwargs.get("device")
    flags = [a for a in args if isinstance(a, bool)]  # non_blocking, copy
    copy = kwargs.get("copy", flags[1] if len(flags) > 1 else False)
    for a in args:
        if isinstance(a, dtype):
            d = a
        elif isinstance(a, Tensor):
            d = a._d
        elif isinstance(a, (str, Device)) or type(a) is int:
            place = a
        elif isinstance(a, type):
            d = of_python(a)
        elif isinstance(a, (float, complex)):
            d = float64 if isinstance(a, float) else complex128
    if d is not None and not isinstance(d, dtype):
        raise TypeError(
            f"to() received an invalid combination of arguments - got (dtype={type(d).__name__}, ), but expected one of:"
        )
    nowhere = place is not None and check_device(place)
    converted = convert(self, d or self._d, copy)
    if nowhere:
        from engine import meta

        return meta.forget(converted)
    if place is not None and type(self).is_meta:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")
    return converted


def _caster(name: str, d: dtype) -> None:
    def call(self: Any, memory_format: Any = None) -> Any:
        return convert(self, d)

    call.__name__ = name
    publish(name, call, function=False, F=False, doc=f"The values as {d.name}.")


for _name, _d in {
    "float": float32, "double": float64, "half": float16, "bfloat16": bfloat16,
    "long": int64, "int": int32, "short": int16, "char": int8, "byte": uint8,
    "bool": bool_, "cfloat": complex64, "cdouble": complex128,
}.items():  # fmt: skip
    _caster(_name, _d)
LEGACY = {d.legacy: d for d in ALL}


def type_(self: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy name of the type, or a conversion to one."""
    if dtype is None:
        return self._d.legacy
    if isinstance(dtype, str):
        if dtype not in LEGACY:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = LEGACY[dtype]
    if not isinstance(dtype, DType):
        if not isinstance(dtype, type):
            raise TypeError("dtype must be a type, str, or dtype object")
        if not hasattr(dtype, "dtype"):
            raise ValueError(f"invalid type: '{dtype.__name__}'")
        dtype = dtype.dtype
    return convert(self, dtype)


def type_as(self: Any, other: Any) -> Any:
    """The values in the element type of `other`."""
    return convert(self, other._d)


publish("to", to, function=False)
publish("type", type_, function=False, F=False)
publish("type_as", type_as, function=False)
publish(
    "cpu",
    lambda self, memory_format=None: self,
    function=False,
    doc="The tensor in main memory, where it always is.",
)
publish(
    "cuda",
    lambda self, device=None, *a, **k: check_device("cuda" if device is None else device),
    function=False,
    F=False,
    doc="Refused: there is no CUDA device here.",
)
