"""What stands where in the order of the values: medians, quantiles, modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import float32, float64, int64
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.extremes import need_elements, returns
from engine.ops.helpers import axis
from engine.ops.order import median_place, quickselect
from engine.ops.shape import SQUEEZE_MM
from engine.ops.table import define, run
from engine.tensor import Tensor, wrap

Raw = Any


def _mode(a: Raw, dim: int, keepdim: bool) -> tuple[Raw, Raw]:
    a = np.asarray(a)
    if not a.ndim:
        return a.copy(), np.array(0)
    need_elements("mode", a, axis(dim, a.ndim))
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
        doc="The most frequent element along `dim`, and its place.",
    )
)


def _kth_place(k: int) -> Any:
    return lambda row: quickselect(row, k - 1)


def _nanmedian_place(row: Raw) -> int:
    good = np.nonzero(~np.isnan(row))[0] if row.dtype.kind == "f" else np.arange(len(row))
    return int(good[median_place(row[good])]) if len(good) else 0


def _by_row(a: Raw, dim: int, keepdim: bool, place: Any, name: str = "median") -> tuple[Raw, Raw]:
    a = np.asarray(a)
    if not a.ndim:
        return a.copy(), np.array(0)
    d = axis(dim, a.ndim)
    need_elements(name, a, d)
    moved = np.moveaxis(a, d, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    p = np.array([place(row) for row in rows], np.int64).reshape(moved.shape[:-1])
    v = np.take_along_axis(moved, p[..., None], -1)[..., 0]
    return (np.expand_dims(v, d), np.expand_dims(p, d)) if keepdim else (v, p)


MEDIAN_DIM = define(
    "median(self, dim, keepdim=False)",
    lambda a, dim, keepdim: _by_row(a, dim, keepdim, median_place),
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
    "median(self)", _median_all(median_place), family="reduction", key="median_all", self=_even
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
    """The lower median of all elements, or along `dim` with its place."""
    return run(MEDIAN, [input]) if dim is None else _along(MEDIAN_DIM, input, dim, keepdim)


def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The median of the elements that are not nan."""
    return run(NANMEDIAN, [input]) if dim is None else _along(NANMEDIAN_DIM, input, dim, keepdim)


def _along(op: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    axis(dim, len(input._s))
    return run(op, [input, dim, keepdim])


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along `dim`, and its place."""
    d = axis(dim, len(input._s))
    n = input._s[d] if input._s else 1
    if not n:
        need_elements("kthvalue", input._a, axis(dim, len(input._s)))
    if not 1 <= k <= n:
        raise RuntimeError(
            "kthvalue(): selected number k out of range for dimension "
            + str(axis(dim, len(input._s)))
        )
    return run(KTH, [input, k, dim, keepdim])


_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(name: str, t: Any, q: Any, how: str) -> Any:
    name = "quantile"  # which nanquantile is called too
    if not isinstance(q, Tensor) and not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    if not t._s.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if t._d not in (float32, float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if how not in _WAYS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {how}"
        )
    if not isinstance(q, Tensor):
        return wrap(np.asarray(q, t._d.np)[()])
    if len(q._s) > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q._d is not t._d:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if not np.all((np.asarray(q._a) >= 0) & (np.asarray(q._a) <= 1)):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return q


def _ranks(values: Any, q: Any, ignore_nan: bool) -> Any:
    """Where in the sorted rows the quantiles are; at the last element, a nan, if there is a nan."""
    nan = values.isnan()
    if ignore_nan:
        n = values.isnan().logical_not().sum(-1, True)
        ranks = q * (n - 1).to(values._d)
        return ranks.masked_fill(ranks < 0, 0)
    last = values._s[-1] - 1
    return (q * last).masked_fill(nan.any(-1, True), last)


def _quantile(
    name: str, t: Any, q: Any, dim: Any, keepdim: bool, how: str, ignore_nan: bool
) -> Any:
    q = _check_quantile(name, t, q, how)
    d = None if dim is None else axis(dim, len(t._s))
    d = d if t._s else None
    moved = t.flatten() if d is None else t.movedim(d, -1)
    values = moved.sort(-1)[0]
    ranks = _ranks(values.detach(), q.reshape(-1), ignore_nan)
    if how in ("lower", "higher", "nearest"):
        ranks = getattr(ranks, {"lower": "floor", "higher": "ceil", "nearest": "round"}[how])()
    below = ranks.to(int64)
    out = values.gather(-1, below)
    if how in ("linear", "midpoint"):
        weight = ranks - below if how == "linear" else FUNCTIONS["full_like"](ranks, 0.5)
        out = out.lerp(values.gather(-1, ranks.ceil().to(int64)), weight)
    shape = list(t._s) if d is not None else [1] * len(t._s) if keepdim else []
    if d is not None:
        shape[d : d + 1] = [1] if keepdim else []
    shape = [*q._s, *shape]
    if q._s:
        out = out.movedim(-1, 0).reshape([*shape, 1])
    return run(
        SQUEEZE_MM, [out if len(out._s) == len(shape) + 1 else out.reshape([*shape, 1]), len(shape)]
    )


def quantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Any = None,
) -> Any:  # fmt: skip
    """Quantiles by interpolation between order statistics; nan if there is one."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(
    input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Any = None,
) -> Any:  # fmt: skip
    """`quantile` of the elements that are not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


for _n in ("median", "nanmedian", "kthvalue", "quantile", "nanquantile"):
    publish(_n, globals()[_n], F=False)
