"""Rows that PyTorch's composite functions are made of and Python code never calls by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.scalars import minus, over, plus, times
from engine.ops.table import define

Raw = Any


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _softmax(a: Raw) -> Raw:
    """Softmax over the last dimension that is 0 where everything is -inf."""
    top = a.max(axis=-1, keepdims=True)
    e = np.exp(a - np.where(np.isneginf(top), 0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def _softmax_vjp(F: Any, g: Any, result: Any) -> Any:
    product = g * result
    return product - result * F.sum_to(product, (*result.shape[:-1], 1))


safe_softmax = _expose(define(
    "_safe_softmax(self)", _softmax, family="activation", self=_softmax_vjp
))  # fmt: skip


def _shuffle(a: Raw, groups: int) -> Raw:
    n, c, *rest = a.shape
    return a.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(a.shape)


channel_shuffle = _expose(define(
    "channel_shuffle(self, groups)", _shuffle, family="shape",
    self=lambda F, g, self_sizes, groups: F.channel_shuffle(g, self_sizes[1] // groups),
))  # fmt: skip


def _soft_margin(a: Raw, t: Raw, reduction: str) -> Raw:
    from .losses import reduce

    return reduce(np.log1p(np.exp(-t * a)), reduction)


def _soft_margin_vjp(F: Any, g: Any, self: Any, target: Any, reduction: str) -> Any:
    from .losses import share

    return -target * F.sigmoid(-target * self) * share(self, reduction) * g


soft_margin_loss = _expose(define(
    "soft_margin_loss(self, target, reduction='mean')", _soft_margin, family="loss",
    self=_soft_margin_vjp,
))  # fmt: skip


def _pairs(n: int) -> tuple[Raw, Raw]:
    return np.triu_indices(n, 1)


def _pdist(a: Raw, p: float) -> Raw:
    i, j = _pairs(len(a))
    return np.linalg.norm(a[i] - a[j], p, axis=1).astype(a.dtype)


def _pdist_vjp(F: Any, g: Any, self: Any, p: float, result: Any) -> Any:
    if not F.raw:
        raise RuntimeError("the derivative for '_pdist_backward' is not implemented.")
    i, j = _pairs(len(self))
    d = self[i] - self[j]
    far = np.where(result == 0, 1, result)[:, None]
    if p == 0:
        return np.zeros_like(self)
    if p == np.inf:
        slope = np.sign(d) * (np.abs(d) == far)
    else:
        slope = np.sign(d) * (np.abs(d) / far) ** (p - 1)
    slope = slope * (result != 0)[:, None] * g[:, None]
    out = np.zeros_like(self)
    np.add.at(out, i, slope)
    np.subtract.at(out, j, slope)
    return out


pdist = _expose(define("pdist(self, p=2.0)", _pdist, family="reduction", self=_pdist_vjp))

__all__ = [
    "channel_shuffle", "minus", "over", "pdist", "plus", "safe_softmax", "soft_margin_loss", "times",
]  # fmt: skip
