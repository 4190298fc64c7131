"""Reading and writing along one dimension by index: gather, scatter and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.batching.levels import elements
from engine.dtype import int32, int64
from engine.ops import inplace
from engine.ops.adding import add_at
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.copying import _number
from engine.ops.helpers import axis
from engine.ops.table import GRAPH, define, run
from engine.tensor import Tensor
from engine.warning import warn

Raw = Any


def _grid(index: Raw, dim: int) -> tuple[Raw, ...]:
    """Index arrays for all dimensions, with `index` at `dim`."""
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return tuple(grid)


def one(a: Raw) -> Raw:
    return np.atleast_1d(a)


def _gather(a: Raw, dim: int, index: Raw) -> Raw:
    shape = np.shape(index)
    if not np.size(index):
        return np.empty(shape, a.dtype)
    return one(a)[_grid(one(index), dim)].reshape(shape)


def _scatter_add_along(g: Raw, index: Raw, sizes: Any, dim: int) -> Raw:
    out = np.zeros(sizes, g.dtype)
    view = one(out)
    add_at(view, _grid(one(index), dim), one(g))
    return view.reshape(sizes)


GATHER = define(
    "gather(self, dim, index)",
    _gather,
    family="indexing",
    self=lambda F, g, self_sizes, dim, index: F.scatter_add_along(g, index, self_sizes, dim),
    doc="Elements picked along `dim` by `index`; the result has the shape of `index`.",
)
define(
    "_scatter_add_along(self, index, sizes, dim)",
    _scatter_add_along,
    family="indexing",
    key="scatter_add_along",
    node="ScatterAddBackward0",
    self=lambda F, g, index, dim: F.gather(g, dim, index),
)


def _scatter(a: Raw, dim: int, index: Raw, src: Raw) -> Raw:
    out = np.array(a, order="C")
    view = one(out)
    index = one(index)
    where = _grid(index, dim)
    view[where] = _cut(src, index.shape)
    return out


def _cut(src: Raw, shape: Any) -> Raw:
    return np.asarray(src)[tuple(slice(n) for n in shape)] if np.ndim(src) else src


def _zero_at(F: Any, g: Any, dim: int, index: Any) -> Any:
    return F.scatter_number(g, dim, index, 0)


SCATTER = define(
    "scatter(self, dim, index, src)",
    _scatter,
    family="indexing",
    self=lambda F, g, dim, index: _zero_at(F, g, dim, index),
    src=lambda F, g, dim, index, src_sizes: F.fit_into(F.gather(g, dim, index), src_sizes),
)
SCATTER_VALUE = define(
    "scatter(self, dim, index, value)",
    _scatter,
    family="indexing",
    key="scatter_number",
    node="ScatterBackward1",
    self=lambda F, g, dim, index: _zero_at(F, g, dim, index),
)


def _fit_into(g: Raw, sizes: Any) -> Raw:
    if g.shape == tuple(sizes):
        return g
    out = np.zeros(sizes, g.dtype)
    out[tuple(slice(n) for n in g.shape)] = g
    return out


define(
    "_fit_into(self, sizes)",
    _fit_into,
    family="indexing",
    key="fit_into",
    self=lambda F, g, self_sizes: F.part(g, tuple(slice(0, n) for n in self_sizes)),
)


def _scatter_add(a: Raw, dim: int, index: Raw, src: Raw) -> Raw:
    out = np.array(a, order="C")
    index = one(index)
    add_at(one(out), _grid(index, dim), _cut(src, index.shape))
    return out


SCATTER_ADD = define(
    "scatter_add(self, dim, index, src)",
    _scatter_add,
    family="indexing",
    self=lambda F, g: g,
    src=lambda F, g, dim, index, src_sizes: F.fit_into(F.gather(g, dim, index), src_sizes),
    doc="A copy with elements of `src` added along `dim` where `index` says.",
)
_AT = {
    "sum": np.add,
    "add": np.add,
    "prod": np.multiply,
    "multiply": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
}


def _scatter_reduce(a: Raw, dim: int, index: Raw, src: Raw, reduce: str, include_self: bool) -> Raw:
    out = np.array(a, order="C")
    index = one(index)
    where, src = _grid(index, dim), _cut(src, index.shape)
    view = one(out)
    if not include_self:
        start = {"sum": 0, "mean": 0, "prod": 1, "amax": -np.inf, "amin": np.inf}[reduce]
        if out.dtype.kind == "b" and reduce == "amax":
            start = False
        if out.dtype.kind in "iu" and reduce in ("amax", "amin"):
            start = np.iinfo(out.dtype).min if reduce == "amax" else np.iinfo(out.dtype).max
        view[where] = start
    if reduce == "mean":
        counts = np.full(view.shape, 1 if include_self else 0)
        np.add.at(view, where, src)
        np.add.at(counts, where, 1)
        counts = np.maximum(counts, 1)
        view[...] = view / counts if out.dtype.kind in "fc" else view // counts
    else:
        _AT[reduce].at(view, where, src)
    return out


def _reduce_self(
    F: Any,
    g: Any,
    self: Any,
    dim: int,
    index: Any,
    src: Any,
    reduce: str,
    include_self: bool,
    result: Any,
) -> Any:
    if reduce == "sum":
        return g if include_self else _zero_at(F, g, dim, index)
    if reduce in ("amax", "amin"):
        hits = F.bool_to(self == result, g)
        total = F.scatter_add(
            hits if include_self else hits * 0,
            dim,
            index,
            F.bool_to(src == F.gather(result, dim, index), g),
        )
        return (
            hits * g / F.where(total == 0, F.ones_like(total), total)
            if include_self
            else _zero_at(F, g, dim, index)
        )
    if reduce == "mean":
        n = F.scatter_add(
            F.ones_like(g) if include_self else F.zeros_like(g), dim, index, F.ones_like(src)
        )
        g = g / F.where(n == 0, F.ones_like(n), n)
        return g if include_self else _zero_at(F, g, dim, index)
    one = _one_for(F, self, self == 0)
    g = g * F.scatter_reduce(one, dim, index, src, "prod", include_self) / one
    return g if include_self else _zero_at(F, g, dim, index)


def _one_for(F: Any, self: Any, mask: Any) -> Any:
    return F.where(mask, F.ones_like(self), self)


def _prod_src(
    F: Any, g: Any, self: Any, dim: int, index: Any, src: Any, include_self: bool, result: Any
) -> Any:
    """result / src, and the product of the others where `src` is the only zero of its place."""
    zero = src == 0
    zeros = F.scatter_add(F.zeros_like(self), dim, index, F.bool_to(zero, self))
    alone = zero & (F.gather(zeros, dim, index) == 1)
    others = F.scatter_reduce(self, dim, index, _one_for(F, src, alone), "prod", include_self)
    return F.where(
        alone,
        F.gather(g * others, dim, index),
        F.gather(g * result, dim, index) / _one_for(F, src, zero),
    )


def _reduce_src(
    F: Any,
    g: Any,
    self: Any,
    dim: int,
    index: Any,
    src: Any,
    reduce: str,
    include_self: bool,
    result: Any,
) -> Any:
    if reduce == "sum":
        return F.gather(g, dim, index)
    if reduce in ("amax", "amin"):
        mine = F.bool_to(self == result, g) if include_self else F.zeros_like(g)
        hits = F.bool_to(src == F.gather(result, dim, index), g)
        total = F.scatter_add(mine, dim, index, hits)
        return hits * F.gather(g / F.where(total == 0, F.ones_like(total), total), dim, index)
    if reduce == "mean":
        n = F.scatter_add(
            F.ones_like(g) if include_self else F.zeros_like(g), dim, index, F.ones_like(src)
        )
        return F.gather(g / F.where(n == 0, F.ones_like(n), n), dim, index)
    return _prod_src(F, g, self, dim, index, src, include_self, result)


SCATTER_REDUCE = define(
    "scatter_reduce(self, dim, index, src, reduce, *, include_self=True)",
    _scatter_reduce,
    family="indexing",
    self=_reduce_self,
    src=_reduce_src,
)


def _check_index(name: str, values: list[Any]) -> None:
    t, index = values[0], values[2]
    if not isinstance(index, Tensor):
        raise errors.not_tensor(name, "index", 2, index)
    values[1] = axis(values[1], len(t._s))
    if index._s.numel() and index._d not in (int64, int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if index._s.numel() and max(len(index._s), 1) != max(len(t._s), 1):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as input tensor"
            if name == "gather"
            else "Index tensor must have the same number of dimensions as self tensor"
        )
    n = t._s[values[1]] if t._s else 1
    a = np.asarray(elements(index))
    if a.size and (a.min() < 0 or a.max() >= n):
        bad = a[(a < 0) | (a >= n)].ravel()[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {values[1]} with size {n}")
    if name == "gather":
        _check_gather_size(t, index, values[1])


def _check_gather_size(t: Any, index: Any, dim: int) -> None:
    if any(d != dim and index._s[d] > t._s[d] for d in range(min(len(index._s), len(t._s)))):
        raise RuntimeError(
            f"Size does not match at dimension {next(d for d in range(len(t._s)) if d != dim and index._s[d] > t._s[d])} "
            f"expected index {list(index._s)} to be no larger than self {list(t._s)} apart from dimension {dim}"
        )


expose(GATHER, check=lambda v: _check_index("gather", v))
expose(SCATTER_ADD, inplace=True, check=lambda v: _check_scatter(v))


def _check_scatter(v: list[Any], name: str = "scatter") -> None:
    _check_index(name, v)
    if isinstance(v[3], Tensor) and v[3]._d is not v[0]._d:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if isinstance(v[3], Tensor):
        _check_scatter_size(*v[:4])


def _check_scatter_size(t: Any, dim: int, index: Any, src: Any) -> None:
    """`index` may not reach beyond `src`, nor, other than along `dim`, beyond `t`."""
    sizes = [tuple(x._s) or (1,) for x in (index, t, src)]
    if not index._s.numel():
        return
    if len(sizes[2]) < len(sizes[0]):
        axis(len(sizes[2]), len(sizes[2]))  # which src does not have
    if len(sizes[2]) != len(sizes[0]):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for d, (i, n, s) in enumerate(zip(*sizes, strict=False)):
        if i > s or (d != dim and i > n):
            raise RuntimeError(
                f"Expected index {list(index._s)} to be no larger than self {list(t._s)} apart from dimension "
                f"{dim} and to be no larger size than src {list(src._s)}"
            )


def _scatter_values(
    self: Any, dim: int, index: Any, src: Any, value: Any, reduce: Any
) -> tuple[Any, list[Any]]:
    src = value if src is None else src
    if reduce is not None:
        if isinstance(src, Tensor):
            warn(
                "The reduce argument of torch.scatter with Tensor src is deprecated and will be "
                "removed in a future PyTorch release. Use torch.scatter_reduce instead for more "
                "reduction options."
            )
        v = src if isinstance(src, Tensor) else FUNCTIONS["full_like"](index, src, dtype=self._d)
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        name = {"add": "sum", "multiply": "prod"}[reduce]
        values = [self, dim, index, v, name, True]
        _check_scatter(values)
        return SCATTER_REDUCE, values
    values = [self, dim, index, src]
    _check_scatter(values)
    if isinstance(src, Tensor):
        return SCATTER, values
    values[3] = _number(src, self._d)
    return SCATTER_VALUE, values


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """A copy with elements of `src`, or a number, put along `dim` where `index` says."""
    return run(*_scatter_values(input, dim, index, src, value, reduce))


def scatter_(
    self: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    return inplace.run_inplace(*_scatter_values(self, dim, index, src, value, reduce))


def _check_reduce(values: list[Any]) -> None:
    if values[4] not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {values[4]}"
        )
    _check_scatter(values)


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """A copy with `src` reduced by sum, prod, mean, amax or amin into places of `index`."""
    values = [input, dim, index, src, reduce, include_self]
    _check_reduce(values)
    return run(SCATTER_REDUCE, values)


def scatter_reduce_(
    self: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    values = [self, dim, index, src, reduce, include_self]
    _check_reduce(values)
    return inplace.run_inplace(SCATTER_REDUCE, values)


for _name in ("scatter", "scatter_reduce"):
    publish(_name, globals()[_name], F=False)
    publish(_name + "_", globals()[_name + "_"], function=False, F=False)
GRAPH.scatter_number = lambda g, dim, index, v: run(SCATTER_VALUE, [g, dim, index, v])
