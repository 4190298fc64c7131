"""Rows that PyTorch's composite functions are made of and Python code never calls by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.scalars import minus, over, plus, times
from engine.ops.table import define
from engine.ops.twice import refuse_kernel

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


def _trilinear(i1: Raw, i2: Raw, i3: Raw) -> Raw:
    """Σ x[b, i] A[o, i, j] y[b, j] as (b, o), of x, A and y."""
    return np.ascontiguousarray((np.matmul(i1, i2) * i3).sum(-1, i3.dtype).T)


def _trilinear_vjp(
    F: Any, g: Any, i1: Any, i2: Any, i3: Any, needs: tuple[bool, ...]
) -> tuple[Any, ...]:
    each = g.mT.reshape(g.shape[1], g.shape[0], 1)
    left = F.sum_to(each * F.matmul(i3, i2.mT), i1.shape) if needs[0] else None
    matrix = F.matmul((each * i1).mT, i3) if needs[1] else None
    right = F.sum_to(each * F.matmul(i1, i2), i3.shape) if needs[2] else None
    return left, matrix, right


trilinear = _expose(define(
    "_trilinear(i1, i2, i3)", _trilinear, family="matmul", node="TrilinearBackward0",
    joint=_trilinear_vjp, wrt="i1 i2 i3",
))  # fmt: skip
#: The transpose that the recurrent layers make in place of their output.
turned = _expose(define(
    "transpose(self, dim0, dim1)", lambda a, dim0, dim1: a.swapaxes(dim0, dim1), family="shape",
    view=True, node="TransposeBackward1", key="transpose_whole", self="transpose(g, dim0, dim1)",
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

    return reduce(np.log(1 + np.exp(-t * a)), reduction)


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
        raise _underived()
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


def _underived() -> Exception:
    return NotImplementedError("the derivative for '_pdist_backward' is not implemented.")


_PDIST = define("pdist(self, p=2.0)", _pdist, family="reduction", self=_pdist_vjp)
refuse_kernel(_PDIST, _underived, "self result", "PdistBackward")
pdist = _expose(_PDIST)

__all__ = [
    "channel_shuffle", "minus", "over", "pdist", "plus", "safe_softmax", "soft_margin_loss", "times",
    "trilinear", "turned",
]  # fmt: skip
