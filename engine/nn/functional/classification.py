"""Losses against class numbers, probabilities and labels."""

from __future__ import annotations

from typing import Any

import engine
from engine import errors
from engine.batching.levels import level_of
from engine.dtype import int64
from engine.ops.softmax import LOG_SOFTMAX
from engine.tensor import Tensor

from ..kernels import composites
from ..kernels import losses as rows
from .activation import log_softmax, logsigmoid
from .reductions import _apply, _broadcasts, _reduction, _tensors, retired_reduction


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Minus log-probabilities (N, C, *) at the classes (N, *), weighted per class."""
    reduction = _reduction(reduction, size_average, reduce)
    _tensors("nll_loss_nd", input=input, target=target)
    if input.dim() in (1, 2) and target.dim() > 1 and input.shape[:1] == target.shape[:1]:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    alike = input.dim() < 2 or not target.dim() or input.shape[0] == target.shape[0]
    if alike and target.dtype not in (engine.int64, engine.uint8):
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
    _check_classes(input, target, weight)
    if input.dim() == 1 and target.dim() == 1:
        target = target.reshape(())
    if input.dim() <= 2:
        return rows.nll_loss(input, target, weight, reduction, ignore_index)  # type: ignore[no-any-return]
    expected = (input.shape[0], *input.shape[2:])
    if input.dim() == 4 and target.dim() != 3:
        raise RuntimeError(
            "only batches of spatial targets supported (3D tensors) but got targets of dimension: "
            f"{target.dim()}"
        )
    if tuple(target.shape) != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")
    if input.dim() == 4:
        return rows.nll_loss2d(input, target, weight, reduction, ignore_index)  # type: ignore[no-any-return]
    n, c = input.shape[:2]
    flat = input.reshape(n, c, 1, -1)
    loss = rows.nll_loss2d(flat, target.reshape(n, 1, -1), weight, reduction, ignore_index)
    return loss.view(expected) if reduction == "none" else loss  # type: ignore[no-any-return]


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Raise if there is not one class number per sample and one weight per class."""
    dims = input.dim()
    if dims == 1 and target.dim() == 1 and target.shape[0] != 1:
        raise ValueError(
            f"For 1D input, 1D target must have size 1, but got target size: {target.shape[0]}"
        )
    if dims <= 2 and target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    classes = input.shape[0 if dims == 1 else 1]
    if weight is None:
        return
    if weight.numel() != classes:
        which = f"all {classes} classes" if dims <= 2 else "all"
        text = f"weight tensor should be defined either for {which} or no classes"
        shown = f" but got weight tensor of shape: {list(weight.shape)}" if dims <= 2 else ""
        raise RuntimeError(text + shown)
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.display} but found {weight.dtype.display}"
        )


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Log softmax over classes, then nll_loss; `target` is class numbers or probabilities."""
    if (
        type(input) is Tensor and type(target) is Tensor and input._d.quick and target._d is int64
        and weight is size_average is reduce is None and label_smoothing == 0.0
        and len(input._s) == 2 and target._s == input._s[:1] and reduction == "mean"
    ):  # fmt: skip
        logs = LOG_SOFTMAX.way(input, 1)
        return rows.NLL.way(logs, target, None, reduction, ignore_index)  # type: ignore[no-any-return]
    reduction = _reduction(reduction, size_average, reduce)
    _tensors("cross_entropy_loss", input=input, target=target)
    dim = 0 if input.dim() == 1 else 1
    if target.shape == input.shape and target.dtype.is_floating_point:
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, dim)
    if target.shape == input.shape:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, "
            f"got {target.dtype.display}"
        )
    if label_smoothing > 0.0:
        return _smoothed(input, target, weight, reduction, ignore_index, label_smoothing, dim)
    return nll_loss(log_softmax(input, dim), target, weight, None, ignore_index, None, reduction)


def _check_smoothing(smoothing: float) -> None:
    if not 0.0 <= smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing:g}")


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, dim: int
) -> Tensor:
    _check_smoothing(smoothing)
    classes = input.shape[dim]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no "
            f"classes but got weight tensor of shape: {list(weight.shape)}"
        )
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


def _number(count: Tensor) -> Any:
    """A count as a number; inside of a map, where each example has its own, as it is."""
    return count if level_of(count) else float(count)


def _smoothed(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int,
    smoothing: float, dim: int,
) -> Tensor:  # fmt: skip
    _check_smoothing(smoothing)
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
            smooth = smooth.sum() / _number((~ignored).sum())
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
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.display} but expected {input.dtype.display}")
    if weight is not None:
        _check_weight(weight, target)
        weight = weight.expand(target.shape)
    return rows.binary_cross_entropy(  # type: ignore[no-any-return]
        input, target, weight, _reduction(reduction, size_average, reduce)
    )


def _check_weight(weight: Tensor, target: Tensor) -> None:
    """Raise unless the weight broadcasts to the target's shape."""
    for i in range(1, weight.dim() + 1):
        n = weight.shape[-i]
        if n != 1 and (i > target.dim() or n != target.shape[-i]):
            raise RuntimeError(
                f"Attempting to broadcast a dimension of length {n} at -{i}! Mismatching argument "
                f"at index 1 had {weight.shape}; but expected shape should be broadcastable to "
                f"{list(target.shape)}"
            )


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Cross entropy of sigmoid(input), computed without overflow."""
    if target.size() != input.size():
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    if not input.is_floating_point():
        raise errors.not_implemented("log_sigmoid_cpu", input.dtype.display)
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type {input.dtype.display} can't be cast to the desired output type "
            f"{target.dtype.display}"
        )
    for other in (weight, pos_weight):
        if other is not None and not _broadcasts(other.shape, input.shape):
            first, second = input.shape, other.shape
            if other is pos_weight:
                first, second = second, first
            raise errors.mismatch(first, second)
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
    _check_margins(input, target, weight)
    reduction = _reduction(reduction, size_average, reduce)
    return rows.multi_margin_loss(input, target, p, margin, weight, reduction)  # type: ignore[no-any-return]


def _check_margins(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    n = input.shape[0] if input.dim() == 2 else 1
    if input.dim() > 2:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    if target.dim() > 1 or target.numel() != n:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{n}], but got {list(target.shape)}. Input "
            f"has shape {list(input.shape)}."
        )
    if weight is not None and tuple(weight.shape) != (_classes(input),):
        raise RuntimeError(
            f"inconsistent weight size, expected {_classes(input)} but got {list(weight.shape)}"
        )
    _check_long(target)
    if bool(((target < 0) | (target >= _classes(input))).any()):
        raise RuntimeError("target out of range")


def _classes(input: Tensor) -> int:
    return int(input.shape[-1]) if input.dim() else 1


def _check_long(target: Tensor) -> None:
    if target.dtype is not engine.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.display}")


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Margins of the target classes, which end at the first -1, over all others."""
    _tensors("multilabel_margin_loss", input=input, target=target)
    reduction = _reduction(reduction, size_average, reduce)
    if target.shape != input.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    _check_long(target)
    if bool(((target < -1) | (target >= _classes(input))).any()):
        raise RuntimeError("argument #2 'target' is out of range")
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
    if size_average is not None or reduce is not None:
        reduction = retired_reduction(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return _apply(value, reduction)
