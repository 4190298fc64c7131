"""Multi-head attention."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine.tensor import Tensor

from . import functional as F
from . import init
from .attending import check_inputs, check_sizes
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .parameter import fresh


class MultiheadAttention(Module):
    """Attention of `num_heads` heads (Vaswani et al. 2017) with projections in and out."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.batch_first, self.head_dim = batch_first, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.add_zero_attn = add_zero_attn
        self.same_sizes = self.kdim == self.vdim == embed_dim
        self._make_weights(bias, dtype, device)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k = fresh(engine.empty((1, 1, embed_dim), dtype=dtype, device=device))
            self.bias_v = fresh(engine.empty((1, 1, embed_dim), dtype=dtype, device=device))
        self._reset_parameters()

    def _make_weights(self, bias: bool, dtype: Any, device: Any) -> None:
        """One matrix for queries, keys and values, or three if their sizes differ."""
        e = self.embed_dim
        shapes: dict[str, tuple[int, int] | None] = {
            "q_proj_weight": (e, e), "k_proj_weight": (e, self.kdim),
            "v_proj_weight": (e, self.vdim), "in_proj_weight": None,
        }  # fmt: skip
        if self.same_sizes:
            shapes = {"in_proj_weight": (3 * e, e), **dict.fromkeys(list(shapes)[:3])}
        for name, shape in shapes.items():
            made = None if shape is None else fresh(engine.empty(shape, dtype=dtype, device=device))
            self.register_parameter(name, made)
        self.register_parameter(
            "in_proj_bias",
            fresh(engine.empty(3 * e, dtype=dtype, device=device)) if bias else None,
        )

    def _reset_parameters(self) -> None:
        if self.same_sizes:
            init.xavier_uniform_(self.in_proj_weight)
        else:
            for name in "qkv":
                init.xavier_uniform_(getattr(self, f"{name}_proj_weight"))
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return output (L, N, E) and attention weights (N, L, S), batch first if so set."""
        check_inputs(query, key, value, key_padding_mask, attn_mask)
        batched = query.dim() == 3
        if is_causal and attn_mask is None:
            raise RuntimeError(
                "Need attn_mask if specifying the is_causal hint. You may use the Transformer module"
                " method `generate_square_subsequent_mask` to create this mask."
            )
        if not batched:
            query, key, value = (t.unsqueeze(1) for t in (query, key, value))
        elif self.batch_first:
            query, key, value = _sequence_first(query, key, value)
        length, n, _ = query.shape
        check_sizes(self, query, key, value, attn_mask, key_padding_mask)
        q, k, v = self._project(query, key, value)
        if self.bias_k is not None and self.bias_v is not None:
            k = engine.cat([k, self.bias_k.repeat(1, n, 1)])
            v = engine.cat([v, self.bias_v.repeat(1, n, 1)])
        q, k, v = (self._heads(t, n) for t in (q, k, v))
        if self.add_zero_attn:
            zeros = engine.zeros(n * self.num_heads, 1, self.head_dim, dtype=k.dtype)
            k, v = engine.cat([k, zeros], 1), engine.cat([v, zeros], 1)
        more = k.shape[1] - key.shape[0]
        if more:
            pads = (
                None if m is None else F.pad(m, (0, more)) for m in (attn_mask, key_padding_mask)
            )
            attn_mask, key_padding_mask = pads
        mask = self._mask(q, n, k.shape[1], attn_mask, key_padding_mask)
        shown = weights = None
        if need_weights:
            out, weights = self._attend(q, k, v, mask)
            out = out.transpose(0, 1)
        else:
            out = self._attend_unseen(q, k, v, mask, n)
        out = self.out_proj(out.reshape(length * n, self.embed_dim))
        out = out.view(length, n, self.embed_dim)
        if weights is not None:
            shown = weights.view(n, self.num_heads, length, k.shape[1])
            shown = shown.mean(1) if average_attn_weights else shown
        if not batched:
            return out.squeeze(1), None if shown is None else shown.squeeze(0)
        return (out.transpose(0, 1) if self.batch_first else out), shown

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> Any:
        if self.same_sizes and key is value:
            e, bias = self.embed_dim, self.in_proj_bias
            if query is key:
                return _together(query, self.in_proj_weight, bias, 3)
            first, rest = self.in_proj_weight.split([e, 2 * e])
            b_first, b_rest = (None, None) if bias is None else bias.split([e, 2 * e])
            return [F.linear(query, first, b_first), *_together(key, rest, b_rest, 2)]
        if self.same_sizes:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        inputs = (query, key, value)
        return [F.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True)]

    def _heads(self, x: Tensor, n: int) -> Tensor:
        """Return (L, N, E) as (N * heads, L, head_dim)."""
        split = x.view(x.shape[0], n * self.num_heads, self.head_dim)
        return split.transpose(0, 1)  # type: ignore[no-any-return]

    def _mask(
        self, q: Tensor, n: int, source: int, mask: Tensor | None, padding: Tensor | None
    ) -> Tensor | None:
        """Return what to add to the scores (N * heads, L, S)."""
        total = _additive(mask, q)
        if padding is not None:
            extra = _additive(padding, q)
            assert extra is not None
            shape = (n, self.num_heads, 1, source)
            extra = extra.view(n, 1, 1, source).expand(shape).reshape(n * self.num_heads, 1, source)
            total = extra if total is None else total + extra
        return total

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        q = q * math.sqrt(1.0 / float(self.head_dim))
        if mask is None:
            scores = engine.bmm(q, k.transpose(-2, -1))
        else:
            scores = engine.baddbmm(mask, q, k.transpose(-2, -1))
        weights = scores.softmax(-1)
        if self.dropout > 0.0 and self.training:
            weights = F.dropout(weights, self.dropout)
        return engine.bmm(weights, v), weights

    def _attend_unseen(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, n: int
    ) -> Tensor:
        """Return what the heads see, (L, N, heads, head_dim), without the weights."""
        q, k, v = (t.view(n, self.num_heads, -1, self.head_dim) for t in (q, k, v))
        if mask is not None:
            every = mask.dim() == 2 or mask.shape[0] == 1
            mask = (
                mask.view(1, 1, *mask.shape[-2:])
                if every
                else mask.view(n, self.num_heads, -1, mask.shape[-1])
            )
        share = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, mask, share)
        return out.permute(2, 0, 1, 3)  # type: ignore[no-any-return]


def _sequence_first(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(N, L, E) as (L, N, E); what is one tensor stays one."""
    turned = {id(t): t.transpose(0, 1) for t in (query, key, value)}
    return turned[id(query)], turned[id(key)], turned[id(value)]


def _together(x: Tensor, weight: Tensor, bias: Tensor | None, parts: int) -> Any:
    """The projections of one tensor by one product, then each by itself."""
    joined = F.linear(x, weight, bias)
    apart = joined.unflatten(-1, (parts, joined.shape[-1] // parts))
    each = apart.unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    return [each[i] for i in range(parts)]


def _additive(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """Turn a boolean mask, True where nothing may be seen, into -inf and 0."""
    if mask is None or mask.dtype is not engine.bool:
        return mask
    return engine.zeros(*mask.shape, dtype=like.dtype).masked_fill(mask, -math.inf)  # type: ignore[no-any-return]
