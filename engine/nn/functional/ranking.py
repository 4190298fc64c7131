"""Losses by margins: of signs, pairs, angles and triplets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.tensor import Tensor

from ..kernels import composites
from .linear import pairwise_distance
from .reductions import _apply, _common_shape, _reduction, _tensors


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """x where the target is 1, max(0, margin - x) where it is -1."""
    _tensors("hinge_embedding_loss", input=input, target=target)
    zeros = engine.zeros_like(input.detach())
    beside = input.dim() and input.is_floating_point()
    kind = engine.float64 if beside else input.dtype  # a number beside the input
    margins = engine.where(
        target != 1, (engine.tensor(margin, dtype=kind) - input).clamp_min(0), zeros
    )
    own = engine.where(target != -1, input, zeros)
    return _apply(margins + own, _reduction(reduction, size_average, reduce))


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """log(1 + exp(-target input))."""
    _tensors("soft_margin_loss", input=input, target=target)
    if target.requires_grad:
        raise RuntimeError(
            "The function 'soft_margin_loss' is not differentiable with respect to argument "
            "'target'. This input cannot have requires_grad True."
        )
    reduction = _reduction(reduction, size_average, reduce)
    _common_shape(input, target)
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
    _tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    dim = target.dim()
    if dim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.dim() == input2.dim() == dim + 1:
        raise RuntimeError(
            f"{dim}D target tensor expects {dim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    eps = 1e-12
    product = (input1 * input2).sum(dim)
    first = composites.plus((input1 * input1).sum(dim), eps)
    second = composites.plus((input2 * input2).sum(dim), eps)
    cos = product / (first * second).sqrt()
    zeros = engine.zeros_like(cos.detach())
    same = engine.where(target == 1, engine.tensor(1.0, dtype=cos.dtype) - cos, zeros)
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
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and negative "
            f"{negative.dim()}D inputs"
        )
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
