"""Norms of tensors along dimensions, and distances that are norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtype import FLOAT
from engine.errors import type_name
from engine.ops.api import publish
from engine.ops.helpers import axes, expand_dims
from engine.ops.table import define, run
from engine.tensor import Tensor

Raw = Any


def _need_identity(shape: Any, dims: Any, dim: Any) -> None:
    empty = next((d for d in dims if not shape[d]), None)
    if empty is not None:
        where = "an empty tensor" if dim is None else f"the dimension {empty}"
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the inf norm on {where}"
            + (" because the" if dim is None else "because this dimension is empty and the")
            + " operation does not have an identity"
        )


def vector_norm_raw(a: Raw, p: float, dim: Any, keepdim: bool) -> Raw:
    a = np.asarray(a)
    dims = axes(dim, a.ndim)
    if p == math.inf and not a.size:
        _need_identity(a.shape, dims, dim)
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
        hit = F.bool_to((F.abs(self) == r) | ((self != self) & (r != r)), g)
        return F.sgn(self) * hit * (g / F.sum(hit, list(dims), True) if dims else g)
    zero = r == 0
    safe = F.where(zero, F.ones_like(r), r)
    if p == 2:
        return F.where(zero, F.zeros_like(self), self / safe * g)
    m = F.abs(self)
    if p < 2:
        m = F.where(m == 0, F.ones_like(m), m)
    return F.where(zero, F.zeros_like(self), self * F.power(m, p - 2) * (g / F.power(safe, p - 1)))


def _vjp(
    F: Any, g: Any, self: Any, result: Any, self_sizes: Any, p: float, dim: Any, keepdim: bool
) -> Any:
    """The gradient of a p-norm; none where p is 0, which counts."""
    return norm_vjp(F, g, self, result, self_sizes, p, dim, keepdim) if p else None


NORM = define(
    "norm(self, p, dim, keepdim)",
    vector_norm_raw,
    family="reduction",
    node="NormBackward1",
    self=_vjp,
)


VECTOR_NORM = define(
    "linalg_vector_norm(self, p, dim, keepdim)",
    vector_norm_raw,
    family="reduction",
    node="LinalgVectorNormBackward0",
    self=_vjp,
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
        return input.layout
    if not isinstance(p, (str, int, float, complex, np.number, type(None))):
        raise TypeError(
            f"linalg_vector_norm(): argument 'ord' (position 2) must be Number, not {type_name(p)}"
        )
    t = input if dtype is None else input.to(dtype)
    if p == "nuc":
        from engine.linalg import matrix_norm

        return matrix_norm(t, "nuc", tuple(range(len(t._s))) if dim is None else dim, keepdim)
    if t._d.category < FLOAT:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + t._d.display
        )
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
        raise RuntimeError(
            "linalg.matrix_norm: dim must be a 2-tuple. Got " + " ".join(map(str, dim))
        )
    p_: Any = p
    order = 2.0 if p in ("fro", None) else float(p_)
    dims = None if dim is None else [dim] if isinstance(dim, int) else list(dim)
    return run(VECTOR_NORM, [t, order, dims, keepdim])


def method_norm(
    self: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    return norm(self, p, dim, keepdim, dtype=dtype)


method_norm.__qualname__ = "Tensor.norm"


publish("norm", norm, method=False)
publish("norm", method_norm, function=False, F=False)
