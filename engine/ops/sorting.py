"""Order: sort, topk, unique, searchsorted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.ops.api import publish
from engine.ops.extremes import returns
from engine.ops.helpers import axis, by_example
from engine.ops.order import top_places
from engine.ops.table import define, run
from engine.tensor import Tensor, wrap

Raw = Any


def _order(a: Raw, d: int, descending: bool) -> Raw:
    if not descending:
        return np.argsort(a, d, kind="stable")
    # Stable and descending: reverse, sort ascending, reverse again; nan comes first.
    flipped = np.flip(a, d)
    return a.shape[d] - 1 - np.flip(np.argsort(flipped, d, kind="stable"), d)


def _sort(a: Raw, dim: int, descending: bool, stable: bool = False) -> tuple[Raw, Raw]:
    a = np.asarray(a)
    if not a.ndim:
        return a.copy(), np.array(0)
    order = _order(a, dim, descending)
    return np.take_along_axis(a, order, dim), np.ascontiguousarray(order)


def _back(F: Any, g: Any, self_sizes: Any, result1: Any, dim: int) -> Any:
    return F.scatter_add_along(g, result1, self_sizes, dim) if len(self_sizes) else g


SORT = define(
    "sort(self, dim, descending, stable)",
    _sort,
    family="reduction",
    self=_back,
    pack=returns("sort", "values indices"),
)


def _topk(a: Raw, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Raw, Raw]:
    if not np.ndim(a):
        return np.array(a), np.array(0)
    moved = np.moveaxis(a, dim, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    places = np.array([top_places(row, k, largest) for row in rows], np.int64)
    i = np.ascontiguousarray(np.moveaxis(places.reshape(*moved.shape[:-1], k), -1, dim))
    return np.take_along_axis(a, i, dim), i


TOPK = define(
    "topk(self, k, dim, largest, sorted)",
    _topk,
    family="reduction",
    self=_back,
    pack=returns("topk", "values indices"),
)


STABLE_SORT = define(
    "sort(self, dim, descending, stable)",
    _sort,
    family="reduction",
    key="stable_sort",
    node="SortBackward1",
    self=_back,
    pack=returns("sort", "values indices"),
)


def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: Any = None, *, out: Any = None
) -> Any:
    """The elements sorted along `dim`, and their places; equal ones always keep their order."""
    op = SORT if stable is None else STABLE_SORT
    return run(op, [input, axis(dim, len(input._s)), descending, True])


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort along `dim`."""
    return sort(input, dim, descending, stable)[1]


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest, or smallest, elements along `dim`, and their places."""
    d = axis(dim, len(input._s))
    if not 0 <= k <= (input._s[d] if input._s else 1):
        raise RuntimeError("selected index k out of range")
    return run(TOPK, [input, k, d, largest, sorted])


def msort(input: Any) -> Any:
    """The elements sorted along the first dimension."""
    return sort(input, 0)[0]


def _no_derivative(name: str) -> Callable[..., Any]:
    def vjp(F: Any, g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return vjp


def _unique(a: Raw, dim: int | None = None) -> tuple[Raw, Raw, Raw]:
    values, inverse, counts = np.unique(
        a, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    return values, inverse.reshape(np.shape(a) if dim is None else (-1,)), counts


UNIQUE = define(
    "_unique2(self)", _unique, family="reduction", outputs=3, self=_no_derivative("_unique2")
)
UNIQUE_DIM = define(
    "unique_dim(self, dim)",
    _unique,
    family="reduction",
    outputs=3,
    self=_no_derivative("unique_dim"),
)


def _unique_consecutive(a: Raw, dim: int | None) -> tuple[Raw, Raw, Raw]:
    a = np.asarray(a)
    rows = a.reshape(-1) if dim is None else np.moveaxis(a, dim, 0)
    starts = np.ones(len(rows), bool)
    if len(rows) > 1:
        differs = rows[1:] != rows[:-1]
        starts[1:] = differs if differs.ndim == 1 else differs.reshape(len(rows) - 1, -1).any(1)
    values = rows[starts] if dim is None else np.moveaxis(rows[starts], 0, dim)
    inverse = np.cumsum(starts) - 1
    counts = np.bincount(inverse)
    return values, inverse.reshape(a.shape if dim is None else (-1,)), counts


UNIQUE_CONSECUTIVE = define(
    "unique_consecutive(self, dim)",
    _unique_consecutive,
    family="reduction",
    outputs=3,
    self=_no_derivative("unique_consecutive"),
)


def _asked(found: tuple[Any, Any, Any], return_inverse: bool, return_counts: bool) -> Any:
    values, inverse, counts = found
    out = (values, *[inverse] * return_inverse, *[counts] * return_counts)
    return out if len(out) > 1 else values


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements, sorted."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("_unique2" if dim is None else "unique_dim", "input", 1, input)
    if dim is not None:
        axis(dim, len(input._s))
    found = run(UNIQUE, [input]) if dim is None else run(UNIQUE_DIM, [input, dim])
    return _asked(found, return_inverse, return_counts)


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without the repetitions that follow each other."""
    return _asked(run(UNIQUE_CONSECUTIVE, [input, dim]), return_inverse, return_counts)


@by_example
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: Any = None,
    sorter: Any = None,
) -> Any:
    """Where each value would have to be put to keep the sequence sorted."""
    which: Any = side or ("right" if right else "left")
    rows = np.asarray(sorted_sequence._a)
    if not rows.ndim:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension"
        )
    shape = list(getattr(input, "_s", ()))
    if rows.ndim > 1 and [*rows.shape[:-1]] != shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(rows.shape)} and input value tensor {shape}"
        )
    if sorter is not None:
        rows = np.take_along_axis(rows, np.asarray(sorter._a), -1)
    wanted = np.asarray(input._a) if isinstance(input, Tensor) else np.asarray(input)
    if rows.ndim == 1:
        found = np.searchsorted(rows, wanted, which)
    else:
        flat, w = rows.reshape(-1, rows.shape[-1]), wanted.reshape(-1, wanted.shape[-1])
        found = np.stack(
            [np.searchsorted(r, x, which) for r, x in zip(flat, w, strict=True)]
        ).reshape(wanted.shape)
    return wrap(np.asarray(found).astype(np.int32 if out_int32 else np.int64))


@by_example
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The place of each element between sorted boundaries."""
    if len(boundaries._s) != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({len(boundaries._s)})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@by_example
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Whether each element occurs in test_elements."""
    a, b = (
        np.asarray(v._a) if isinstance(v, Tensor) else np.asarray(v)
        for v in (elements, test_elements)
    )
    return wrap(np.asarray(np.isin(a, b, invert=invert)))


for _n in ("sort", "argsort", "topk", "msort", "unique", "unique_consecutive"):
    publish(_n, globals()[_n], F=False)
for _n in ("searchsorted", "bucketize", "isin"):
    publish(_n, globals()[_n], method=False, F=False)
