"""Putting tensors together and taking them apart."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import int64
from engine.errors import type_name
from engine.ops.api import into, publish
from engine.ops.helpers import axis, in_rows
from engine.ops.promote import result_dtype
from engine.ops.table import RAW, define, run
from engine.tensor import Tensor

Raw = Any


def _cat(tensors: Sequence[Raw], dim: int) -> Raw:
    return in_rows(np.concatenate(tensors, dim))


def _cat_vjp(F: Any, g: Any, tensors_sizes: Any, dim: int, needs: Any) -> list[Any]:
    out, start = [], 0
    for size, need in zip(tensors_sizes, needs, strict=True):
        if size == (0,) and len(g.shape) != 1:
            out.append(F.zeros(size, None if F.raw else g._d))
            continue
        n = size[dim]
        out.append(F.narrow(g, dim, start, n) if need else None)
        start += n
    return out


CAT = define("cat(tensors, dim=0)", _cat, family="shape", listed=True, tensors=_cat_vjp)
STACK = define(
    "stack(tensors, dim=0)",
    lambda ts, dim: in_rows(np.stack(ts, dim)),
    family="shape",
    listed=True,
    tensors=lambda F, g, dim: F.unbind(g, dim),
)


def _check_list(name: str, tensors: Any) -> list[Any]:
    if isinstance(tensors, Tensor):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"
        )
    found = list(tensors)
    for i, t in enumerate(found):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}"
            )
    return found


def _promoted(tensors: list[Any]) -> list[Any]:
    if all(t._d is tensors[0]._d for t in tensors):
        return tensors
    d = result_dtype([t if t._s else t.reshape(1) for t in tensors])
    return [t if t._d is d else t.to(d) for t in tensors]


def cat(tensors: Any, dim: int = 0, *, axis: Any = None, out: Any = None) -> Any:
    """Join along an existing dimension."""
    dim = dim if axis is None else axis
    tensors = _check_list("cat", tensors)
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    d = _check_sizes(tensors, dim)
    if out is not None:
        return into("cat", out, lambda: cat(tensors, dim), tensors)
    flat = all(len(t._s) == 1 for t in tensors)
    legacy = [t for t in tensors if flat or t._s != (0,) or t._g is not None]
    if len(legacy) > 1 and not flat:
        legacy = _shaped_alike(legacy, d)
    return run(CAT, [_promoted(legacy or tensors), d])


def _shaped_alike(tensors: list[Any], d: int) -> list[Any]:
    """The tensors, in which those of shape (0,) that need a gradient got the others' dimensions."""
    if not any(t._s == (0,) for t in tensors):
        return tensors
    shape = list(next(t._s for t in tensors if t._s != (0,)))
    shape[d] = 0
    return [t.reshape(shape) if t._s == (0,) else t for t in tensors]


def _check_sizes(tensors: list[Any], dim: int) -> int:
    for i, t in enumerate(tensors):
        if not t._s:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    first = next((t for t in tensors if t._s != (0,)), tensors[0])
    d = axis(dim, len(first._s))
    for i, t in enumerate(tensors):
        if t._s == (0,):
            continue
        if len(t._s) != len(first._s):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first._s)} and {len(t._s)}"
            )
        for k, (x, y) in enumerate(zip(first._s, t._s, strict=True)):
            if k != d and x != y:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {d}. Expected size {x} but "
                    f"got size {y} for tensor number {i} in the list."
                )
    return d


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Join along a new dimension."""
    tensors = _check_list("stack", tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, t in enumerate(tensors):
        if t._s != tensors[0]._s:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0]._s)} at entry 0 "
                f"and {list(t._s)} at entry {i}"
            )
    if out is not None:
        return into("stack", out, lambda: stack(tensors, dim), tensors)
    return run(STACK, [_promoted(tensors), axis(dim, len(tensors[0]._s) + 1)])


def _unbind(a: Raw, dim: int) -> tuple[Raw, ...]:
    moved = np.moveaxis(a, dim, 0)
    return tuple(moved[i, ...] for i in range(moved.shape[0]))


def _filled(F: Any, gs: list[Any], size: Any, dt: Any) -> list[Any]:
    return [F.zeros(size, dt) if g is None else g for g in gs]


UNBIND = define(
    "unbind(self, dim=0)",
    _unbind,
    family="shape",
    view=True,
    outputs=2,
    self=lambda F, g, self_sizes, self_dtype, dim: F.stack(
        _filled(F, g, (*self_sizes[:dim], *self_sizes[dim + 1 :]), self_dtype), dim
    ),
)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All slices along a dimension."""
    dim = operator.index(dim)
    if not input._s:
        axis(dim, 0)
        raise errors.no_dims(dim)
    return run(UNBIND, [input, axis(dim, len(input._s))])  # type: ignore[no-any-return]


