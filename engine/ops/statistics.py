"""Variance, norms, cumulative sums, medians and other summaries."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, INT, default
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.extremes import returns
from engine.ops.helpers import axes, axis, expand_dims
from engine.ops.table import RAW, TO_FLOAT, Op, define, run
from engine.tensor import Tensor

Raw = Any


def _count(sizes: Any, dims: Any) -> int:
    return math.prod(sizes[d] for d in dims)


def _var(a: Raw, dim: Any, correction: float, keepdim: bool) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    n = _count(a.shape, dims)
    mean = a.sum(axis=dims, keepdims=True) / a.dtype.type(n)
    d = a - mean
    square = (d * d.conj()).real if a.dtype.kind == "c" else d * d
    total = square.sum(axis=dims, keepdims=keepdim)
    return total / total.dtype.type(max(n - correction, 0))


def _spread(
    F: Any, g: Any, self: Any, self_sizes: Any, dim: Any, correction: float, keepdim: bool
) -> Any:
    dims = axes(dim, len(self_sizes))
    n = _count(self_sizes, dims)
    g = expand_dims(g, dims, len(self_sizes), keepdim)
    centred = self - F.mean(self, list(dims), True) if dims else self - self
    scale = 2.0 / (n - correction) if n > correction else math.nan
    return scale * g * centred


def _std_vjp(
    F: Any,
    g: Any,
    self: Any,
    result: Any,
    self_sizes: Any,
    dim: Any,
    correction: float,
    keepdim: bool,
) -> Any:
    zero = result == 0
    half = F.where(zero, F.zeros_like(result), g / (2 * F.where(zero, F.ones_like(result), result)))
    return _spread(F, half, self, self_sizes, dim, correction, keepdim)


VAR = define("var(self, dim, correction, keepdim)", _var, family="reduction", self=_spread)
STD = define(
    "std(self, dim, correction, keepdim)",
    lambda a, *r: np.sqrt(_var(a, *r)),
    family="reduction",
    self=_std_vjp,
)


def _spread_args(name: str, t: Any, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    if not isinstance(t, Tensor):
        raise errors.not_tensor(name, "input", 1, t)
    if t._d.category < FLOAT:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    c = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    dims = None if dim is None else ([dim] if isinstance(dim, int) else list(dim))
    n = _count(t._s, axes(dims, len(t._s)))
    if n <= c:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).", UserWarning, stacklevel=3,
        )  # fmt: skip
    return dims, c


def _spreading(op: Op) -> Callable[..., Any]:
    """What a person calls for a row of (self, dim, correction, keepdim)."""

    def call(
        input: Any,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
        axis: Any = None,
    ) -> Any:
        dims, c = _spread_args(op.name, input, dim if axis is None else axis, unbiased, correction)
        return run(op, [input, dims, c, keepdim])

    call.__name__ = call.__qualname__ = op.name
    return call


def _means(a: Raw, dim: Any, keepdim: bool) -> Raw:
    return np.asarray(a).mean(axis=axes(dim, np.ndim(a)), keepdims=keepdim)


def _both(F: Any, g: Any, spread: Any, self_sizes: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient through the spread plus the one through the mean."""
    if g[1] is None:
        return spread
    dims = axes(dim, len(self_sizes))
    mean = F.expand(expand_dims(g[1], dims, len(self_sizes), keepdim), self_sizes) / _count(
        self_sizes, dims
    )
    return mean if spread is None else spread + mean


VAR_MEAN = define(
    "var_mean(self, dim, correction, keepdim)",
    lambda a, d, c, k: (_var(a, d, c, k), _means(a, d, k)),
    family="reduction",
    outputs=2,
    self=lambda F, g, self, self_sizes, dim, correction, keepdim: _both(
        F,
        g,
        None if g[0] is None else _spread(F, g[0], self, self_sizes, dim, correction, keepdim),
        self_sizes,
        dim,
        keepdim,
    ),
)
STD_MEAN = define(
    "std_mean(self, dim, correction, keepdim)",
    lambda a, d, c, k: (np.sqrt(_var(a, d, c, k)), _means(a, d, k)),
    family="reduction",
    outputs=2,
    self=lambda F, g, self, result0, self_sizes, dim, correction, keepdim: _both(
        F,
        g,
        None
        if g[0] is None
        else _std_vjp(F, g[0], self, result0, self_sizes, dim, correction, keepdim),
        self_sizes,
        dim,
        keepdim,
    ),
)


var, std, var_mean, std_mean = (_spreading(op) for op in (VAR, STD, VAR_MEAN, STD_MEAN))


