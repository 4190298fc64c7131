"""torch.nn.attention.bias: masks of attention that know that they are causal."""

from __future__ import annotations

import enum
from typing import Any

import engine
from engine.tensor import Tensor


class CausalVariant(enum.IntEnum):
    """At which corner the triangle of a causal mask begins."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """The mask (length of queries, length of keys) of what comes no later."""

    __module__ = "torch.nn.attention.bias"

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __repr__(self) -> str:
        return repr(self.as_subclass(Tensor))


def _causal(variant: CausalVariant, rows: int, columns: int) -> Any:
    diagonal = 0 if variant is CausalVariant.UPPER_LEFT else columns - rows
    mask: Any = engine.ones(rows, columns, dtype=engine.bool).tril(diagonal)
    mask = mask.as_subclass(CausalBias)
    mask.variant, mask.seq_len_q, mask.seq_len_kv = variant, rows, columns
    return mask


def causal_upper_left(*size: int) -> Any:
    """The causal mask that begins at the upper left corner."""
    if len(size) != 2:
        raise AssertionError("causal_upper_left only supports 2D tensors")
    return _causal(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> Any:
    """The causal mask that ends at the lower right corner."""
    if len(size) != 2:
        raise AssertionError("causal_lower_right only supports 2D tensors")
    return _causal(CausalVariant.LOWER_RIGHT, *size)


__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]
