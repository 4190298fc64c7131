"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine.tensor import Tensor

from ..kernels import composites
from .dropout import dropout


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(Q Kᵀ scale + mask) V over (*, L, E), (*, S, E) and (*, S, Ev)."""
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key = key.repeat_interleave(repeats, -3)
        value = value.repeat_interleave(repeats, -3)
    # Q and K are scaled by the root each, which keeps their product in range.
    root = math.sqrt(1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    scores = engine.matmul(query * root, (key * root).transpose(-2, -1))
    mask = _mask(query, key, attn_mask, is_causal)
    if mask is not None:
        scores = scores + mask
    weights = composites.safe_softmax(scores)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    return engine.matmul(weights, value)  # type: ignore[no-any-return]


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