def _split_sizes(n: int, split_size: Any) -> Any:
    """The lengths of the parts of a dimension of length n."""
    if isinstance(split_size, (list, tuple)):
        return split_size
    return [min(split_size, n - i) for i in range(0, n, split_size)] if n else [0]


def split_array(a: Raw, split_size: Any, dim: int) -> tuple[Raw, ...]:
    out, start = [], 0
    for s in _split_sizes(a.shape[dim], split_size):
        out.append(a[(slice(None),) * dim + (slice(start, start + s),)])
        start += s
    return tuple(out)


def split_vjp(F: Any, g: Any, self_sizes: Any, self_dtype: Any, split_size: Any, dim: int) -> Any:
    sizes = _split_sizes(self_sizes[dim], split_size)
    parts = [
        F.zeros((*self_sizes[:dim], s, *self_sizes[dim + 1 :]), self_dtype) if v is None else v
        for v, s in zip(g, sizes, strict=True)
    ]
    return F.cat(parts, dim)


SPLIT = define(
    "split(self, split_size, dim=0)",
    split_array,
    family="shape",
    view=True,
    outputs=2,
    self=split_vjp,
)
SPLIT_SIZES = define(
    "split_with_sizes(self, split_size, dim=0)",
    split_array,
    family="shape",
    view=True,
    outputs=2,
    self=split_vjp,
)


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of a given size, or of the given sizes."""
    if not isinstance(tensor, Tensor):
        return tensor.split(split_size_or_sections, dim)  # type: ignore[no-any-return]
    if not tensor._s:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d = axis(operator.index(dim), len(tensor._s))
    if not isinstance(split_size_or_sections, (list, tuple, int, np.integer, Tensor)):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            + type_name(split_size_or_sections)
        )
    if isinstance(split_size_or_sections, (list, tuple)):
        sizes = [int(s) for s in split_size_or_sections]
        if any(s < 0 for s in sizes):
            raise RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sizes}"
            )
        if sum(sizes) != tensor._s[d]:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {tensor._s[d]} (input tensor's "
                f"size at dimension {dim}), but got split_sizes={sizes}"
            )
        return run(SPLIT_SIZES, [tensor, sizes, d])  # type: ignore[no-any-return]
    if split_size_or_sections < 0:
        raise RuntimeError(
            f"split expects split_size be non-negative, but got split_size={split_size_or_sections}"
        )
    if not split_size_or_sections and tensor._s[d]:
        raise RuntimeError(
            "split_size can only be 0 if dimension size is 0, but got dimension size of "
            f"{tensor._s[d]}"
        )
    return run(SPLIT, [tensor, split_size_or_sections, d])  # type: ignore[no-any-return]


def method_split(self: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of a given size, or of the given sizes."""
    return split(self, split_size, dim)


