"""What stands where in the order of the values: medians, quantiles, modes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.extremes import returns
from engine.ops.helpers import axis
from engine.ops.table import define, run
from engine.tensor import Tensor

Raw = Any


def _mode(a: Raw, dim: int, keepdim: bool) -> tuple[Raw, Raw]:
    a = np.asarray(a)
    if not a.ndim:
        return a.copy(), np.array(0)
    moved = np.moveaxis(a, axis(dim, a.ndim), -1)
    rows = moved.reshape(-1, moved.shape[-1])
    values, places = [], []
    for row in rows:
        v, counts = np.unique(row, return_counts=True)
        best = v[counts.argmax()]
        values.append(best)
        places.append(np.nonzero(row == best)[0][-1])
    shape = moved.shape[:-1]
    v, p = np.array(values, a.dtype).reshape(shape), np.array(places, np.int64).reshape(shape)
    return (np.expand_dims(v, dim), np.expand_dims(p, dim)) if keepdim else (v, p)


def _picked(F: Any, g: Any, self_sizes: Any, result1: Any, dim: int, keepdim: bool) -> Any:
    return F.put_along(g, result1, self_sizes, axis(dim, len(self_sizes)), keepdim)


expose(
    define(
        "mode(self, dim=-1, keepdim=False)",
        _mode,
        family="reduction",
        pack=returns("mode", "values indices"),
        self=_picked,
    )
)


def _median_place(row: Raw) -> int:
    nan = np.isnan(row) if row.dtype.kind == "f" else np.zeros(row.shape, bool)
    if nan.any():
        return int(np.argmax(nan))
    order = np.argsort(row, kind="stable")
    middle = row[order[(len(row) - 1) // 2]]
    return int(np.nonzero(row == middle)[0][-1])


def _kth_place(k: int) -> Any:
    return lambda row: (
        int(np.nonzero(row == np.sort(row)[k - 1])[0][0])
        if not (row.dtype.kind == "f" and np.isnan(row).any())
        else int(np.argsort(row, kind="stable")[k - 1])
    )


def _nanmedian_place(row: Raw) -> int:
    good = np.nonzero(~np.isnan(row))[0] if row.dtype.kind == "f" else np.arange(len(row))
    return int(good[_median_place(row[good])]) if len(good) else 0


def _by_row(a: Raw, dim: int, keepdim: bool, place: Any) -> tuple[Raw, Raw]:
    a = np.asarray(a)
    if not a.ndim:
        return a.copy(), np.array(0)
    d = axis(dim, a.ndim)
    moved = np.moveaxis(a, d, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    p = np.array([place(row) for row in rows], np.int64).reshape(moved.shape[:-1])
    v = np.take_along_axis(moved, p[..., None], -1)[..., 0]
    return (np.expand_dims(v, d), np.expand_dims(p, d)) if keepdim else (v, p)


MEDIAN_DIM = define(
    "median(self, dim, keepdim=False)",
    lambda a, dim, keepdim: _by_row(a, dim, keepdim, _median_place),
    family="reduction",
    node="MedianBackward1",
    key="median_dim",
    self=_picked,
    pack=returns("median", "values indices"),
)


NANMEDIAN_DIM = define(
    "nanmedian(self, dim, keepdim=False)",
    lambda a, dim, keepdim: _by_row(a, dim, keepdim, _nanmedian_place),
    family="reduction",
    node="NanmedianBackward1",
    key="nanmedian_dim",
    self=_picked,
    pack=returns("nanmedian", "values indices"),
)


def _median_all(place: Any) -> Any:
    def call(a: Raw) -> Raw:
        row = np.asarray(a).reshape(-1)
        return row[place(row)] if row.size else row.dtype.type(np.nan)

    return call


def _even(F: Any, g: Any, self: Any, result: Any) -> Any:
    mask = (self == result) | (F.isnan(self) & F.isnan(result))
    share = F.bool_to(mask, g)
    return share * (g / share.sum())


MEDIAN = define(
    "median(self)", _median_all(_median_place), family="reduction", key="median_all", self=_even
)


NANMEDIAN = define(
    "nanmedian(self)",
    _median_all(_nanmedian_place),
    family="reduction",
    key="nanmedian_all",
    self=_even,
)


KTH = define(
    "kthvalue(self, k, dim=-1, keepdim=False)",
    lambda a, k, dim, keepdim: _by_row(a, dim, keepdim, _kth_place(k)),
    family="reduction",
    self=_picked,
    pack=returns("kthvalue", "values indices"),
)


def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return run(MEDIAN, [input]) if dim is None else run(MEDIAN_DIM, [input, dim, keepdim])


def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return run(NANMEDIAN, [input]) if dim is None else run(NANMEDIAN_DIM, [input, dim, keepdim])


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    n = input._s[axis(dim, len(input._s))] if input._s else 1
    if not 1 <= k <= n:
        raise RuntimeError(
            "kthvalue(): selected number k out of range for dimension "
            + str(axis(dim, len(input._s)))
        )
    return run(KTH, [input, k, dim, keepdim])


def quantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """Quantiles by interpolation between order statistics."""
    t = input.reshape(-1) if dim is None else input
    d = axis(-1 if dim is None else dim, len(t._s))
    values = t.sort(d)[0]
    many = isinstance(q, Tensor) and bool(q._s)
    outs = [
        _one_quantile(values, float(x), d, interpolation) for x in (q.tolist() if many else [q])
    ]
    if keepdim:
        outs = [o.unsqueeze(d) if dim is not None else o.reshape([1] * len(input._s)) for o in outs]
    return FUNCTIONS["stack"](outs) if many else outs[0]


def _one_quantile(values: Any, q: float, d: int, how: str) -> Any:
    if not 0 <= q <= 1:
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    at = q * (values._s[d] - 1)
    low = math.floor(at)
    high = min(low + 1, values._s[d] - 1)
    a, b = values.select(d, low), values.select(d, high)
    if how == "lower":
        return a
    if how == "higher":
        return b if at > low else a
    if how == "nearest":
        return values.select(d, round(at))
    return a + (b - a) * (0.5 if how == "midpoint" else at - low)


for _n in ("median", "nanmedian", "kthvalue", "quantile"):
    publish(_n, globals()[_n], F=False)
