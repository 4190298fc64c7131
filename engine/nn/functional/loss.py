"""Losses against values and distributions."""

from __future__ import annotations

import math
import warnings
from typing import Any

import engine
from engine.tensor import Tensor

from ..kernels import composites
from ..kernels import losses as rows
from .reductions import _apply, _reduction, _same_size, _tensors, retired_reduction


def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)²."""
    input, target = _same_size(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    if weight is not None:
        value: Tensor = (input - target) ** 2 * weight
        return (
            value
            if reduction == "none"
            else (value.sum() if reduction == "sum" else value.sum() / weight.sum())
        )
    return rows.mse_loss(input, target, reduction)  # type: ignore[no-any-return]


def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target|."""
    input, target = _same_size(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    value = (input - target).abs()
    if weight is None:
        return _apply(value, reduction)
    value = value * weight
    return value.sum() / weight.sum() if reduction == "mean" else _apply(value, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """Quadratic below beta, linear above it, scaled by 1 / beta."""
    input, target = _same_size(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return _apply((input - target).abs(), reduction)
    return rows.smooth_l1_loss(input, target, reduction, beta)  # type: ignore[no-any-return]


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Quadratic below delta, linear above it."""
    input, target = _same_size(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is not None:
        value = rows.huber_loss(input, target, "none", delta) * weight
        return _apply(value, _reduction(reduction))
    return rows.huber_loss(input, target, _reduction(reduction), delta)  # type: ignore[no-any-return]


_KL_MEAN = (
    "reduction: 'mean' divides the total loss by both the batch size and the support size."
    "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
    "'mean' will be changed to behave the same as 'batchmean' in the next major release."
)


def kl_div(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """target (log target - input), input in log space; "batchmean" divides by the batch size."""
    if size_average is not None or reduce is not None:
        reduction = retired_reduction(size_average, reduce)
    elif reduction == "mean":
        warnings.warn(_KL_MEAN, stacklevel=2)
    elif reduction not in ("batchmean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    _tensors("kl_div", input=input, target=target)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        value = target.exp() * (target - input)
    else:
        value = engine.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return value.sum() / input.shape[0] if input.dim() else value.sum()  # type: ignore[no-any-return]
    return _apply(value, reduction)


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: Any = None, eps: float = 1e-8, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """exp(input) - target input, plus Stirling's term if `full`."""
    _tensors("poisson_nll_loss", input=input, target=target)
    reduction = _reduction(reduction, size_average, reduce)
    if log_input:
        loss = input.exp() - target * input
    else:
        loss = input - target * composites.plus(input, eps).log()
    if full:
        root = composites.times(composites.times(target, 2 * math.pi).log(), 0.5)
        stirling = target * target.log() - target + root
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return _apply(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """½ (log var + (input - target)² / var), var at least eps."""
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * engine.ones_like(input)
    elif bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif len(var.shape) != len(input.shape) or any(
            v not in (1, n) for v, n in zip(var.shape, input.shape, strict=True)
        ):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with engine.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _apply(loss, reduction)
