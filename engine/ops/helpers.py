"""Functions that VJPs need beside the operations themselves, on arrays and on tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from operator import index
from typing import Any

import numpy as np

from engine import errors
from engine.autograd import mode
from engine.batching.levels import elements, readable
from engine.dtype import cast, dtype, float32
from engine.ops import cascade
from engine.ops.table import GRAPH, RAW
from engine.tensor import Tensor, wrap


def in_rows(a: Any) -> Any:
    """An array whose elements lie row by row in memory: itself, or a copy."""
    return a if a.flags.c_contiguous else np.ascontiguousarray(a)


def axis(dim: Any, ndim: int) -> int:
    """A dimension counted from the front; negative ones count from the end."""
    d: int = dim if type(dim) is int else whole(dim)
    if 0 <= d < ndim:
        return d
    if not -max(ndim, 1) <= d < max(ndim, 1):
        raise errors.dim_range(d, ndim)
    return d % ndim if ndim else 0


def whole(v: Any) -> int:
    """An int from what stands for one; TypeError for floats and bools."""
    if isinstance(v, bool):
        raise TypeError("a whole number must be int, not bool")
    return index(v)


def axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """Several dimensions; none and the empty list mean all."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    if isinstance(dim, (tuple, list)):
        out = tuple(axis(d, ndim) for d in dim)
        if len(set(out)) != len(out):
            twice = next(d for d in out if out.count(d) > 1)
            raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
        return out if ndim else ()
    d = axis(dim, ndim)
    return (d,) if ndim else ()


@lru_cache(64)
def ones(n: int, d: Any) -> Any:
    """A vector of ones, whose product with a matrix is the quickest sum of its rows."""
    made = np.ones(n, d)
    made.flags.writeable = False
    return made


def sum_to(g: Any, size: Sequence[int]) -> Any:
    """Sum an array down to the shape that was broadcast to it."""
    if g.shape == size:
        return g
    extra = g.ndim - len(size)
    if extra == 1 and g.ndim == 2 and size[0] == g.shape[1] and g.dtype.kind == "f":
        return ones(g.shape[0], g.dtype).dot(g)
    dims = tuple(range(extra)) + tuple(
        i + extra for i, s in enumerate(size) if s == 1 and g.shape[i + extra] != 1
    )
    if len(dims) == g.ndim and cascade.follows(g):
        return np.full(size, cascade.total(g)) if len(size) else cascade.total(g)
    if dims:
        g = g.sum(axis=dims, keepdims=True)
    return g.reshape(size)


def sum_to_tensor(g: Any, size: Sequence[int]) -> Any:
    extra = len(g._s) - len(size)
    dims = [*range(extra)] + [
        i + extra for i, s in enumerate(size) if s == 1 and g._s[i + extra] != 1
    ]
    if not len(size):
        return g.sum()
    if dims:
        g = g.sum(dims, True)
    return g.reshape(size) if extra else g


def from_arrays(make: Callable[..., Any], *tensors: Any) -> Any:
    """The tensor over make(*arrays of tensors); inside of a map that of each example."""

    def one(*given: Any) -> Any:
        return wrap(make(*(t._a for t in given)))

    return by_example(one)(*tensors)


def by_example(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function that reads elements; inside of a map it is called with each example."""

    @wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        if mode.batching is not None:
            found = mode.batching.by_example(fn, args, kwargs)
            if found is not NotImplemented:
                return found
        return fn(*args, **kwargs)

    return call


def drawing(shape: str) -> Callable[..., Any]:
    """The decorator of functions that draw; `shape` says how (see `engine.batching.drawing`)."""

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fn)
        def call(*args: Any, **kwargs: Any) -> Any:
            if mode.batching is not None:
                return mode.batching.draw(fn, args, kwargs, shape)
            return fn(*args, **kwargs)

        return call

    return decorate


def expand_dims(g: Any, dims: tuple[int, ...], ndim: int, keepdim: bool) -> Any:
    """Put back the dimensions (counted from the front) that a reduction took away."""
    if keepdim or not ndim:
        return g
    shape = list(g.shape)
    for d in sorted(dims):
        shape.insert(d, 1)
    return g.reshape(shape)


def raw_conj(a: Any) -> Any:
    if isinstance(a, (int, float, complex)):
        return a.conjugate()
    return a.conj() if a.dtype.kind == "c" else a


def raw_zeros(size: Sequence[int], d: dtype | None = None) -> Any:
    return np.zeros(size, (d or float32).np)


def graph_zeros(size: Sequence[int], d: dtype | None = None) -> Any:
    return wrap(np.zeros(size, (d or float32).np), d)


def graph_conj(t: Any) -> Any:
    if isinstance(t, (int, float, complex)):
        return t.conjugate()
    return t.conj() if t._d.is_complex else t


#: The whole numbers of as many bits: times 0 their bits are those of 0.0, whatever they were.
_BITS = {np.dtype(f"f{n}"): np.dtype(f"i{n}") for n in (2, 4, 8)}


def raw_masked(g: Any, m: Any) -> Any:
    """`g` where the mask holds, else 0, also where `g` is negative, infinite or nan."""
    bits = _BITS.get(g.dtype)
    if bits is None:
        return np.where(m, g, g.dtype.type(0))[()]
    v = np.empty_like(g)
    np.multiply(g.view(bits), m, v.view(bits))
    return v if v.ndim else v[()]


def scaled(g: Any, by: Any) -> Any:
    """The gradient of what was multiplied by a number."""
    if by == 1:
        return g
    by = by.conjugate() if isinstance(by, complex) else by
    if not isinstance(g, Tensor):
        return g * by
    from engine.ops.scalars import times

    return times(g, by)


def raw_shares(g: Any, size: Sequence[int], n: int) -> Any:
    """g / n at every place of `size`."""
    return RAW.expand(g / n, size)


def graph_shares(g: Any, size: Sequence[int], n: int) -> Any:
    return g.expand(size) / n


RAW.scaled = GRAPH.scaled = scaled
RAW.shares, GRAPH.shares = raw_shares, graph_shares
RAW.sum_to, GRAPH.sum_to = sum_to, sum_to_tensor
RAW.conj, GRAPH.conj = raw_conj, graph_conj
GRAPH.real = lambda t: t.real if t._d.is_complex else t
RAW.zeros, GRAPH.zeros = raw_zeros, graph_zeros
RAW.zeros_like, GRAPH.zeros_like = np.zeros_like, lambda t: wrap(np.zeros(t._s, t._d.np)[()], t._d)
RAW.ones_like, GRAPH.ones_like = np.ones_like, lambda t: wrap(np.ones(t._s, t._d.np)[()], t._d)
RAW.to_dtype, GRAPH.to_dtype = (lambda a, d: a.astype(d.np)), lambda t, d: t.to(d)
RAW.bool_to, GRAPH.bool_to = (lambda m, like: m.astype(like.dtype)), lambda m, like: m.to(like._d)
RAW.masked, GRAPH.masked = raw_masked, lambda g, m: GRAPH.where(m, g, GRAPH.zeros((), g._d))
RAW.is_complex = lambda a: a.dtype.kind == "c"
RAW.const, GRAPH.const = (lambda a: a), lambda a: wrap(np.asarray(a))
RAW.array, GRAPH.array = (lambda a: a), lambda t: readable(t)._a
RAW.elements, GRAPH.elements = (lambda a: a), elements
__all__ = ["axes", "axis", "cast", "expand_dims", "sum_to", "whole"]