# --- norms ---------------------------------------------------------------------------------------
def vector_norm_raw(a: Raw, p: float, dim: Any, keepdim: bool) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    m = np.abs(a)
    if p == 2:
        return np.sqrt((m * m).sum(axis=dims, keepdims=keepdim))
    if p == 1:
        return m.sum(axis=dims, keepdims=keepdim)
    if p == 0:
        return (m != 0).sum(axis=dims, keepdims=keepdim).astype(m.dtype)
    if p == math.inf:
        return m.max(axis=dims, keepdims=keepdim)
    if p == -math.inf:
        return m.min(axis=dims, keepdims=keepdim)
    return (m**p).sum(axis=dims, keepdims=keepdim) ** (1 / p)


def norm_vjp(
    F: Any, g: Any, self: Any, result: Any, self_sizes: Any, p: float, dim: Any, keepdim: bool
) -> Any:
    """The gradient of a p-norm; 0 where the norm is 0."""
    n = len(self_sizes)
    dims = axes(dim, n)
    g, r = expand_dims(g, dims, n, keepdim), expand_dims(result, dims, n, keepdim)
    if p == 0:
        return F.zeros_like(self)
    if p == 1:
        return F.sgn(self) * g
    if abs(p) == math.inf:
        hit = F.bool_to(F.abs(self) == r, g)
        return F.sgn(self) * hit * (g / F.sum(hit, list(dims), True) if dims else g)
    zero = r == 0
    safe = F.where(zero, F.ones_like(r), r)
    if p == 2:
        return F.where(zero, F.zeros_like(self), self / safe * g)
    m = F.abs(self)
    if p < 2:
        m = F.where(m == 0, F.ones_like(m), m)
    return F.where(zero, F.zeros_like(self), self * F.power(m, p - 2) * (g / F.power(safe, p - 1)))


NORM = define(
    "norm(self, p, dim, keepdim)",
    vector_norm_raw,
    family="reduction",
    node="NormBackward1",
    self=norm_vjp,
)
NORM_ALL = define(
    "norm(self, p, dim, keepdim)",
    vector_norm_raw,
    family="reduction",
    key="norm_all",
    node="NormBackward0",
    self=norm_vjp,
)
VECTOR_NORM = define(
    "linalg_vector_norm(self, p, dim, keepdim)",
    vector_norm_raw,
    family="reduction",
    node="LinalgVectorNormBackward0",
    self=norm_vjp,
)


