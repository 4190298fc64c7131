"""What multi-head attention refuses, in PyTorch's words."""

from __future__ import annotations

import warnings
from typing import Any

import engine
from engine.tensor import Tensor


def check_inputs(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None
) -> None:
    """Raise if numbers of dimensions do not fit together."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.dim()}-D query tensor"
        )
    n = query.dim()
    kind = f"For {'batched' if n == 3 else 'unbatched'} ({n}-D) `query`, expected "
    if key.dim() != n or value.dim() != n:
        raise AssertionError(
            f"{kind}`key` and `value` to be {n}-D but found {key.dim()}-D and {value.dim()}-D "
            "tensors respectively"
        )
    if padding is not None and padding.dim() != n - 1:
        raise AssertionError(
            f"{kind}`key_padding_mask` to be `None` or {n - 1}-D but found {padding.dim()}-D tensor "
            "instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"{kind}`attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead"
        )


def check_sizes(
    layer: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None,
    padding: Tensor | None,
) -> None:  # fmt: skip
    """Raise if sizes of inputs (L, N, E), or of masks, do not fit together."""
    (length, n, width), source = query.shape, key.shape[0]
    if width != layer.embed_dim:
        raise AssertionError(
            f"was expecting embedding dimension of {layer.embed_dim}, but got {width}"
        )
    if key.shape != value.shape and layer.same_sizes:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
    if not layer.same_sizes and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if mask is not None:
        _check_mask(mask, length, source, n * layer.num_heads)
    if padding is not None:
        for i, expected in enumerate((n, source)):
            found = padding.shape[i - 2] if padding.dim() == 2 else (1, *padding.shape)[i]
            if found != expected:
                raise AssertionError(
                    f"Expected key_padded_mask.shape[{i}] to be {expected}, but got {found}"
                )
        if mask is not None and (padding.dtype is engine.bool) != (mask.dtype is engine.bool):
            warnings.warn(
                "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type "
                "for both instead.",
                stacklevel=5,
            )


def _check_mask(mask: Tensor, length: int, source: int, batches: int) -> None:
    if mask.dtype is not engine.bool and not mask.is_floating_point():
        raise AssertionError("only bool and floating types of attn_mask are supported")
    expected = (length, source) if mask.dim() == 2 else (batches, length, source)
    if tuple(mask.shape) != expected:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        )
