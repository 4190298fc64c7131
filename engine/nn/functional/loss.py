"""Loss functions with their checks and reductions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import engine
from engine.tensor import Tensor

from ..kernels import composites
from ..kernels import losses as rows
from .activation import log_softmax, logsigmoid
from .linear import pairwise_distance


def retired_reduction(size_average: bool | None, reduce: bool | None, warn: bool = True) -> str:
    """Return the reduction that the retired arguments size_average and reduce mean."""
    size_average = True if size_average is None else size_average
    reduce = True if reduce is None else reduce
    name = "none" if not reduce else "mean" if size_average else "sum"
    if warn:
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{name}' instead.",
            stacklevel=4,
        )
    return name


def _reduction(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    if size_average is not None or reduce is not None:
        return retired_reduction(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _apply(value: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return value.mean()  # type: ignore[no-any-return]
    return value.sum() if reduction == "sum" else value


def _same_size(input: Tensor, target: Tensor, stacklevel: int = 3) -> tuple[Tensor, Tensor]:
    """Warn about different sizes and broadcast."""
    sizes = input.size(), target.size()  # calls: what has no method size() is refused here
    if sizes[0] == sizes[1]:
        return input, target
    warnings.warn(
        f"Using a target size ({sizes[1]}) that is different to the input size "
        f"({sizes[0]}). This will likely lead to incorrect results due to broadcasting. Please "
        "ensure they have the same size.",
        stacklevel=stacklevel,
    )
    shape = engine.broadcast_shapes(input.shape, target.shape)
    return (
        input if input.shape == shape else input.expand(shape),
        target if target.shape == shape else target.expand(shape),
    )


def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)²."""
    input, target = _same_size(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    if weight is not None:
        value: Tensor = weight * rows.mse_loss(input, target, "none")
        return (
            value
            if reduction == "none"
            else (value.sum() if reduction == "sum" else value.sum() / weight.sum())
        )
    return rows.mse_loss(input, target, reduction)  # type: ignore[no-any-return]


def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """|input - target|."""
    input, target = _same_size(input, target)
    return _apply((input - target).abs(), _reduction(reduction, size_average, reduce))


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
        value = weight * rows.huber_loss(input, target, "none", delta)
        return _apply(value, _reduction(reduction))
    return rows.huber_loss(input, target, _reduction(reduction), delta)  # type: ignore[no-any-return]


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
    reduction = _reduction(reduction, size_average, reduce)
    if log_input:
        loss = input.exp() - target * input
    else:
        loss = input - target * composites.plus(input, eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
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
        elif not (input.shape[:-1] == var.shape[:-1] and var.shape[-1] == 1):
            raise ValueError("var is of incorrect size")
    reduction = _reduction(reduction)
    var = var.clone()
    with engine.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _apply(loss, reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """x where the target is 1, max(0, margin - x) where it is -1."""
    zeros = engine.zeros_like(input.detach())
    margins = engine.where(target != 1, (engine.tensor(margin) - input).clamp_min(0), zeros)
    own = engine.where(target != -1, input, zeros)
    return _apply(margins + own, _reduction(reduction, size_average, reduce))


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """log(1 + exp(-target input))."""
    if target.requires_grad:
        raise RuntimeError(
            "The function 'soft_margin_loss' is not differentiable with respect to argument "
            "'target'. This input cannot have requires_grad True."
        )
    reduction = _reduction(reduction, size_average, reduce)
    return composites.soft_margin_loss(input, target, reduction)  # type: ignore[no-any-return]


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -target (input1 - input2) + margin)."""
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    value = composites.plus(-target * (input1 - input2), margin).clamp_min(0)
    return _apply(value, _reduction(reduction, size_average, reduce))


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1."""
    dim = target.dim()
    eps = 1e-12
    product = (input1 * input2).sum(dim)
    first = (input1 * input1).sum(dim) + eps
    second = (input2 * input2).sum(dim) + eps
    cos = product / (first * second).sqrt()
    zeros = engine.zeros_like(cos.detach())
    same = engine.where(target == 1, engine.tensor(1.0) - cos, zeros)
    other = engine.where(target == -1, composites.minus(cos, margin).clamp_min(0), zeros)
    return _apply(same + other, _reduction(reduction, size_average, reduce))


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = engine.minimum(far, pairwise_distance(positive, negative, p, eps))
    value = (composites.plus(near, margin) - far).clamp_min(0)
    return _apply(value, _reduction(reduction, size_average, reduce))


def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Triplet margin loss with a distance of one's own."""
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = engine.minimum(far, distance(positive, negative))
    return _apply((margin + near - far).clamp_min(0), _reduction(reduction))


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
