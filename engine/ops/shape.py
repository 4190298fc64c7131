"""Operations that show the same values in another shape; most are views of the same memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np

from engine.batching.levels import BatchedTensor
from engine.dtype import FROM_NP
from engine.dtype import dtype as DType
from engine.ops.api import expose, publish
from engine.ops.helpers import axes, axis
from engine.ops.table import GRAPH, OPS, RAW, define, run
from engine.tensor import Tensor

Raw = Any


def infer_size(shape: Sequence[int], numel: int) -> tuple[int, ...]:
    """Fill in the one -1 of a requested shape; the errors are PyTorch's."""
    out = tuple(shape)
    known = math.prod(out)
    if min(out, default=0) >= 0 and known == numel:
        return out
    for i, s in enumerate(out):
        if s < -1:
            raise RuntimeError(f"invalid shape dimension {s} at index {i} of shape {list(out)}")
    holes = out.count(-1)
    if holes > 1:
        raise RuntimeError("only one dimension can be inferred")
    if holes and known == 0:
        if numel == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(out)} because the unspecified "
                "dimension size -1 can be any value and is ambiguous"
            )
    elif holes and numel % known == 0:
        return tuple(numel // -known if s == -1 else s for s in out)
    raise RuntimeError(f"shape '{list(out)}' is invalid for input of size {numel}")


def _view(a: Raw, size: Sequence[int]) -> Raw:
    if a.flags.c_contiguous:
        return a.reshape(size)
    v = a.view()
    try:
        v.shape = size
    except AttributeError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        ) from None
    return v


VIEW = define(
    "view(self, size)",
    _view,
    family="shape",
    view=True,
    self="g.reshape(self_sizes)",
)
RESHAPE_ALIAS = define(
    "_reshape_alias(self, size)",
    _view,
    family="shape",
    view=True,
    self="g.reshape(self_sizes)",
)
#: A view of an operand that nobody else holds.
UNSAFE_VIEW = define(
    "_unsafe_view(self, size)",
    lambda a, size: np.asarray(a).reshape(size),
    family="shape",
    node="UnsafeViewBackward0",
    self="g.reshape(self_sizes)",
)


def _shape_args(size: tuple[Any, ...]) -> tuple[int, ...]:
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    return tuple(map(index, size))


def view(self: Any, *size: Any, dtype: Any = None) -> Any:
    """The same memory in another shape, or as another element type."""
    if dtype is not None or (len(size) == 1 and isinstance(size[0], DType)):
        from engine.ops.memory import view_dtype

        return view_dtype(self, dtype or size[0])
    if not size:
        raise TypeError("view() needs a size")
    return VIEW.way(self, infer_size(_shape_args(size), math.prod(self._s)))


def reshape(input: Any, *shape: Any, **kwargs: Any) -> Any:
    """A view if possible, else a copy."""
    shape = _only(kwargs, "shape", shape)
    return reshaped(input, infer_size(_shape_args(shape), math.prod(input._s)))


def _only(kwargs: dict[str, Any], name: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sizes or dimensions that were given by place, or by the one name they have."""
    if kwargs:
        given = (kwargs.pop(name),)
    if kwargs or not given:
        raise TypeError(f"takes nothing but '{name}'")
    return given


def reshaped(t: Any, size: tuple[int, ...]) -> Any:
    """A view of `t` in a shape that fits, or a copy where there is none."""
    a = t._a
    if not isinstance(a, np.ndarray) and type(t) is BatchedTensor:
        flat = t.is_contiguous()
        return VIEW.way(t, size) if flat else UNSAFE_VIEW.way(t.contiguous(), size)
    if not isinstance(a, np.ndarray) or a.flags.c_contiguous:
        return VIEW.way(t, size)
    if _has_view(a.shape, a.strides, size):
        return RESHAPE_ALIAS.way(t, size)
    return UNSAFE_VIEW.way(OPS["clone_contiguous"].way(t, None), size)


@lru_cache(1024)
def _has_view(shape: tuple[int, ...], strides: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether memory of this shape can be seen in another size; tried on memory nobody looks at."""
    v = np.lib.stride_tricks.as_strided(np.empty(1, np.uint8), shape, strides)
    try:
        v.shape = size
    except AttributeError:
        return False
    return True


def _transpose(a: Raw, dim0: int, dim1: int) -> Raw:
    first, second = axis(dim0, a.ndim), axis(dim1, a.ndim)
    return a.swapaxes(first, second) if a.ndim else a.view()


TRANSPOSE = define(
    "transpose(self, dim0, dim1)",
    _transpose,
    family="shape",
    view=True,
    self="transpose(g, dim0, dim1)",
    doc="A view with two dimensions swapped.",
)


def _t(a: Raw) -> Raw:
    if a.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {a.ndim}D")
    return a.T if a.ndim == 2 else a.view()


T = define(
    "t(self)",
    _t,
    family="shape",
    view=True,
    self="t(g)",
    doc="A matrix with rows and columns swapped, as a view.",
)


def _permute(a: Raw, dims: Sequence[int]) -> Raw:
    if len(dims) != a.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length "
            f"of the desired ordering of dimensions i.e. input.dim() = {a.ndim} is not equal to "
            f"len(dims) = {len(dims)}"
        )
    order = [axis(d, a.ndim) for d in dims]
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return a.transpose(order)


def _inverse(dims: Sequence[int]) -> list[int]:
    n = len(dims)
    out = [0] * n
    for i, d in enumerate(dims):
        out[d % n] = i
    return out


PERMUTE = define(
    "permute(self, dims)",
    _permute,
    family="shape",
    view=True,
    self=lambda F, g, dims: F.permute(g, _inverse(dims)),
)


