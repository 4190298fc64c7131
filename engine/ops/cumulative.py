"""Running sums and products, and sums of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import expose, publish
from engine.ops.helpers import axes, axis, expand_dims, in_rows
from engine.ops.reduction import cast_first
from engine.ops.table import RAW, TO_FLOAT, define, run

Raw = Any


def _cumsum(a: Raw, dim: int) -> Raw:
    a = np.asarray(a)
    d = axis(dim, a.ndim)
    if not a.ndim:
        return a.astype(np.int64) if a.dtype.kind in "iub" else a.copy()
    return in_rows(a).cumsum(d, dtype=np.int64 if a.dtype.kind in "iub" else None)


def _back_cumsum(F: Any, g: Any, dim: int) -> Any:
    return F.flip(F.cumsum(F.flip(g, [dim]), dim), [dim]) if len(g.shape) else g


CUMSUM = define("cumsum(self, dim)", _cumsum, family="reduction", self=_back_cumsum)


def _cumprod(a: Raw, dim: int) -> Raw:
    a = np.asarray(a)
    d = axis(dim, a.ndim)
    kind = np.int64 if a.dtype.kind in "iub" else a.dtype
    return in_rows(a).cumprod(d, dtype=kind) if a.ndim else a.astype(kind)


def _cumprod_vjp(F: Any, g: Any, self: Any, result: Any, self_sizes: Any, dim: int) -> Any:
    if not len(self_sizes):
        return g
    a = F.elements(self)
    if not np.any(np.asarray(a) == 0):
        return _back_cumsum(F, g * F.conj(result), dim) / F.conj(self)
    self = F.conj(self)
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
    d = axis(dim, a.ndim)
    if not a.ndim:
        return a
    if a.dtype.kind != "c":
        return np.logaddexp.accumulate(a, axis=d)
    out = np.array(np.moveaxis(a, d, 0))
    for i in range(1, len(out)):
        first = out[i - 1].real >= out[i].real
        high, low = np.where(first, out[i - 1], out[i]), np.where(first, out[i], out[i - 1])
        out[i] = high + np.log1p(np.exp(low - high))
    return np.moveaxis(out, 0, d)


def _logcumsumexp_vjp(F: Any, g: Any, self: Any, result: Any, dim: int) -> Any:
    """The sums exp(x_i) Σ g_k exp(-y_k) by their logarithms, positive and negative g apart."""
    if F.is_complex(g):
        return F.exp(_back_logcumsumexp(F, F.log(g) - F.conj(result), dim) + F.conj(self))
    size, least = F.abs(g), float(np.finfo(F.elements(g).dtype).min)
    parts = [
        F.exp(
            _back_logcumsumexp(
                F, F.where(sign, F.log(F.where(sign, size, 1.0)), least) - result, dim
            )
            + self
        )
        for sign in (g > 0, g < 0)
    ]
    return parts[0] - parts[1]


def _back_logcumsumexp(F: Any, x: Any, dim: int) -> Any:
    return F.flip(F.logcumsumexp(F.flip(x, [dim]), dim), [dim]) if len(x.shape) else x


expose(
    define(
        "logcumsumexp(self, dim)",
        _logcumsumexp,
        family="reduction",
        self=_logcumsumexp_vjp,
        doc="The logarithm of the sums of exp up to each element along `dim`.",
    )
)


def cumsum(
    input: Any, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Any:
    """The sums of all elements up to each along `dim`."""
    return run(CUMSUM, [cast_first(input, dtype), dim if axis is None else axis])


def cumprod(
    input: Any, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Any:
    """The products of all elements up to each along `dim`."""
    return run(CUMPROD, [cast_first(input, dtype), dim if axis is None else axis])


def _logsumexp(a: Raw, dim: Any, keepdim: bool = False) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    top = a.real.max(axis=dims, keepdims=True, initial=-np.inf)
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
            * F.conj(
                F.exp(
                    self - expand_dims(result, axes(dim, len(self_sizes)), len(self_sizes), keepdim)
                )
            )
        ),
        doc="log(sum(exp(x))) over `dim`, without overflow.",
    )
)


publish("cumsum", cumsum)
publish("cumprod", cumprod)
RAW.cumsum, RAW.cumprod = _cumsum, _cumprod