def norm(
    input: Any,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Any = None,
    dtype: Any = None,
) -> Any:
    """The p-norm of vectors, or "fro" and "nuc" of matrices."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("norm", "input", 1, input)
    t = input if dtype is None else input.to(dtype)
    if p == "nuc":
        from engine.linalg import matrix_norm

        return matrix_norm(t, "nuc", (-2, -1) if dim is None else dim, keepdim)
    if t._d.category < FLOAT:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + t._d.display
        )
    order = 2.0 if p in ("fro", None) else float(p)
    dims = None if dim is None else [dim] if isinstance(dim, int) else list(dim)
    if p == "fro" and True:
        return run(VECTOR_NORM, [t, order, dims, keepdim])
    return run(VECTOR_NORM, [t, order, dims, keepdim])


def method_norm(
    self: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    return norm(self, p, dim, keepdim, dtype=dtype)


def dist(input: Any, other: Any, p: float = 2) -> Any:
    return norm(input - other, p)


# --- cumulative ----------------------------------------------------------------------------------
def _cumsum(a: Raw, dim: int) -> Raw:
    a = np.asarray(a)
    d = axis(dim, a.ndim)
    if not a.ndim:
        return a.astype(np.int64) if a.dtype.kind in "iub" else a.copy()
    return a.cumsum(d, dtype=np.int64 if a.dtype.kind in "iub" else None)


def _back_cumsum(F: Any, g: Any, dim: int) -> Any:
    return F.flip(F.cumsum(F.flip(g, [dim]), dim), [dim]) if len(g.shape) else g


CUMSUM = define("cumsum(self, dim)", _cumsum, family="reduction", self=_back_cumsum)


def _cumprod(a: Raw, dim: int) -> Raw:
    a = np.asarray(a)
    d = axis(dim, a.ndim)
    return a.cumprod(d, dtype=np.int64 if a.dtype.kind in "iub" else None) if a.ndim else a.copy()


def _cumprod_vjp(F: Any, g: Any, self: Any, result: Any, self_sizes: Any, dim: int) -> Any:
    if not len(self_sizes):
        return g
    a = F.array(self)
    if not np.any(np.asarray(a) == 0):
        return _back_cumsum(F, g * result, dim) / self
    # With zeros: sum over outputs k >= i of g_k times the product of all others up to k.
    d = axis(dim, len(self_sizes))
    n = self_sizes[d]
    parts = []
    for i in range(n):
        before = F.slice_one(self, d, 0, i)
        after = F.slice_one(self, d, i + 1, None)
        one = F.narrow_one(self, d)
        left = F.prod_dim(before, d, True) if i else one
        right = F.cumprod(F.cat([one, after], d), d)
        parts.append(F.sum(F.slice_one(g, d, i, None) * right * left, [d], True))
    return F.cat(parts, d)


CUMPROD = define("cumprod(self, dim)", _cumprod, family="reduction", self=_cumprod_vjp)


def _logcumsumexp(a: Raw, dim: int) -> Raw:
    return np.logaddexp.accumulate(a, axis=axis(dim, a.ndim)) if a.ndim else a


expose(
    define(
        "logcumsumexp(self, dim)",
        _logcumsumexp,
        family="reduction",
        self=lambda F, g, self, result, dim: _back_cumsum(F, g * F.exp(-result), dim) * F.exp(self),
    )
)


def cumsum(
    input: Any, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Any:
    return run(CUMSUM, [input if dtype is None else input.to(dtype), dim if axis is None else axis])


def cumprod(
    input: Any, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Any:
    return run(
        CUMPROD, [input if dtype is None else input.to(dtype), dim if axis is None else axis]
    )


def _logsumexp(a: Raw, dim: Any, keepdim: bool = False) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    top = a.max(axis=dims, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0).astype(a.dtype)
    out = np.log(np.exp(a - top).sum(axis=dims, keepdims=True)) + top
    return out if keepdim else out.reshape([s for i, s in enumerate(a.shape) if i not in dims])


expose(
    define(
        "logsumexp(self, dim, keepdim=False)",
        _logsumexp,
        TO_FLOAT,
        family="reduction",
        self=lambda F, g, self, result, self_sizes, dim, keepdim: (
            expand_dims(g, axes(dim, len(self_sizes)), len(self_sizes), keepdim)
            * F.exp(
                self - expand_dims(result, axes(dim, len(self_sizes)), len(self_sizes), keepdim)
            )
        ),
    )
)


# --- with nan ------------------------------------------------------------------------------------
NANSUM = define(
    "nansum(self, dim=None, keepdim=False)",
    lambda a, dim, keepdim: np.nansum(np.asarray(a), axis=axes(dim, np.ndim(a)), keepdims=keepdim),
    family="reduction",
    self=lambda F, g, self, self_sizes, dim, keepdim: F.masked(
        F.expand(expand_dims(g, axes(dim, len(self_sizes)), len(self_sizes), keepdim), self_sizes),
        ~F.isnan(self),
    ),
)


def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    t = input if dtype is None else input.to(dtype)
    return t.sum(dim, keepdim) if t._d.category < FLOAT else run(NANSUM, [t, dim, keepdim])


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    n = (~input.isnan()).sum(dim, keepdim)
    return nansum(input, dim, keepdim) / n


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


# --- histograms ----------------------------------------------------------------------------------
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    if input._d.category < FLOAT:
        raise errors.not_implemented("histogram_cpu", input._d.display)
    a = np.asarray(input._a).reshape(-1)
    low, high = (float(a.min()), float(a.max())) if min == max == 0 and a.size else (min, max)
    counts, _ = np.histogram(a, bins, (low, high) if low != high else (low - 1, high + 1))
    from engine.tensor import wrap

    return wrap(counts.astype(input._d.np), input._d)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    from engine.tensor import wrap

    a = np.asarray(input._a)
    if a.ndim != 1 or input._d.category != INT or (a.size and a.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    w = None if weights is None else np.asarray(weights._a)
    out = np.bincount(a, w, minlength)
    return wrap(
        out.astype(
            weights._d.np if weights is not None and weights._d.category == FLOAT else out.dtype
        )
    )


def _flat(x: Any) -> Any:
    return x


for _n in (
    "var",
    "std",
    "var_mean",
    "std_mean",
    "dist",
    "cumsum",
    "cumprod",
    "nansum",
    "nanmean",
    "median",
    "nanmedian",
    "kthvalue",
    "quantile",
    "histc",
    "bincount",
):
    publish(_n, globals()[_n], F=_n in ("cumsum", "cumprod"))
publish("norm", norm, method=False)
publish("norm", method_norm, function=False, F=False)
RAW.cumsum, RAW.cumprod = _cumsum, _cumprod
__all__ = ["BOOL", "COMPLEX", "default"]
