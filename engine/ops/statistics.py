"""Variance and mean, sums without nan, histograms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import FLOAT
from engine.ops.api import publish
from engine.ops.helpers import axes, expand_dims
from engine.ops.table import Op, define, run
from engine.tensor import Tensor
from engine.warning import warn

Raw = Any


def _count(sizes: Any, dims: Any) -> int:
    return math.prod(sizes[d] for d in dims)


#: Elements up to which sums of squares are wider than the tensor.
_WIDE = 1 << 16


def _var(
    a: Raw, dim: Any, correction: float, keepdim: bool, root: Callable[[Raw], Raw] = np.asarray
) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    n = _count(a.shape, dims)
    kind = a.dtype
    if kind == np.float32 and a.size <= _WIDE:  # summed in double, as PyTorch does
        a = a.astype(np.float64)
    mean = a.sum(axis=dims, keepdims=True) / a.dtype.type(n)
    d = a - mean
    square = (d * d.conj()).real if a.dtype.kind == "c" else d * d
    total = square.sum(axis=dims, keepdims=keepdim)
    out = total / total.dtype.type(max(n - correction, 0))
    return root(out).astype(kind if kind.kind == "f" else out.dtype)[()]


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


VAR = define(
    "var(self, dim, correction, keepdim)",
    _var,
    family="reduction",
    self=_spread,
    doc="The variance over `dim`, divided by n - correction.",
)
STD = define(
    "std(self, dim, correction, keepdim)",
    lambda a, dim, c, keep: _var(a, dim, c, keep, np.sqrt),
    family="reduction",
    self=_std_vjp,
    doc="The root of the variance over `dim`, which is divided by n - correction.",
)


def _spread_args(name: str, t: Any, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    if not isinstance(t, Tensor):
        raise errors.not_tensor(name, "input", 1, t)
    if t._d.category < FLOAT:
        what = name if name.endswith("_mean") else "std and var"
        raise RuntimeError(f"{what} only support floating point and complex dtypes")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    c = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    dims = None if dim is None else ([dim] if isinstance(dim, int) else list(dim))
    n = _count(t._s, axes(dims, len(t._s)))
    if n <= c:
        warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel)."
        )
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
    call.__doc__ = op.doc
    return call


def _means(a: Raw, dim: Any, keepdim: bool) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    if not _count(a.shape, dims):
        return a.sum(axis=dims, keepdims=keepdim) / a.dtype.type(0)
    mean = a.mean(axis=dims, keepdims=keepdim)
    spoiled = np.isinf(a).any(axis=dims, keepdims=keepdim)  # a running mean meets inf - inf
    return np.where(spoiled, np.nan, mean).astype(mean.dtype)[()] if a.size > 1 else mean


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
    doc="Variance and mean over `dim`.",
)
STD_MEAN = define(
    "std_mean(self, dim, correction, keepdim)",
    lambda a, d, c, k: (_var(a, d, c, k, np.sqrt), _means(a, d, k)),
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
    doc="Standard deviation and mean over `dim`.",
)


var, std, var_mean, std_mean = (_spreading(op) for op in (VAR, STD, VAR_MEAN, STD_MEAN))


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
    """The sum of the elements that are not nan."""
    t = input if dtype is None else input.to(dtype)
    return t.sum(dim, keepdim) if t._d.category < FLOAT else run(NANSUM, [t, dim, keepdim])


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not nan."""
    n = (~input.isnan()).sum(dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / n


for _n in ("var", "std", "var_mean", "std_mean", "nansum", "nanmean"):
    publish(_n, globals()[_n], method=not _n.endswith("_mean"), F=False)