def permute(input: Any, *dims: Any) -> Any:
    """A view with the dimensions in another order."""
    return PERMUTE.way(input, _shape_args(dims))


def _permute_function(input: Any, dims: Any) -> Any:
    """A view with the dimensions in another order."""
    if not isinstance(dims, (tuple, list)):
        raise TypeError("dims is no tuple")
    return permute(input, dims)


def _permute_method(self: Any, *dims: Any, **kwargs: Any) -> Any:
    return permute(self, *_only(kwargs, "dims", dims))


def _expand(a: Raw, size: Sequence[int]) -> Raw:
    a = np.asarray(a)
    if a.shape == tuple(size):
        return a.view()
    extra = len(size) - a.ndim
    if extra < 0:
        raise RuntimeError(
            f"expand({FROM_NP[a.dtype].legacy}{{{list(a.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({a.ndim})"
        )
    target = list(size)
    for i, s in reversed(tuple(enumerate(a.shape))):
        want = target[i + extra]
        if want == -1:
            target[i + extra] = s
        elif s != 1 and want != s:
            raise RuntimeError(
                f"The expanded size of the tensor ({want}) must match the existing size ({s}) at "
                f"non-singleton dimension {i + extra}.  Target sizes: {list(size)}.  Tensor sizes: "
                f"{list(a.shape)}"
            )
    if extra and min(target[:extra]) < 0:
        i, first = next((i, s) for i, s in enumerate(target) if s < 0)
        raise RuntimeError(
            f"The expanded size of the tensor ({first}) isn't allowed in a leading, non-existing dimension {i}"
        )
    return _repeated(a, tuple(target), extra)


def _repeated(a: Raw, size: tuple[int, ...], extra: int) -> Raw:
    """The memory of `a` in a size that it broadcasts to; whoever writes to it writes to `a`."""
    strides = (0,) * extra + tuple(
        0 if s == 1 != size[i] else step
        for i, (s, step) in enumerate(zip(a.shape, a.strides, strict=True), extra)
    )
    if a.flags.c_contiguous and a.size:
        return np.ndarray(size, a.dtype, a, 0, strides)
    return np.lib.stride_tricks.as_strided(a, size, strides)


EXPAND = define(
    "expand(self, size)",
    _expand,
    family="shape",
    view=True,
    self="sum_to(g, self_sizes)",
)


def expand(self: Any, *size: Any, implicit: bool = False) -> Any:
    """A view in which dimensions of size 1 are repeated, without copying."""
    if not size:
        raise TypeError("expand() needs a size")
    return EXPAND.way(self, _shape_args(size))


def _squeeze(a: Raw) -> Raw:
    return a.reshape([s for s in a.shape if s != 1])


SQUEEZE = define(
    "squeeze(self)",
    _squeeze,
    family="shape",
    view=True,
    key="squeeze_all",
    self="g.reshape(self_sizes)",
)


def _squeeze_dims(a: Raw, dim: Any) -> Raw:
    dims = axes(dim, a.ndim) if dim != () else ()
    return a.reshape([s for i, s in enumerate(a.shape) if s != 1 or i not in dims])


SQUEEZE_DIM, SQUEEZE_DIMS, SQUEEZE_MM = (
    define(
        "squeeze(self, dim)",
        _squeeze_dims,
        family="shape",
        view=True,
        node=node,
        self="g.reshape(self_sizes)",
        key=key,
    )
    for key, node in (
        ("squeeze_dim", "SqueezeBackward1"),
        ("squeeze_dims", "SqueezeBackward2"),
        ("squeeze_mm", "SqueezeBackward4"),
    )
)


def squeeze(input: Any, dim: Any = None) -> Any:
    """A view without dimensions of size 1, or without those given."""
    if dim is None:
        return run(SQUEEZE, [input])
    return run(SQUEEZE_DIMS if isinstance(dim, (tuple, list)) else SQUEEZE_DIM, [input, dim])


def _unsqueeze(a: Raw, dim: int) -> Raw:
    return np.expand_dims(a, axis(dim, a.ndim + 1))


UNSQUEEZE = define(
    "unsqueeze(self, dim)",
    _unsqueeze,
    family="shape",
    view=True,
    self="g.squeeze(dim)",
    doc="A view with a dimension of size 1 put in at `dim`.",
)
ALIAS = define("alias(self)", lambda a: a.view(), family="shape", view=True, self="g")
DETACH = define("detach(self)", lambda a: a.view(), family="shape", view=True)
CLONE = define(
    "clone(self)",
    lambda a: np.array(a, order="K")[()] if not np.ndim(a) else np.array(a, order="K"),
    family="pointwise",
    self="g",
)


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy that is connected in the graph."""
    return run(CLONE, [input])


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from start_dim to end_dim as one."""
    s = input._s
    if not s:
        _ = axis(start_dim, 0), axis(end_dim, 0)
        return reshape(input, (1,))
    i, j = axis(start_dim, len(s)), axis(end_dim, len(s))
    if i > j:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if i == j:
        return input
    return reshape(input, (*s[:i], math.prod(s[i : j + 1]), *s[j + 1 :]))


expose(TRANSPOSE, also="swapaxes swapdims")
expose(T)
expose(UNSQUEEZE)
publish("view", view, function=False)
publish("reshape", reshape)
publish("permute", _permute_function, method=False)
publish("permute", _permute_method, function=False, F=False)
publish("expand", expand, function=False)
publish("squeeze", squeeze)
publish("clone", clone)
publish("flatten", flatten)
RAW.permute, RAW.expand, RAW.transpose, RAW.t = _permute, _expand, _transpose, _t
__all__ = ["GRAPH", "Tensor"]
