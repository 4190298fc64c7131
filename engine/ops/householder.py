"""Householder reflections: geqrf, which factors a matrix by them, and the products of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import publish
from engine.ops.extremes import returns
from engine.ops.linalg import at_least_matrix
from engine.ops.table import define, run, undifferentiable

Raw = Any


def _geqrf(a: Raw) -> tuple[Raw, Raw]:
    reflections, tau = np.linalg.qr(a, mode="raw")
    return np.ascontiguousarray(np.swapaxes(reflections, -1, -2)), tau


GEQRF = define(
    "geqrf(self)",
    _geqrf,
    family="matmul",
    outputs=2,
    pack=returns("geqrf", "a tau"),
    self=undifferentiable("geqrf"),
)


def geqrf(input: Any, *, out: Any = None) -> Any:
    """R above the reflections whose product is Q, and their factors tau."""
    at_least_matrix("torch.geqrf", input, "input")
    return run(GEQRF, [input])


def _vectors(F: Any, a: Any) -> Any:
    """The vectors of the reflections: zeros above a one, then what stands below the diagonal."""
    m, n = a.shape[-2:]
    return F.tril(a, -1) + F.const(np.eye(m, n, dtype=F.elements(a).dtype))


def _columns(a: Any, i: int) -> Any:
    return a[..., :, i : i + 1]


def _householder_product(a: Raw, tau: Raw) -> Raw:
    v = np.tril(a, -1) + np.eye(*a.shape[-2:], dtype=a.dtype)
    q = np.broadcast_to(np.eye(*a.shape[-2:], dtype=a.dtype), a.shape).copy()
    for i in reversed(range(tau.shape[-1])):
        w = _columns(v, i)
        q -= tau[..., i, None, None] * (w @ (np.swapaxes(w.conj(), -1, -2) @ q))
    return q


def _h(F: Any, a: Any) -> Any:
    return F.conj(a.mT)


def _householder_vjp(F: Any, g: Any, self: Any, tau: Any, result: Any, needs: Any) -> Any:
    """Undo the reflections one after the other: before each, Q is what the later ones made of it.

    With H = I - τ v vᴴ and Q = H P, the gradients of τ and v are those of τ v (vᴴ P).
    """
    if not self.shape[-1] or not tau.shape[-1]:
        return F.zeros_like(self), F.zeros_like(tau)
    v, q = _vectors(F, self), result
    n, k = self.shape[-1], tau.shape[-1]
    slopes, factors = [], []
    for i in range(k):
        w, t = _pick(F, v, i), _factor(F, tau, i)
        inverse = _inverse_factor(F, w, t)
        p = q - F.matmul(w, F.matmul(_h(F, w), q)) * inverse  # H is undone
        along, across = F.matmul(_h(F, w), p), F.matmul(_h(F, w), g)
        total = F.sum(across * F.conj(along), [-1], True)
        factors.append(-total)
        slope = F.matmul(g, _h(F, along)) + F.matmul(p, _h(F, across))
        slopes.append(-slope * t)
        g = g - F.matmul(w, across) * F.conj(t)
        q = p
    zeros = [F.zeros_like(_pick(F, v, i)) for i in range(k, n)]
    gself = F.tril(F.cat([*slopes, *zeros], -1), -1)
    gtau = F.cat(factors, -1).reshape(tuple(tau.shape))
    return gself, gtau


def _pick(F: Any, v: Any, i: int) -> Any:
    return F.part(v, (Ellipsis, slice(i, i + 1)))


def _factor(F: Any, tau: Any, i: int) -> Any:
    return F.part(tau, (Ellipsis, slice(i, i + 1))).reshape((*tau.shape[:-1], 1, 1))


def _inverse_factor(F: Any, w: Any, t: Any) -> Any:
    """The σ of (I - τ v vᴴ)⁻¹ = I - σ v vᴴ: σ = τ / (τ |v|² - 1)."""
    return t / (t * F.sum(w * F.conj(w), [-2], True) - 1.0)


HOUSEHOLDER = define(
    "linalg_householder_product(self, tau)",
    _householder_product,
    family="matmul",
    joint=_householder_vjp,
    wrt="self tau",
)


def householder_product(input: Any, tau: Any) -> Any:
    """The first columns of the product of reflections: (*, m, n) from (*, m, n) and (*, k)."""
    at_least_matrix("torch.linalg.householder_product", input, "input")
    if input._s[-2] < input._s[-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
            "input.shape[-1]"
        )
    if input._s[-1] < tau._s[-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to "
            "tau.shape[-1]"
        )
    return run(HOUSEHOLDER, [input, tau])


publish("geqrf", geqrf, F=False)
publish("orgqr", householder_product, F=False)
