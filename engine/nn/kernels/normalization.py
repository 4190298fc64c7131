"""Rows of normalization: x̂ = (x - mean) / sqrt(var + eps), times a weight, plus a bias.

All three kinds differ in the dimensions over which they take mean and variance, and in the shape
with which weight and bias broadcast. With n elements per group,
dx = (gw - mean(gw) - x̂ mean(gw x̂)) / std.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.autograd import mode
from engine.ops.api import expose
from engine.ops.helpers import in_rows, sum_to
from engine.ops.table import define

from . import fused

Raw = Any
Ints = Sequence[int]


def _normalized(a: Raw, dims: tuple[int, ...], eps: float) -> tuple[Raw, Raw]:
    mean = a.mean(axis=dims, keepdims=True, dtype=np.float64 if a.dtype.itemsize < 4 else None)
    centred = a - mean
    var = (centred * centred).mean(axis=dims, keepdims=True)
    rstd = 1 / np.sqrt(var + eps)
    return (centred * rstd).astype(a.dtype, copy=False), rstd.astype(a.dtype, copy=False)


def _affine(x: Raw, weight: Raw, bias: Raw, shape: Ints) -> Raw:
    if weight is not None:
        x = x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _ones_at(sizes: Ints, dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in dims else n for i, n in enumerate(sizes))


def _mean(F: Any, x: Any, dims: tuple[int, ...]) -> Any:
    n = math.prod(x.shape[d] for d in dims)
    return F.sum_to(x, _ones_at(x.shape, dims)) / n


def _parts(F: Any, x: Any, dims: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    centred = x - _mean(F, x, dims)
    rstd = F.rsqrt(_mean(F, centred * centred, dims) + eps)
    return centred * rstd, rstd


def _gradients(
    F: Any, g: Any, x: Any, weight: Any, bias: Any, dims: tuple[int, ...], shape: Ints, eps: float,
    needs: Sequence[bool],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return the gradients of input, weight and bias; `shape` is that of the broadcast weight."""
    xhat, rstd = _parts(F, x, dims, eps)
    gw = g if weight is None else g * weight.reshape(shape)
    gx = None
    if needs[0]:
        gx = (gw - _mean(F, gw, dims) - xhat * _mean(F, gw * xhat, dims)) * rstd
    return gx, *_affine_gradients(F, g, xhat, weight, bias, shape, needs)


def _affine_gradients(
    F: Any, g: Any, xhat: Any, weight: Any, bias: Any, shape: Ints, needs: Sequence[bool]
) -> tuple[Any, Any]:
    full = (1,) * (len(g.shape) - len(shape)) + tuple(shape)
    gweight = gbias = None
    if weight is not None and needs[1]:
        gweight = F.sum_to(g * xhat, full).reshape(weight.shape)
    if bias is not None and needs[2]:
        gbias = F.sum_to(g, full).reshape(bias.shape)
    return gweight, gbias


# --- layer norm --------------------------------------------------------------------------------
def _last(a: Any, n: int) -> tuple[int, ...]:
    ndim = len(a.shape)
    return tuple(range(ndim - n, ndim))


def _layer_norm(a: Raw, shape: Ints, weight: Raw, bias: Raw, eps: float) -> Raw:
    a = in_rows(a)
    if a.flags.c_contiguous and a.itemsize >= 4 and a.size:
        return _layer_norm_rows(a, math.prod(shape), weight, bias, eps)
    xhat, _ = _normalized(a, _last(a, len(shape)), eps)
    return _affine(xhat, weight, bias, shape)


def _layer_norm_rows(a: Raw, n: int, weight: Raw, bias: Raw, eps: float) -> Raw:
    """The same over rows of `n` neighbours, with as little new memory as may be."""
    rows = a.reshape(-1, n)
    mean, out, rstd = _standard(rows, eps)
    if mode.enabled:
        _remember(a, (n, eps), (mean, rstd))
    out *= rstd
    if weight is not None:
        out *= weight.reshape(n)
    if bias is not None:
        out += bias.reshape(n)
    return out.reshape(a.shape)


def _row_means(v: Raw) -> Raw:
    return np.add.reduce(v, 1, keepdims=True) / v.dtype.type(v.shape[1])


def _standard(rows: Raw, eps: float) -> tuple[Raw, Raw, Raw]:
    """The means of rows, the rows less these, and what remains to multiply them with."""
    mean = _row_means(rows)
    centred = rows - mean
    rstd = 1 / np.sqrt(_row_means(centred * centred) + rows.dtype.type(eps))
    return mean, centred, rstd


#: Means and deviations of arrays that a layer norm took, for its backward pass: by the array's id,
#: as long as the array is there.
_known: dict[int, tuple[Any, tuple[int, float], tuple[Raw, Raw]]] = {}


def _remember(a: Raw, how: tuple[int, float], found: tuple[Raw, Raw]) -> None:
    key = id(a)
    _known[key] = weakref.ref(a, lambda gone: _forget(key, gone)), how, found


def _forget(key: int, gone: Any) -> None:
    if key in _known and _known[key][0] is gone:
        del _known[key]


def _remembered(a: Raw, how: tuple[int, float]) -> tuple[Raw, Raw] | None:
    found = _known.get(id(a))
    return found[2] if found is not None and found[0]() is a and found[1] == how else None


