"""Batching rules of the rows of neural networks: convolution, pooling, norms and losses."""

from __future__ import annotations

from typing import Any

from engine.ops.table import Op

from .dispatch import Part, each, parts
from .rules import rule, spread


def _merged(value: Any) -> Any:
    """(batch, N, ...) as (batch * N, ...)."""
    return value.flatten(0, 1)


def _split(r: Any, size: int) -> Any:
    if isinstance(r, tuple):
        return tuple(_split(v, size) for v in r)
    return r.unflatten(0, (size, -1)) if r._s[0] else r.reshape(size, 0, *r._s[1:])


@rule(
    "max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "im2col", "col2im", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d", "replication_pad2d",
    "replication_pad3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
)  # fmt: skip
def _images(op: Op, values: list[Any], size: int) -> Any:
    """Rows of (N, C, ...) or (C, ...): the batch becomes part of N, or is N."""
    x = values[0]
    n = next((int(c) for c in op.name if c.isdigit() and op.name[op.name.index(c) + 1] == "d"), 2)
    if x.rank == n + 1 and op.name != "col2im":
        return op.way(x.value, *values[1:])
    if x.rank != n + 2 - (op.name == "col2im") or not x.size[0]:
        return each(op, values, size)
    return _split(op.way(_merged(x.value), *values[1:]), size)


@rule("convolution")
def _convolution(op: Op, values: list[Any], size: int) -> Any:
    x, weight, bias, *geometry, groups = values
    if not weight.mapped and (bias is None or not bias.mapped):
        plain = None if bias is None else bias.value
        return _split(op.way(_merged(x.value), weight.value, plain, *geometry, groups), size)
    if not weight.mapped:
        r = op.way(_merged(x.full(size)), weight.value, None, *geometry, groups)
        return _per_channel(_split(r, size), None, bias, size)
    w = weight.value.flatten(0, 1)  # examples are groups of channels, or of outputs for one image
    if x.mapped or groups != 1:
        r = op.way(_channels(x.full(size)), w, None, *geometry, groups * size)
    else:
        r = op.way(x.value, w, None, *geometry, 1)
    return _per_channel(_from_channels(r, size), None, bias, size)


def _channels(value: Any) -> Any:
    """(batch, N, C, ...) as (N, batch * C, ...)."""
    return value.transpose(0, 1).flatten(1, 2)


def _from_channels(r: Any, size: int) -> Any:
    return r.unflatten(1, (size, -1)).transpose(0, 1)


@rule("conv_input")
def _conv_input(op: Op, values: list[Any], size: int) -> Any:
    g, weight, sizes, *geometry, groups = values
    if not weight.mapped:
        whole = (size * sizes[0], *sizes[1:])
        return _split(op.way(_merged(g.value), weight.value, whole, *geometry, groups), size)
    whole = (sizes[0], size * sizes[1], *sizes[2:])
    if not g.mapped and groups == 1:
        w = _channels(weight.value)
        return _from_channels(op.way(g.value, w, whole, *geometry, 1), size)
    a, w = _channels(g.full(size)), weight.value.flatten(0, 1)
    return _from_channels(op.way(a, w, whole, *geometry, groups * size), size)


@rule("conv_weight")
def _conv_weight(op: Op, values: list[Any], size: int) -> Any:
    g, x, sizes, *geometry, groups = values
    if not g.mapped and groups == 1:
        whole = (sizes[0], size * sizes[1], *sizes[2:])
        r = op.way(g.value, _channels(x.value), whole, *geometry, 1)
        return _from_channels(r, size)
    whole = (size * sizes[0], *sizes[1:])
    if not x.mapped and groups == 1:
        r = op.way(_channels(g.value), x.value, whole, *geometry, 1)
        return r.unflatten(0, (size, -1))
    a, b = _channels(g.full(size)), _channels(x.full(size))
    return op.way(a, b, whole, *geometry, groups * size).unflatten(0, (size, -1))


@rule("native_layer_norm")
def _layer_norm(op: Op, values: list[Any], size: int) -> Any:
    x, shape, weight, bias, eps = values
    if not any(p is not None and p.mapped for p in (weight, bias)):
        return op.way(x.value, shape, *[p and p.value for p in (weight, bias)], eps)
    r = op.way(x.full(size), shape, None, None, eps)
    return _affine(r, weight, bias, x.rank)


def _affine(r: Any, weight: Any, bias: Any, rank: int) -> Any:
    if weight is not None:
        r = r * spread(weight, rank)
    return r if bias is None else r + spread(bias, rank)


@rule("native_group_norm")
def _group_norm(op: Op, values: list[Any], size: int) -> Any:
    x, groups, weight, bias, eps = values
    if any(p is not None and p.mapped for p in (weight, bias)):
        r = _split(op.way(_merged(x.full(size)), groups, None, None, eps), size)
        return _per_channel(r, weight, bias, size)
    r = op.way(_merged(x.value), groups, *[p and p.value for p in (weight, bias)], eps)
    return _split(r, size)


def _per_channel(r: Any, weight: Any, bias: Any, size: int) -> Any:
    """Times weight plus bias, both by channel of (batch, N, C, ...)."""
    ones = (1,) * (len(r._s) - 3)
    if weight is not None:
        r = r * weight.full(size).reshape(size, 1, -1, *ones)
    return r if bias is None else r + bias.full(size).reshape(size, 1, -1, *ones)


@rule("native_batch_norm")
def _batch_norm(op: Op, values: list[Any], size: int) -> Any:
    x, weight, bias, mean, var, training, eps = values
    flat = [p and p.full(size).reshape(-1) for p in (mean, var)]
    r = op.way(_channels(x.full(size)), None, None, *flat, training, eps)
    return _per_channel(_from_channels(r, size), weight, bias, size)


@rule(
    "mse_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "soft_margin_loss",
)  # fmt: skip
def _loss(op: Op, values: list[Any], size: int) -> Any:
    """Losses by element: reduced over all dimensions but the batch's."""
    i = op.index["reduction"]
    rank = max(p.rank for p in parts(values))
    given = [spread(v, rank) if type(v) is Part else v for v in values]
    given[i] = "none"
    r = op.way(*given)
    if values[i] == "none" or not rank:
        return r
    return getattr(r, values[i])(list(range(1, rank + 1)))


@rule("nll_loss")
def _nll(op: Op, values: list[Any], size: int) -> Any:
    x, target, weight, reduction, ignored = values
    if x.rank not in (1, 2) or (weight is not None and weight.mapped):
        return each(op, values, size)
    logs, wanted = x.full(size).reshape(-1, x.size[-1]), target.full(size)
    w = None if weight is None else weight.value
    losses = op.way(logs, wanted.reshape(-1), w, "none", ignored).reshape(size, -1)
    if reduction == "none":
        return losses.squeeze(1) if x.rank == 1 else losses
    total = losses.sum(1)
    if reduction == "sum":
        return total
    counted = (wanted != ignored).reshape(size, -1).to(total._d)
    if w is not None:
        counted = w[wanted.reshape(size, -1).clamp(0, len(w) - 1)] * counted
    return total / counted.sum(1)
