"""Attention as one operation: what PyTorch's kernel for the CPU computes at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.table import RAW, define

from . import composites

Raw = Any


def _weights(F: Any, query: Any, key: Any, causal: bool, mask: Any, scale: float | None) -> Any:
    """The share of each value in each result: (B, H, L, S)."""
    scores = F.matmul(query, key.mT) * factor(query, scale)
    if causal:
        seen = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
        scores = scores + F.const(np.where(seen, 0, -math.inf).astype(np.float32))
    if mask is not None:
        scores = scores + mask
    return F._safe_softmax(scores)


def factor(query: Any, scale: float | None) -> float:
    """By what the products of queries and keys are multiplied."""
    return 1 / math.sqrt(query.shape[-1]) if scale is None else scale


def _attention(
    query: Raw, key: Raw, value: Raw, dropout_p: float, is_causal: bool, attn_mask: Raw,
    scale: float | None,
) -> Raw:  # fmt: skip
    out = np.empty_like(query)  # in the order that the query has in memory
    return np.matmul(_weights(RAW, query, key, is_causal, attn_mask, scale), value, out=out)


def _attention_vjp(
    F: Any, g: Any, query: Any, key: Any, value: Any, is_causal: bool, attn_mask: Any,
    scale: float | None, needs: tuple[bool, ...],
) -> tuple[Any, ...]:  # fmt: skip
    weights = _weights(F, query, key, is_causal, attn_mask, scale)
    gq = gk = None
    if needs[0] or needs[1]:
        slope = weights * F.matmul(g, value.mT)
        total = F.sum_to(slope, (*slope.shape[:-1], 1))
        slope = (slope - weights * total) * factor(query, scale)
        gq = F.matmul(slope, key) if needs[0] else None
        gk = F.matmul(slope.mT, query) if needs[1] else None
    return gq, gk, F.matmul(weights.mT, g) if needs[2] else None


attention = expose(define(
    "_scaled_dot_product_flash_attention_for_cpu(query, key, value, dropout_p=0.0, "
    "is_causal=False, attn_mask=None, scale=None)",
    _attention, family="matmul", node="ScaledDotProductFlashAttentionForCpuBackward0",
    joint=_attention_vjp, wrt="query key value",
), function=False, method=False)  # fmt: skip

__all__ = ["attention", "composites", "factor"]
