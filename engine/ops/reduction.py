"""Operations that take dimensions away: sums, means, extremes, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.autograd import mode
from engine.dtype import BOOL, COMPLEX, FLOAT, dtype, int64
from engine.ops import cascade
from engine.ops.api import into, publish
from engine.ops.helpers import axes, axis, expand_dims
from engine.ops.table import define, run
from engine.tensor import Tensor

Raw = Any


def _expand(F: Any, g: Any, sizes: Any, dim: Any, keepdim: bool) -> Any:
    """A reduced gradient spread over the shape that was reduced."""
    g = expand_dims(g, axes(dim, len(sizes)), len(sizes), keepdim)
    return F.expand(g, sizes)


def _sum_all(a: Raw) -> Raw:
    if cascade.follows(a):
        return cascade.total(a)
    return a.sum(dtype=np.int64) if a.dtype.kind in "iub" else a.sum()


def _sum_dim(a: Raw, dim: Any, keepdim: bool = False) -> Raw:
    dims = axes(dim, a.ndim)
    if cascade.follows(a):
        found = cascade.along(a, tuple(sorted(dims)))
        if found is not None:
            return np.expand_dims(found, dims) if keepdim else found
    kind = np.int64 if a.dtype.kind in "iub" else None
    return np.asarray(a).sum(axis=dims, keepdims=keepdim, dtype=kind)


SUM = define(
    "sum(self)",
    _sum_all,
    family="reduction",
    key="sum_all",
    self="expand(g, self_sizes)",
)
SUM_DIM = define(
    "sum(self, dim, keepdim=False)",
    _sum_dim,
    family="reduction",
    node="SumBackward1",
    self=lambda F, g, self_sizes, dim, keepdim: _expand(F, g, self_sizes, dim, keepdim),
)


def _count(sizes: Any, dim: Any) -> int:
    n = 1
    for d in axes(dim, len(sizes)):
        n *= sizes[d]
    return n


def _mean(a: Raw) -> Raw:
    if cascade.follows(a):
        return cascade.total(a) / a.dtype.type(a.size)
    return a.mean() if np.size(a) else a.dtype.type(np.nan)


def _mean_dim(a: Raw, dim: Any, keepdim: bool = False) -> Raw:
    dims = axes(dim, a.ndim)
    n = _count(a.shape, dims)
    if not n:
        return np.asarray(a).sum(axis=dims, keepdims=keepdim) / a.dtype.type(0)
    if cascade.follows(a):
        return _sum_dim(a, dim, keepdim) / a.dtype.type(n)
    return np.asarray(a).mean(axis=dims, keepdims=keepdim)


MEAN = define(
    "mean(self)",
    _mean,
    family="reduction",
    key="mean_all",
    self=lambda F, g, self_sizes: F.shares(g, self_sizes, max(self_sizes.numel(), 1)),
)
MEAN_DIM = define(
    "mean(self, dim, keepdim=False)",
    _mean_dim,
    family="reduction",
    node="MeanBackward1",
    self=lambda F, g, self_sizes, dim, keepdim: (
        _expand(F, g, self_sizes, dim, keepdim) / max(_count(self_sizes, dim), 1)
    ),
)


def _prod_all(a: Raw) -> Raw:
    return np.prod(a, dtype=np.int64 if a.dtype.kind in "iub" else None)


def _prod_dim(a: Raw, dim: Any, keepdim: bool = False) -> Raw:
    return np.prod(
        np.asarray(a),
        axis=axes(dim, a.ndim),
        keepdims=keepdim,
        dtype=np.int64 if a.dtype.kind in "iub" else None,
    )


def products_of_others(F: Any, x: Any, dim: int) -> Any:
    """For each element the product of all others along `dim`, without dividing."""
    ones = F.narrow_one(x, dim)
    left = F.cumprod(F.cat([ones, F.slice_one(x, dim, 0, -1)], dim), dim)
    back = F.flip(F.slice_one(x, dim, 1, None), [dim])
    right = F.flip(F.cumprod(F.cat([ones, back], dim), dim), [dim])
    return left * right


def _prod_vjp(F: Any, g: Any, self: Any, result: Any, self_sizes: Any) -> Any:
    if not len(self_sizes):
        return g
    if np.all(F.elements(self)):
        return g * F.conj(result / self)
    flat = self.reshape((-1,))
    if not self_sizes.numel():
        return F.zeros_like(self)
    return (g * F.conj(products_of_others(F, flat, 0))).reshape(self_sizes)


def _prod_dim_vjp(
    F: Any, g: Any, self: Any, result: Any, self_sizes: Any, dim: Any, keepdim: bool
) -> Any:
    n = len(self_sizes)
    if not n:
        return g
    d = axis(dim, n)
    if not self_sizes.numel():
        return F.zeros_like(self)
    g = expand_dims(g, (d,), n, keepdim)
    if np.all(F.elements(self)):
        return g * F.conj(expand_dims(result, (d,), n, keepdim) / self)
    return g * F.conj(products_of_others(F, self, d))


PROD = define("prod(self)", _prod_all, family="reduction", key="prod_all", self=_prod_vjp)
PROD_DIM = define(
    "prod(self, dim, keepdim=False)",
    _prod_dim,
    family="reduction",
    node="ProdBackward1",
    self=_prod_dim_vjp,
)


def cast_first(t: Any, d: dtype | None) -> Any:
    if d is not None and d.category < FLOAT and t._g is not None and mode.enabled:
        raise RuntimeError(f"Autograd not support dtype: {d.display}")
    return t if d is None or t._d is d else t.to(d)


def _need_tensor(name: str, t: Any) -> None:
    if not isinstance(t, Tensor):
        raise errors.not_tensor(name, "input", 1, t)


def _dims(name: str, dim: Any) -> Any:
    if isinstance(dim, Tensor):
        return int(dim)
    if isinstance(dim, (float, str)):
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (Tensor, dim={type(dim).__name__}), but expected one of:"
        )
    return list(dim) if isinstance(dim, tuple) else dim


def _reducer(name: str, whole: Any, some: Any, float_only: bool) -> Any:
    def reduce(
        input: Any, dim: Any = ..., keepdim: bool = False, *, dtype: dtype | None = None,
        axis: Any = ..., keepdims: bool | None = None, out: Any = None,
    ) -> Any:  # fmt: skip
        _need_tensor(name, input)
        if axis is None:
            raise TypeError(f"{name}() got an unexpected keyword argument 'axis'")
        dim = axis if axis is not ... else dim
        keepdim = keepdim if keepdims is None else keepdims
        if dim is ...:
            if keepdim:
                raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
            dim = None
        if type(keepdim) is not bool:
            raise TypeError(
                f"{name}(): argument 'keepdim' must be bool, not {type(keepdim).__name__}"
            )
        if float_only:
            _check_float(name, input, dtype)
        t = cast_first(input, dtype)
        if dim is None and not keepdim:
            row, values = whole, [t]
        else:
            row, values = some, [t, _dims(name, dim), keepdim]
        if out is not None:
            return into(name, out, lambda: run(row, values), values)
        return run(row, values)

    reduce.__name__ = reduce.__qualname__ = name
    return reduce


def _check_float(name: str, t: Any, d: dtype | None) -> None:
    if (d or t._d).category < FLOAT:
        what = "Input dtype" if d is None else "Optional dtype"
        raise RuntimeError(
            f"{name}(): could not infer output dtype. {what} must be either a floating point or "
            f"complex dtype. Got: {(d or t._d).display}"
        )


publish("sum", _reducer("sum", SUM, SUM_DIM, False), doc="The sum of all elements, or over `dim`.")
publish(
    "mean", _reducer("mean", MEAN, MEAN_DIM, True), doc="The mean of all elements, or over `dim`."
)
publish(
    "prod",
    _reducer("prod", PROD, PROD_DIM, False),
    doc="The product of all elements, or along `dim`.",
)


__all__ = ["BOOL", "COMPLEX", "int64"]
