"""Scaled dot-product attention."""

from __future__ import annotations

import math
import sys
from typing import Any

import engine
from engine.autograd import mode
from engine.ops.table import OPS, run
from engine.tensor import Tensor

from ..kernels import composites
from .dropout import dropout

ATTENTION = OPS["_scaled_dot_product_flash_attention_for_cpu"]


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(Q Kᵀ scale + mask) V over (*, L, E), (*, S, E) and (*, S, Ev)."""
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if "engine.nn.attention" in sys.modules:
        sys.modules["engine.nn.attention"].check_allowed()
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key = key.repeat_interleave(repeats, -3)
        value = value.repeat_interleave(repeats, -3)
    if _at_once(query, key, value, attn_mask, dropout_p):
        mask = _mask(query, key, attn_mask, False)
        return run(ATTENTION, [query, key, value, 0.0, is_causal, mask, scale])  # type: ignore[no-any-return]
    # Q and K are scaled by the root each, which keeps their product in range.
    root = math.sqrt(1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    keys = composites.times(key.transpose(-2, -1), root)
    scores = engine.matmul(composites.times(query, root), keys)
    mask = _mask(query, key, attn_mask, is_causal)
    if mask is not None:
        scores = scores + mask
    weights = composites.safe_softmax(scores)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    return engine.matmul(weights, value)  # type: ignore[no-any-return]


def _at_once(query: Tensor, key: Tensor, value: Tensor, mask: Any, dropout_p: float) -> bool:
    """Whether the kernel for the whole takes these: four dimensions of equal sizes, no dropout."""
    return (
        mode.batching is None
        and query.dim() == key.dim() == value.dim() == 4
        and query.shape[-1] == value.shape[-1] == key.shape[-1]
        and query.shape[:2] == key.shape[:2] == value.shape[:2]
        and query.dtype is key.dtype is value.dtype
        and query.is_floating_point()
        and key.shape[-2] == value.shape[-2] > 0
        and query.shape[-2] > 0
        and not dropout_p
        and (mask is None or (mask.dim() in (2, 4) and not mask.requires_grad))
    )


def _mask(query: Tensor, key: Tensor, mask: Any, causal: bool) -> Any:
    """Return what to add to the scores: -inf where nothing may be seen."""
    if causal:
        if mask is not None:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not "
                "be set when is_causal=True"
            )
        shape = (query.shape[-2], key.shape[-2])
        mask = engine.ones(*shape, dtype=engine.bool).tril()
    if mask is None or mask.dtype is not engine.bool:
        return mask
    hidden = engine.zeros(*mask.shape, dtype=query.dtype)
    return hidden.masked_fill(mask.logical_not(), -math.inf)