method_split.__qualname__ = "Tensor.split"


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Views of about equal size along `dim`, at most `chunks` of them."""
    if not input._s:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._s[axis(dim, len(input._s))]
    if not n:
        return split(input, [0] * chunks, dim)
    return split(input, -(-n // chunks), dim)


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views along `dim`: a number of parts, or parts that end at given places."""
    if not input._s:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    n = input._s[axis(dim, len(input._s))]
    if isinstance(indices_or_sections, Tensor):
        if indices_or_sections._d is not int64:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                + indices_or_sections._d.display
            )
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        k = indices_or_sections
        if k <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {k}")
        marks = [i * (n // k) + min(i, n % k) for i in range(k + 1)]
    else:
        marks = [0, *indices_or_sections, n]
    return tuple(
        input.narrow(dim, min(a, n), max(min(b, n) - min(a, n), 0))
        for a, b in itertools.pairwise(marks)
    )


def _atleast(n: int, t: Any) -> Any:
    while len(t._s) < n:
        if not t._s:
            return t.reshape([1] * n)
        t = t.unsqueeze(0) if len(t._s) < 2 else t.unsqueeze(-1)
    return t


def _some(name: str, tensors: Any) -> None:
    if not isinstance(tensors, Tensor) and not len(tensors):
        raise RuntimeError(f"{name} expects a non-empty TensorList")


def hstack(tensors: Any) -> Any:
    """Join along the columns; vectors one after the other."""
    _some("hstack", tensors)
    ts = [_atleast(1, t) for t in tensors]
    return cat(ts, 0 if len(ts[0]._s) == 1 else 1)


def vstack(tensors: Any) -> Any:
    """Join along the rows; vectors become rows first."""
    _some("vstack", tensors)
    return cat([_atleast(2, t) for t in tensors], 0)


def dstack(tensors: Any) -> Any:
    """Join along the third dimension."""
    _some("dstack", tensors)
    return cat([_atleast(3, t) for t in tensors], 2)


def _splitter(name: str, least: int, dim: int) -> Any:
    def call(input: Any, indices_or_sections: Any, *more: int) -> Any:
        if more:
            indices_or_sections = (indices_or_sections, *more)
        n = len(input._s)
        if n < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
                f"{n} dimensions!"
            )
        d = min(dim, n - 1)
        if isinstance(indices_or_sections, int):
            if indices_or_sections <= 0:
                raise RuntimeError(
                    f"number of sections must be larger than 0, got {indices_or_sections}"
                )
            if input._s[d] % indices_or_sections:
                raise RuntimeError(
                    f"torch.{name} attempted to split along dimension {d}, but the size of the dimension "
                    f"{input._s[d]} is not divisible by the split_size {indices_or_sections}!"
                )
        return tensor_split(input, indices_or_sections, d)

    call.__name__ = name
    return call


for _name, _least, _dim, _doc in (
    ("hsplit", 1, 1, "Views of parts along the columns; of a vector along its elements."),
    ("vsplit", 2, 0, "Views of parts along the rows."),
    ("dsplit", 3, 2, "Views of parts along the third dimension."),
):
    publish(_name, _splitter(_name, _least, _dim), F=False, doc=_doc)


def column_stack(tensors: Any) -> Any:
    """Join along the columns; vectors become columns first."""
    return cat([t.reshape(-1, 1) if len(t._s) < 2 else t for t in tensors], 1)


publish("cat concat concatenate", cat, method=False)
publish("stack", stack, method=False)
publish("unbind", unbind)
publish("split", split, method=False)
publish("split", method_split, function=False, F=False)
publish("chunk", chunk)
publish("tensor_split", tensor_split)
publish("hstack", hstack, method=False)
publish("vstack row_stack", vstack, method=False)
publish("dstack", dstack, method=False)
publish("column_stack", column_stack, method=False)
RAW.unbind = lambda g, dim: list(_unbind(g, dim))
RAW.narrow = lambda g, dim, start, n: g[(slice(None),) * dim + (slice(start, start + n),)]
__all__ = ["errors"]
