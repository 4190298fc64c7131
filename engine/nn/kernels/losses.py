"""Rows of the loss functions that are one node: value, reduction and gradients side by side.

`reduction` is "none", "mean" or "sum". A gradient multiplies in PyTorch's order.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from engine import errors
from engine.batching.levels import level_of
from engine.dtype import FROM_NP
from engine.ops import cascade, halves
from engine.ops.api import expose
from engine.ops.table import PROMOTE, define

Raw = Any


def reduce(a: Raw, reduction: str) -> Raw:
    if reduction == "none":
        return a
    total = cascade.total(a) if cascade.follows(a) else a.sum(dtype=a.dtype)
    return total / a.dtype.type(a.size) if reduction == "mean" else total


def share(x: Any, reduction: str) -> float:
    """Return the factor with which every element enters the result; nan without elements."""
    n = x.shape.numel() if hasattr(x.shape, "numel") else x.size
    return (1.0 / n if n else float("nan")) if reduction == "mean" else 1.0


def _narrowed(x: Any, factor: float) -> float:
    """Return a factor as the kernels of a narrow type take it: rounded to the type of `x`."""
    d = getattr(x, "_d", None)
    return float(halves.near(factor, d)) if d in halves.HALVES else factor


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _floating(kernel: str, a: Raw) -> None:
    if a.dtype.kind != "f":
        raise errors.not_implemented(kernel, FROM_NP[a.dtype].display)


def _mse(a: Raw, t: Raw, reduction: str) -> Raw:
    _floating("mse_cpu", a)
    d = a - t
    return reduce(d * d, reduction)


def _mse_vjp(F: Any, g: Any, self: Any, target: Any, reduction: str) -> Any:
    return (self - target) * _narrowed(self, 2.0 * share(self, reduction)) * g


mse_loss = _expose(define(
    "mse_loss(self, target, reduction='mean')", _mse, PROMOTE, family="loss", self=_mse_vjp,
    target=lambda F, g, self, target, reduction: -_mse_vjp(F, g, self, target, reduction),
))  # fmt: skip


def _smooth_l1(a: Raw, t: Raw, reduction: str, beta: float) -> Raw:
    _floating("smooth_l1_cpu", a)
    d = np.abs(a - t)
    return reduce(np.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta).astype(d.dtype), reduction)


def _smooth_l1_vjp(F: Any, g: Any, self: Any, target: Any, reduction: str, beta: float) -> Any:
    d = self - target
    norm = share(self, reduction)
    inside = F.where(d >= beta, g * norm, d * (norm / beta) * g)
    return F.where(d <= -beta, g * -norm, inside)


smooth_l1_loss = _expose(define(
    "smooth_l1_loss(self, target, reduction='mean', beta=1.0)", _smooth_l1, PROMOTE, family="loss",
    node="SmoothL1LossBackward0", self=_smooth_l1_vjp,
    target=lambda F, g, self, target, reduction, beta:
        -_smooth_l1_vjp(F, g, self, target, reduction, beta),
))  # fmt: skip


def _huber(a: Raw, t: Raw, reduction: str, delta: float) -> Raw:
    _floating("huber_cpu", a)
    d = np.abs(a - t)
    huber = np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))
    return reduce(huber.astype(d.dtype), reduction)


def _huber_vjp(F: Any, g: Any, self: Any, target: Any, reduction: str, delta: float) -> Any:
    d = self - target
    norm = _narrowed(self, share(self, reduction))
    inside = F.where(d >= delta, g * (norm * delta), d * norm * g)
    return F.where(d <= -delta, g * (-norm * delta), inside)


huber_loss = _expose(define(
    "huber_loss(self, target, reduction='mean', delta=1.0)", _huber, PROMOTE, family="loss",
    self=_huber_vjp,
    target=lambda F, g, self, target, reduction, delta:
        -_huber_vjp(F, g, self, target, reduction, delta),
))  # fmt: skip


def _bce(a: Raw, t: Raw, weight: Raw, reduction: str) -> Raw:
    for name, values in (("input", a), ("target", t)):
        if not np.all((values >= 0) & (values <= 1)):
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    with np.errstate(divide="ignore"):
        low = np.maximum(np.log1p(-a), a.dtype.type(-100))
        high = np.maximum(np.log(a), a.dtype.type(-100))
    loss = (t - 1) * low - t * high
    return reduce(loss if weight is None else loss * weight, reduction)


def _bce_vjp(F: Any, g: Any, self: Any, target: Any, weight: Any, reduction: str) -> Any:
    spread = (1 - self) * self
    v = g * (self - target) / F.where(spread < 1e-12, F.ones_like(spread) * 1e-12, spread)
    v = v if weight is None else v * weight
    return v / math.prod(self.shape) if reduction == "mean" else v


def _bce_target(F: Any, g: Any, self: Any, weight: Any, reduction: str) -> Any:
    v = (F.log(1 - self) - F.log(self)) * g
    v = v if weight is None else v * weight
    return v * share(self, reduction) if reduction == "mean" else v


binary_cross_entropy = _expose(define(
    "binary_cross_entropy(self, target, weight=None, reduction='mean')", _bce, family="loss",
    self=_bce_vjp, target=_bce_target,
))  # fmt: skip


def _bce_logits(a: Raw, t: Raw, weight: Raw, pos_weight: Raw, reduction: str) -> Raw:
    log_sigmoid = np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))
    if pos_weight is None:
        loss = (1 - t) * a - log_sigmoid
    else:
        loss = (1 - t) * a - ((pos_weight - 1) * t + 1) * log_sigmoid
    return reduce(loss if weight is None else loss * weight, reduction)


def _bce_logits_vjp(
    F: Any, g: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: str
) -> Any:
    if pos_weight is None:
        v = (F.sigmoid(self) - target) * g
    else:
        t = pos_weight * target
        v = ((t + 1 - target) * F.sigmoid(self) - t) * g
    v = v if weight is None else v * weight
    return v / (1 / share(self, reduction)) if reduction == "mean" else v


def _bce_logits_target(
    F: Any, g: Any, self: Any, weight: Any, pos_weight: Any, reduction: str
) -> Any:
    if pos_weight is None:
        v = -self * g
    else:
        v = -(F.log_sigmoid(self) * (pos_weight - 1) + self) * g
    v = v if weight is None else v * weight
    return v * share(self, reduction) if reduction == "mean" else v


binary_cross_entropy_with_logits = _expose(define(
    "binary_cross_entropy_with_logits(self, target, weight=None, "
    "pos_weight=None, reduction='mean')",
    _bce_logits, family="loss", self=_bce_logits_vjp, target=_bce_logits_target,
))  # fmt: skip


# --- negative log-likelihood -------------------------------------------------------------------
def _class_weights(a: Raw, target: Raw, weight: Raw, ignore_index: int) -> tuple[Raw, Raw]:
    """Return targets that can be indexed with, and their weights (0 where ignored)."""
    kept = target != ignore_index
    safe = np.where(kept, target, 0)
    wrong = safe[(safe < 0) | (safe >= a.shape[1 if a.ndim > 1 else 0])]
    if wrong.size:
        raise IndexError(f"Target {wrong.ravel()[0]} is out of bounds.")
    w = kept.astype(a.dtype) if weight is None else weight[safe] * kept
    return safe, w


def _simple(a: Raw, target: Raw, weight: Raw, reduction: str) -> bool:
    """Whether a loss is the mean over rows of (rows, classes), none of which is left out."""
    if reduction != "mean" or weight is not None or a.ndim != 2 or target.dtype != np.int64:
        return False
    # A negative number is a very large one without its sign: one comparison finds both kinds.
    return bool(target.size) and int(np.maximum.reduce(target.view(np.uint64))) < a.shape[1]


@lru_cache(64)
def _counting(n: int) -> Raw:
    return np.arange(n)


def _nll(a: Raw, target: Raw, weight: Raw, reduction: str, ignore_index: int) -> Raw:
    if ignore_index < 0 and _simple(a, target, weight, reduction):
        return -(cascade.counted(a[_counting(len(a)), target]) / a.dtype.type(len(a)))
    safe, w = _class_weights(a, target, weight, ignore_index)
    axis = 1 if a.ndim > 1 else 0
    picked = np.take_along_axis(a, np.expand_dims(safe, axis), axis)
    loss = -w * np.squeeze(picked, axis)
    loss = np.where(w == 0, 0, loss).astype(a.dtype, copy=False)
    if reduction == "none":
        return loss
    total = loss.sum(dtype=a.dtype)
    if reduction == "sum":
        return total
    with np.errstate(invalid="ignore"):
        return total / w.sum(dtype=a.dtype)


def _nll_vjp(
    F: Any, g: Any, self: Any, target: Any, weight: Any, reduction: str, ignore_index: int
) -> Any:
    if not F.raw and (level_of(self) or level_of(target)):
        return _nll_of_examples(F, g, self, target, weight, reduction, ignore_index)
    raw, where = F.array(self), F.array(target)
    if F.raw and ignore_index < 0 and _simple(raw, where, weight, reduction):
        v = np.zeros(raw.shape, raw.dtype)
        v[_counting(len(raw)), where] = g * (-1 / raw.dtype.type(len(raw)))
        return v
    w = None if weight is None else F.array(weight)
    safe, w = _class_weights(raw, where, w, ignore_index)
    total = w.sum(dtype=raw.dtype)
    if reduction == "mean":
        w = w / (total if total else 1)
    axis = 1 if raw.ndim > 1 else 0
    mask = np.zeros(raw.shape, raw.dtype)
    np.put_along_axis(mask, np.expand_dims(safe, axis), np.expand_dims(0 - w, axis), axis)
    if reduction == "none" and g.ndim:
        shape = list(g.shape)
        shape.insert(axis, 1)
        g = g.reshape(shape)
    return F.const(mask) * g


def _nll_of_examples(
    F: Any, g: Any, self: Any, target: Any, weight: Any, reduction: str, ignore_index: int
) -> Any:
    """The same by operations, which a map computes for all examples at once."""
    axis = 1 if len(self.shape) > 1 else 0
    shares = (target != ignore_index).to(self.dtype)
    safe = target.clamp(0, self.shape[axis] - 1)
    if weight is not None:
        shares = weight[safe] * shares
    if reduction == "mean":
        shares = shares / shares.sum()
    if reduction == "none":
        shares = shares * g
    rows = (-shares).unsqueeze(axis)
    mask = F.scatter(F.zeros_like(self * 1), axis, safe.unsqueeze(axis), rows)
    return mask if reduction == "none" else mask * g


_SIGNATURE = "(self, target, weight=None, reduction='mean', ignore_index=-100)"
NLL = define(f"nll_loss{_SIGNATURE}", _nll, family="loss", self=_nll_vjp)
nll_loss = _expose(NLL)
nll_loss2d = _expose(define(
    f"nll_loss2d{_SIGNATURE}", _nll, family="loss", node="NllLoss2DBackward0", self=_nll_vjp
))  # fmt: skip


# --- margins over classes ----------------------------------------------------------------------
def _margins(a: Raw, target: Raw, p: int, margin: float, weight: Raw) -> tuple[Raw, Raw]:
    """Return the summed margins per row and their slopes with respect to `a` (rows, classes)."""
    rows = np.arange(len(a))
    z = margin - a[rows, target][:, None] + a
    z[rows, target] = 0
    violated = z > 0
    z = np.where(violated, z, 0)
    slope = violated * (1 if p == 1 else 2 * z)
    scale = np.ones(len(a), a.dtype) if weight is None else weight[target]
    slope = slope * scale[:, None]
    slope[rows, target] = -slope.sum(axis=1)
    n = a.shape[1]
    return (scale * (z**p).sum(axis=1) / n).astype(a.dtype), (slope / n).astype(a.dtype)


def _rows(a: Raw, target: Raw) -> tuple[Raw, Raw]:
    return (a, target) if a.ndim == 2 else (a[None], np.atleast_1d(target))


def _multi_margin(a: Raw, target: Raw, p: int, margin: float, weight: Raw, reduction: str) -> Raw:
    loss, _ = _margins(*_rows(a, target), p, margin, weight)
    return reduce(loss if a.ndim == 2 else loss[0], reduction)


def _multi_margin_vjp(
    F: Any, g: Any, self: Any, target: Any, p: int, margin: float, weight: Any, reduction: str
) -> Any:
    a, t = _rows(F.array(self), F.array(target))
    _, slope = _margins(a, t, p, margin, None if weight is None else F.array(weight))
    if reduction == "mean":
        slope = slope / a.dtype.type(len(a))
    slope = slope.reshape(self.shape)
    return F.const(slope) * (g.reshape(-1, 1) if reduction == "none" and self.ndim == 2 else g)


multi_margin_loss = _expose(define(
    "multi_margin_loss(self, target, p=1, margin=1.0, weight=None, reduction='mean')",
    _multi_margin, family="loss", self=_multi_margin_vjp,
))  # fmt: skip


def _label_margins(a: Raw, target: Raw) -> tuple[Raw, Raw]:
    """Return the summed margins of true over other classes per row, and their slopes."""
    loss, slope = np.zeros(len(a), a.dtype), np.zeros_like(a)
    n = a.shape[1]
    for i, labels in enumerate(target):
        end = np.flatnonzero(labels < 0)
        true = labels[: end[0]] if end.size else labels
        other = np.setdiff1d(np.arange(n), true)
        z = 1 - (a[i, true][:, None] - a[i, other])
        violated = (z > 0).astype(a.dtype)
        loss[i] = (z * violated).sum() / n
        np.add.at(slope[i], true, -violated.sum(axis=1) / n)
        slope[i, other] += violated.sum(axis=0) / n
    return loss, slope


def _multilabel_margin(a: Raw, target: Raw, reduction: str) -> Raw:
    loss, _ = _label_margins(np.atleast_2d(a), np.atleast_2d(target))
    return reduce(loss if a.ndim == 2 else loss[0], reduction)


def _multilabel_margin_vjp(F: Any, g: Any, self: Any, target: Any, reduction: str) -> Any:
    a = np.atleast_2d(F.array(self))
    _, slope = _label_margins(a, np.atleast_2d(F.array(target)))
    if reduction == "mean":
        slope = slope / a.dtype.type(len(a))
    slope = slope.reshape(self.shape)
    return F.const(slope) * (g.reshape(-1, 1) if reduction == "none" and self.ndim == 2 else g)


multilabel_margin_loss = _expose(define(
    "multilabel_margin_loss(self, target, reduction='mean')", _multilabel_margin, family="loss",
    self=_multilabel_margin_vjp,
))  # fmt: skip