def _layer_norm_vjp(
    F: Any, g: Any, self: Any, normalized_shape: Any, weight: Any, bias: Any, eps: Any, needs: Any
) -> Any:
    dims = _last(self, len(normalized_shape))
    if F.raw and self.flags.c_contiguous:
        return _layer_norm_arrays(g, self, weight, bias, normalized_shape, eps, needs)
    return _gradients(F, g, self, weight, bias, dims, normalized_shape, eps, needs)


def _layer_norm_arrays(
    g: Raw, a: Raw, weight: Raw, bias: Raw, shape: Ints, eps: float, needs: Sequence[bool]
) -> tuple[Raw, Raw, Raw]:
    """`_gradients` over the last dimensions, as rows, with as little new memory as may be."""
    n = math.prod(shape)
    rows, x = g.reshape(-1, n), a.reshape(-1, n)
    found = _remembered(a, (n, eps))
    if found is None:
        _, xhat, rstd = _standard(x, eps)
    else:
        mean, rstd = found
        xhat = x - mean
    xhat *= rstd
    product = rows * xhat
    gweight = sum_to(product, (n,)).reshape(shape) if weight is not None and needs[1] else None
    gbias = sum_to(rows, (n,)).reshape(shape) if bias is not None and needs[2] else None
    if not needs[0]:
        return None, gweight, gbias
    if weight is None:
        gx = rows - _row_means(rows)
    else:
        gx = rows * weight.reshape(-1)
        np.multiply(gx, xhat, product)
        gx -= _row_means(gx)
    xhat *= _row_means(product)
    gx -= xhat
    gx *= rstd
    return gx.reshape(a.shape), gweight, gbias


layer_norm = expose(define(
    "native_layer_norm(self, normalized_shape, weight, bias, eps)", _layer_norm,
    family="normalization", joint=_layer_norm_vjp, wrt="self weight bias",
), function=False, method=False)  # fmt: skip


# --- batch norm --------------------------------------------------------------------------------
def _channels(a: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the dimensions of a batch norm and the shape of its weight."""
    ndim = len(a.shape)
    return (0, *range(2, ndim)), (1, a.shape[1], *(1,) * (ndim - 2))


def is_float32(a: Raw, *others: Raw) -> bool:
    """Whether an input (N, C, ...) and what goes with it are normalised in PyTorch's steps."""
    return bool(a.size and a.flags.c_contiguous) and all(
        t is None or t.dtype == np.float32 for t in (a, *others)
    )


def _batch_norm(
    a: Raw, weight: Raw, bias: Raw, mean: Raw, var: Raw, training: bool, eps: float
) -> Raw:
    if is_float32(a, weight, bias, mean, var):
        return fused.batch_norm(a, weight, bias, mean, var, training, eps)
    dims, shape = _channels(a)
    if training:
        xhat, _ = _normalized(a, dims, eps)
    else:
        xhat = (a - mean.reshape(shape)) * (1 / np.sqrt(var.reshape(shape) + eps))
    return _affine(xhat, weight, bias, shape).astype(a.dtype, copy=False)


def _batch_norm_vjp(
    F: Any, g: Any, self: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool,
    eps: float, needs: Any,
) -> Any:  # fmt: skip
    dims, shape = _channels(self)
    if training:
        return _gradients(F, g, self, weight, bias, dims, shape, eps, needs)
    rstd = F.rsqrt(var.reshape(shape) + eps)
    xhat = (self - mean.reshape(shape)) * rstd
    gw = g if weight is None else g * weight.reshape(shape)
    return gw * rstd, *_affine_gradients(F, g, xhat, weight, bias, shape, needs)


batch_norm = expose(define(
    "native_batch_norm(self, weight, bias, mean, var, training, eps)", _batch_norm,
    family="normalization", joint=_batch_norm_vjp, wrt="self weight bias",
), function=False, method=False)  # fmt: skip


# --- group norm --------------------------------------------------------------------------------
def _grouped(a: Any, groups: int) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """Return `a` as (N, groups, channels, ...), its dimensions of a group, the weight's shape."""
    n, c = a.shape[:2]
    split = a.reshape((n, groups, c // groups, *a.shape[2:]))
    ndim = len(split.shape)
    return split, tuple(range(2, ndim)), (1, groups, c // groups, *(1,) * (ndim - 3))


def _group_norm(a: Raw, groups: int, weight: Raw, bias: Raw, eps: float) -> Raw:
    split, dims, shape = _grouped(a, groups)
    xhat, _ = _normalized(split, dims, eps)
    return _affine(xhat, weight, bias, shape).reshape(a.shape)


def _group_norm_vjp(
    F: Any, g: Any, self: Any, groups: int, weight: Any, bias: Any, eps: float, needs: Any
) -> Any:
    split, dims, shape = _grouped(self, groups)
    grouped = g.reshape(tuple(split.shape))
    gx, gweight, gbias = _gradients(F, grouped, split, weight, bias, dims, shape, eps, needs)
    return None if gx is None else gx.reshape(tuple(self.shape)), gweight, gbias


group_norm = expose(define(
    "native_group_norm(self, groups, weight, bias, eps)", _group_norm, family="normalization",
    joint=_group_norm_vjp, wrt="self weight bias",
), function=False, method=False)  # fmt: skip
