"""Strides: what they are, and views and copies by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as np_strided

from engine import errors, version
from engine.batching.levels import BatchedTensor
from engine.ops import inplace
from engine.ops.api import publish
from engine.ops.table import GRAPH, define, run
from engine.tensor import array

Raw = Any


def contiguous(self: Any, memory_format: Any = None) -> Any:
    """The tensor with its elements one after the other in memory, copied if need be."""
    return self if is_contiguous(self) else run(CLONE_C, [self])


CLONE_C = define(
    "clone(self, memory_format=None)",
    lambda a, m=None: np.array(a, order="C"),
    family="pointwise",
    key="clone_contiguous",
    self="g",
)


def is_contiguous(self: Any, memory_format: Any = None) -> bool:
    """Whether the elements lie one after the other in memory."""
    a = self._a
    return not isinstance(a, np.ndarray) or bool(a.flags.c_contiguous)


def stride(self: Any, dim: int | None = None) -> Any:
    """How many elements apart neighbours are along each dimension."""
    strides = element_strides(self)
    if dim is None:
        return strides
    from engine.ops.helpers import axis

    if not strides:
        raise errors.no_dims(dim)
    return strides[axis(dim, len(strides))]


def element_strides(t: Any) -> tuple[int, ...]:
    a = t._a
    if not isinstance(a, np.ndarray):
        return t.stride() if type(t) is BatchedTensor else ()
    if a.flags.c_contiguous:  # NumPy leaves strides of dimensions of size 1 or 0 undefined
        return _dense(t._s)
    return tuple(s // a.itemsize for s in a.strides)


def _dense(size: Sequence[int]) -> tuple[int, ...]:
    """The strides of elements that lie one after the other."""
    out, step = [], 1
    for s in reversed(size):
        out.append(step)
        step *= max(s, 1)
    return tuple(reversed(out))


def storage_offset_of(self: Any) -> int:
    """Where the first element is in the memory, counted in elements."""
    if not self._s.numel():
        return 0
    if type(self._v) is version.View:
        root = self._v.base
        return inplace.geometry(root, self)[2] + storage_offset_of(root)
    if type(self) is BatchedTensor:
        return 0
    a = array(self)
    return int(inplace.address(a) - inplace.address(flat_memory(a))) // int(a.itemsize)


def data_ptr(self: Any) -> int:
    """The address of the first element."""
    return inplace.address(array(self))


def _as_strided(
    a: Raw, size: Sequence[int], stride: Sequence[int], storage_offset: int = 0, start: Any = None
) -> Raw:
    flat = flat_memory(np.asarray(a))
    top = storage_offset + sum((s - 1) * t for s, t in zip(size, stride, strict=True))
    if all(size) and top >= flat.size:
        need, have = (top + 1) * a.itemsize, flat.size * a.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {storage_offset}, and "
            f"itemsize {a.itemsize} requiring a storage size of {need} are out of bounds for storage of size {have}"
        )
    return np_strided(flat[storage_offset:], tuple(size), [s * a.itemsize for s in stride])


def flat_memory(a: Raw) -> Raw:
    """The memory of an array (of its owner, if it is a view of one) as a vector."""
    owner = a
    while isinstance(owner.base, np.ndarray) and owner.base.dtype == a.dtype:
        owner = owner.base
    if owner.flags.c_contiguous:
        return owner.reshape(-1)
    if owner.flags.f_contiguous:
        return owner.T.reshape(-1)
    return a.reshape(-1)


def _places(size: Any, stride: Any, offset: int) -> Raw:
    """Where in the memory each element is, counted in elements; as a vector."""
    out = np.full((), offset)
    for n, step in zip(size, stride, strict=True):
        out = out[..., None] + step * np.arange(n)
    return out.ravel()


def _as_strided_vjp(
    F: Any, g: Any, self_sizes: Any, size: Any, stride: Any, storage_offset: int, start: Any
) -> Any:
    """Through the memory: from the places that the result shows to those that self shows.

    Elements of self that are one in memory share its gradient.
    """
    steps, offset = start or (_dense(self_sizes), 0)
    shown, own = _places(size, stride, storage_offset), _places(self_sizes, steps, offset)
    n = 1 + max(shown.max(initial=0), own.max(initial=0))
    memory = F.scatter_into(g.reshape((-1,)), shown, n)
    sharing = np.bincount(own, minlength=n).clip(1)
    if sharing.max() > 1:
        memory = memory / F.const(sharing)
    return F.take_flat(memory, own).reshape(self_sizes)


AS_STRIDED = define(
    "as_strided(self, size, stride, storage_offset=0, start=None)",
    _as_strided,
    family="shape",
    view=True,
    self=_as_strided_vjp,
)


def _scatter_into(g: Raw, index: Raw, n: int) -> Raw:
    out = np.zeros(n, g.dtype)
    np.add.at(out, index, g)
    return out


SCATTER_INTO = define(
    "_scatter_into(self, index, n)",
    _scatter_into,
    family="indexing",
    key="scatter_into",
    self=lambda F, g, index: F.take_flat(g, index),
)
TAKE_FLAT = define(
    "_take_flat(self, index)",
    lambda a, index: a[index],
    family="indexing",
    key="take_flat",
    self=lambda F, g, index, self_sizes: F.scatter_into(g, index, self_sizes[0]),
)
GRAPH.scatter_into = lambda g, index, n: run(SCATTER_INTO, [g, index, n])
GRAPH.take_flat = lambda a, index: run(TAKE_FLAT, [a, index])


def _strided_scatter(a: Raw, src: Raw, size: Any, stride: Any, storage_offset: int = 0) -> Raw:
    out = np.array(a, order="C")
    _as_strided(out, size, stride, storage_offset)[...] = src
    return out


def _strided_scatter_self(
    F: Any, g: Any, src_sizes: Any, size: Any, stride: Any, storage_offset: int
) -> Any:
    return F.as_strided_scatter(
        g, F.zeros(src_sizes, None if F.raw else g._d), size, stride, storage_offset
    )


STRIDED_SCATTER = define(
    "as_strided_scatter(self, src, size, stride, storage_offset=0)",
    _strided_scatter,
    family="indexing",
    self=_strided_scatter_self,
    src=lambda F, g, size, stride, storage_offset: F.as_strided(
        F.clone_contiguous(g), size, stride, storage_offset
    ),
)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the memory with any size, strides and offset."""
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(s < 0 for s in stride):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )
    if any(s < 0 for s in size):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}"
        )
    if storage_offset is not None and storage_offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {storage_offset}")
    first = 0 if type(input) is BatchedTensor else storage_offset_of(input)
    own = element_strides(input), first
    start = None if own == (_dense(input._s), 0) else own
    offset = own[1] if storage_offset is None else storage_offset
    return run(AS_STRIDED, [input, tuple(size), tuple(stride), offset, start])


def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int = 0
) -> Any:
    """A copy of input whose as_strided view is `src`."""
    return run(STRIDED_SCATTER, [input, src, tuple(size), tuple(stride), storage_offset or 0])


for _n in ("contiguous", "is_contiguous", "stride", "data_ptr"):
    publish(_n, globals()[_n], function=False)
publish("storage_offset", storage_offset_of, function=False)
publish("as_strided", as_strided)
publish("as_strided_scatter", as_strided_scatter)
