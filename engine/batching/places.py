"""Batching rules of what takes out, puts in or moves elements by place."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import int64
from engine.ops.api import FUNCTIONS
from engine.ops.table import Op
from engine.sequences import arange

from .dispatch import each
from .rules import aligned, rule, shifted, spread


def _behind(place: Any) -> tuple[Any, ...]:
    """A place in an example as one in the batch."""
    return (slice(None), *(place if isinstance(place, tuple) else (place,)))


@rule("select", "slice")
def _basic(op: Op, values: list[Any], size: int) -> Any:
    x, dim, *rest = values
    return op.way(x.value, shifted(dim, x.rank), *rest)


@rule("_put_part", "_put_one")
def _put_part(op: Op, values: list[Any], size: int) -> Any:
    x, sizes, place = values
    return op.way(x.value, (size, *sizes), _behind(place))


@rule("_part")
def _part(op: Op, values: list[Any], size: int) -> Any:
    return op.way(values[0].value, _behind(values[1]))


def _apart(indices: Any) -> bool:
    """Whether index arrays stand on both sides of a slice: then what they pick comes first."""
    arrays = [i for i, item in enumerate(indices) if not isinstance(item, slice)]
    return arrays != list(range(arrays[0], arrays[-1] + 1))


def _picked(indices: Any) -> int:
    """The dimensions that index arrays make together."""
    return max(1 if i.dtype == bool else i.ndim for i in indices if not isinstance(i, slice))


@rule("index")
def _index(op: Op, values: list[Any], size: int) -> Any:
    x, indices = values
    r = op.way(x.value, _behind(indices))
    return r.movedim(_picked(indices), 0) if _apart(indices) else r


@rule("_put_at", "_clear_at")
def _put_at(op: Op, values: list[Any], size: int) -> Any:
    x, *sizes, indices = values
    g = x.value
    if _apart(indices) and sizes:
        g = g.movedim(0, _picked(indices))
    return op.way(g, *((size, *s) for s in sizes), _behind(indices))


@rule("index_put")
def _index_put(op: Op, values: list[Any], size: int) -> Any:
    x, indices, new, accumulate = values
    whole = x.full(size)
    if _apart(indices):
        return each(op, values, size)
    value = new.value
    if new.mapped:
        shape = np.broadcast_to(np.empty(()), x.size)[indices].shape
        value = value.reshape(size, *(1,) * (len(shape) - new.rank), *new.size)
    return op.way(whole, _behind(indices), value, accumulate)


@rule("gather", "scatter", "scatter_add", "scatter_reduce", "_scatter_add_along")
def _along(op: Op, values: list[Any], size: int) -> Any:
    from .rules import along

    if any(p.rank == 0 for p in values if hasattr(p, "rank")):
        return each(op, values, size)
    return along(op, values, size)


@rule("_take_along", "_put_along")
def _one_place(op: Op, values: list[Any], size: int) -> Any:
    x, index, *sizes, dim, keepdim = values
    rank = len(sizes[0]) if sizes else x.rank
    if not rank:
        return x.full(size)
    whole = [(size, *s) for s in sizes]
    return op.way(x.full(size), index.full(size), *whole, shifted(dim, rank), keepdim)


@rule("index_select", "index_add", "index_copy", "index_fill")
def _index_dim(op: Op, values: list[Any], size: int) -> Any:
    index = values[op.index["index"]]
    x = values[0]
    others = [v for v in values[1:] if hasattr(v, "rank") and v is not index]
    if index.mapped or not x.rank or not index.rank or any(v.rank != x.rank for v in others):
        if op.name == "index_select" and index.mapped and x.rank and index.rank:
            return _selected(x, values[1], index, size)
        return each(op, values, size)
    dim = shifted(values[op.index["dim"]], x.rank)
    return op.way(*[
        index.value if v is index else v.full(size) if hasattr(v, "rank") else dim if i == op.index["dim"] else v
        for i, v in enumerate(values)
    ])  # fmt: skip


def _selected(x: Any, dim: int, index: Any, size: int) -> Any:
    """The examples' own choices along a dimension."""
    d = shifted(dim, x.rank)
    whole = x.full(size)
    shape = [1] * len(whole._s)
    shape[0], shape[d] = size, index.value._s[1]
    wanted = list(whole._s)
    wanted[d] = index.value._s[1]
    return FUNCTIONS["gather"](whole, d, index.value.reshape(shape).expand(wanted).to(int64))


@rule("masked_fill")
def _masked_fill(op: Op, values: list[Any], size: int) -> Any:
    x, mask, value = values
    if not hasattr(value, "rank"):
        return aligned(op, values, size)
    rank = max(x.rank, mask.rank)
    new, old = spread(value, rank), spread(x, rank)
    return FUNCTIONS["where"](spread(mask, rank), new.to(old._d), old)


@rule("embedding")
def _embedding(op: Op, values: list[Any], size: int) -> Any:
    weight, indices, *rest = values
    if not weight.mapped:
        return op.way(weight.value, indices.value, *rest)
    n, width = weight.size
    flat = weight.value.reshape(size * n, width)
    return op.way(flat, _own_rows(indices, n, size), *rest)


@rule("_embedding_back")
def _embedding_back(op: Op, values: list[Any], size: int) -> Any:
    g, indices, n, padding, by_frequency = values
    if padding >= 0 or by_frequency:
        return each(op, values, size)
    r = op.way(g.full(size), _own_rows(indices, n, size), size * n, padding, by_frequency)
    return r.reshape(size, n, -1)


def _own_rows(indices: Any, n: int, size: int) -> Any:
    """Numbers of rows among those of all examples, of which each has `n`."""
    first = arange(size) * n
    return indices.full(size) + first.reshape(size, *(1,) * indices.rank)
