"""Losses against class numbers, probabilities and labels."""

from __future__ import annotations

from typing import Any

import engine
from engine.tensor import Tensor

from ..kernels import composites
from ..kernels import losses as rows
from .activation import log_softmax, logsigmoid
from .reductions import _apply, _reduction


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Minus log-probabilities (N, C, *) at the classes (N, *), weighted per class."""
    reduction = _reduction(reduction, size_average, reduce)
    if target.dtype not in (engine.int64, engine.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.display}"
        )
    if input.dim() < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {input.dim()})")
    if input.dim() != 1 and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
            f"({target.shape[0]})."
        )
    if input.dim() <= 2:
        return rows.nll_loss(input, target, weight, reduction, ignore_index)  # type: ignore[no-any-return]
    expected = (input.shape[0], *input.shape[2:])
    if tuple(target.shape) != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")
    if input.dim() == 4:
        return rows.nll_loss2d(input, target, weight, reduction, ignore_index)  # type: ignore[no-any-return]
    n, c = input.shape[:2]
    flat = input.reshape(n, c, 1, -1)
    loss = rows.nll_loss2d(flat, target.reshape(n, 1, -1), weight, reduction, ignore_index)
    return loss.view(expected) if reduction == "none" else loss  # type: ignore[no-any-return]


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Log softmax over classes, then nll_loss; `target` is class numbers or probabilities."""
    reduction = _reduction(reduction, size_average, reduce)
    dim = 0 if input.dim() == 1 else 1
    if target.shape == input.shape and target.dtype.is_floating_point:
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, dim)
    if target.shape == input.shape and input.dim() > 0:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, "
            f"got {target.dtype.display}"
        )
    if label_smoothing > 0.0:
        return _smoothed(input, target, weight, reduction, ignore_index, label_smoothing, dim)
    return nll_loss(log_softmax(input, dim), target, weight, None, ignore_index, None, reduction)


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, dim: int
) -> Tensor:
    if smoothing > 0.0:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    product = log_softmax(input, dim) * target
    if weight is not None:
        shape = [1] * input.dim()
        shape[dim] = weight.shape[0]
        product = product * weight.view(shape)
    if reduction == "none":
        return -product.sum(dim)  # type: ignore[no-any-return]
    if reduction == "sum":
        return -product.sum()  # type: ignore[no-any-return]
    return composites.over(-product.sum(), input.numel() // input.shape[dim])  # type: ignore[no-any-return]


def _smoothed(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int,
    smoothing: float, dim: int,
) -> Tensor:  # fmt: skip
    if not 0.0 <= smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing}")
    logs = log_softmax(input, dim)
    nll = nll_loss(logs, target, weight, None, ignore_index, None, reduction)
    if weight is None:
        smooth = -logs.sum(dim)
    else:
        shape = [1] * input.dim()
        shape[dim] = weight.shape[0]
        smooth = -(logs * weight.view(shape)).sum(dim)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored, 0.0)
    if reduction == "sum":
        smooth = smooth.sum()
    elif reduction == "mean":
        if weight is None:
            smooth = smooth.sum() / float((~ignored).sum())
        else:
            kept = weight[target.masked_fill(ignored, 0)].masked_fill(ignored, 0.0)
            smooth = smooth.sum() / kept.sum()
    share = composites.times(smooth, smoothing / input.shape[dim])
    return composites.times(nll, 1 - smoothing) + share  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Cross entropy of probabilities; logarithms are cut off at -100."""
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.display} but expected {input.dtype.display}")
    if weight is not None:
        weight = weight.expand(engine.broadcast_shapes(target.shape, weight.shape))
    return rows.binary_cross_entropy(  # type: ignore[no-any-return]
        input, target, weight, _reduction(reduction, size_average, reduce)
    )


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Cross entropy of sigmoid(input), computed without overflow."""
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    return rows.binary_cross_entropy_with_logits(  # type: ignore[no-any-return]
        input, target, weight, pos_weight, _reduction(reduction, size_average, reduce)
    )


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Sum over wrong classes of max(0, margin - x[target] + x)^p, divided by their number."""
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    reduction = _reduction(reduction, size_average, reduce)
    return rows.multi_margin_loss(input, target, p, margin, weight, reduction)  # type: ignore[no-any-return]


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Margins of the target classes, which end at the first -1, over all others."""
    reduction = _reduction(reduction, size_average, reduce)
    return rows.multilabel_margin_loss(input, target, reduction)  # type: ignore[no-any-return]


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Binary cross entropy of logits, averaged over the classes."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    value = loss.sum(input.dim() - 1) / input.shape[-1]
    return _apply(value, _reduction(reduction, size_average, reduce))
