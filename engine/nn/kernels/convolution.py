"""Rows of convolution: windows through strides, one matrix product, any number of dimensions.

With T(x, w, y) = <conv(x, w), y> linear in all three, the gradient of each of the three rows is
made of the other two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.table import define

from .windows import output_size, padded, scatter_windows, windows

Raw = Any
Ints = Sequence[int]


#: Elements of the windows that are laid out at a time, about as many as a core's cache holds.
_AT_ONCE = 1 << 18


def _counts(
    size: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> tuple[int, ...]:
    """Return how many positions a kernel has along each dimension."""
    return tuple(
        output_size(*numbers)
        for numbers in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _parts(batch: int, each: int) -> list[slice]:
    """Return the batch in parts whose samples, with `each` elements, are computed together."""
    step = max(_AT_ONCE // max(each, 1), 1)
    return [slice(at, min(at + step, batch)) for at in range(0, batch, step)]


def _columns(view: Raw, groups: int, n: int) -> Raw:
    """Return windows (N, C, *counts, *kernel) as (groups, channels per group * kernel, N * positions):
    rows of an image stay rows."""
    order = (1, *range(2 + n, 2 + 2 * n), 0, *range(2, 2 + n))
    height = view.shape[1] // groups * math.prod(view.shape[2 + n :])
    width = view.shape[0] * math.prod(view.shape[2 : 2 + n])
    return view.transpose(order).reshape(groups, height, width)


def _spread(g: Raw, groups: int) -> Raw:
    """Return (N, O, *counts) as (groups, outputs per group, N * positions)."""
    out, width = g.shape[1], g.shape[0] * math.prod(g.shape[2:])
    return g.swapaxes(0, 1).reshape(groups, out // groups, width)


def conv(
    a: Raw, weight: Raw, bias: Raw, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Correlate (N, C, *S) with (O, C / groups, *K)."""
    (batch, channels), (features, inner, *kernel) = a.shape[:2], weight.shape
    counts = _counts(a.shape[2:], kernel, stride, padding, dilation)
    view = windows(padded(a, padding, padding), kernel, stride, dilation, counts)
    matrix = weight.reshape(groups, features // groups, inner * math.prod(kernel))
    out = np.empty((batch, features, *counts), a.dtype)
    for part in _parts(batch, channels * math.prod(kernel) * math.prod(counts)):
        product = np.matmul(matrix, _columns(view[part], groups, len(kernel)))
        if bias is not None:
            product += bias.reshape(groups, -1, 1)
        out[part] = product.reshape(features, -1, *counts).swapaxes(0, 1)
    return out


def conv_input(
    g: Raw, weight: Raw, size: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Transpose of `conv` in its input: (N, O, *counts) to (N, C, *size)."""
    (batch, features, *counts), (_, inner, *kernel) = g.shape, weight.shape
    channels = inner * groups
    matrix = weight.reshape(groups, features // groups, inner * math.prod(kernel)).swapaxes(1, 2)
    out = np.empty((batch, channels, *size[2:]), g.dtype)
    for part in _parts(batch, channels * math.prod(kernel) * math.prod(counts)):
        columns = np.matmul(matrix, _spread(g[part], groups))
        columns = columns.reshape(channels, *kernel, part.stop - part.start, *counts)
        n = len(kernel)
        view = columns.transpose(n + 1, 0, *range(n + 2, 2 * n + 2), *range(1, n + 1))
        out[part] = scatter_windows(view, size[2:], kernel, stride, padding, dilation)
    return out


def conv_weight(
    g: Raw, a: Raw, size: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Transpose of `conv` in its weight: a weight of shape `size`."""
    (batch, _, *counts), (features, inner, *kernel) = g.shape, size
    view = windows(padded(a, padding, padding), kernel, stride, dilation, counts)
    total = np.zeros((groups, features // groups, inner * math.prod(kernel)), g.dtype)
    for part in _parts(batch, inner * groups * math.prod(kernel) * math.prod(counts)):
        columns = _columns(view[part], groups, len(kernel))
        total += np.matmul(_spread(g[part], groups), columns.swapaxes(1, 2))
    return total.reshape(size)


def _per_channel(F: Any, g: Any) -> Any:
    ones = (1,) * (len(g.shape) - 2)
    return F.sum_to(g, (1, g.shape[1], *ones)).reshape(-1)


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


_REST = "stride, padding, dilation, groups"
convolution = _expose(define(
    f"convolution(self, weight, bias, {_REST})", conv, family="convolution",
    self=lambda F, g, weight, self_sizes, stride, padding, dilation, groups:
        F.conv_input(g, weight, self_sizes, stride, padding, dilation, groups),
    weight=lambda F, g, self, weight_sizes, stride, padding, dilation, groups:
        F.conv_weight(g, self, weight_sizes, stride, padding, dilation, groups),
    bias=lambda F, g: _per_channel(F, g),
))  # fmt: skip
_expose(define(
    f"conv_input(self, weight, size, {_REST})", conv_input, family="convolution",
    node="ConvolutionBackward0",
    self=lambda F, g, weight, stride, padding, dilation, groups:
        F.convolution(g, weight, None, stride, padding, dilation, groups),
    weight=lambda F, g, self, weight_sizes, stride, padding, dilation, groups:
        F.conv_weight(self, g, weight_sizes, stride, padding, dilation, groups),
))  # fmt: skip
_expose(define(
    f"conv_weight(self, other, size, {_REST})", conv_weight, family="convolution",
    node="ConvolutionBackward0",
    self=lambda F, g, other, stride, padding, dilation, groups:
        F.convolution(other, g, None, stride, padding, dilation, groups),
    other=lambda F, g, self, other_sizes, stride, padding, dilation, groups:
        F.conv_input(self, g, other_sizes, stride, padding, dilation, groups),
))  # fmt: skip


def _transposed(
    a: Raw, weight: Raw, bias: Raw, size: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> Raw:  # fmt: skip
    out = conv_input(a, weight, size, stride, padding, dilation, groups)
    return out if bias is None else out + bias.reshape(-1, *(1,) * (out.ndim - 2))


def _cut(F: Any, g: Any, sizes: Ints) -> Any:
    """Without the windows that an output padding of a stride or more adds."""
    if tuple(g.shape) == tuple(sizes):
        return g
    return F.part(g, tuple(slice(0, n) for n in sizes))


conv_transposed = _expose(define(
    f"conv_transposed(self, weight, bias, size, {_REST})", _transposed, family="convolution",
    node="ConvolutionBackward0",
    self=lambda F, g, weight, self_sizes, stride, padding, dilation, groups:
        _cut(F, F.convolution(g, weight, None, stride, padding, dilation, groups), self_sizes),
    weight=lambda F, g, self, weight_sizes, stride, padding, dilation, groups:
        F.conv_weight(self, g, weight_sizes, stride, padding, dilation, groups),
    bias=lambda F, g: _per_channel(F, g),
))  # fmt: skip


# --- unfold and fold: the windows themselves ---------------------------------------------------
def _im2col(a: Raw, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Raw:
    n = len(kernel)
    counts = _counts(a.shape[-n:], kernel, stride, padding, dilation)
    view = windows(padded(a, padding, padding), kernel, stride, dilation, counts)
    order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
    columns = a.shape[1] * math.prod(kernel)
    return view.transpose(order).reshape(a.shape[0], columns, math.prod(counts))


def _col2im(a: Raw, size: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Raw:
    n = len(kernel)
    counts = _counts(size, kernel, stride, padding, dilation)
    w = a.reshape(a.shape[0], a.shape[1] // math.prod(kernel), *kernel, *counts)
    order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
    return scatter_windows(w.transpose(order), size, kernel, stride, padding, dilation)


im2col = _expose(define(
    "im2col(self, kernel, dilation, padding, stride)", _im2col, family="convolution",
    node="Im2ColBackward0",
    self=lambda F, g, self_sizes, kernel, dilation, padding, stride:
        F.col2im(g, tuple(self_sizes[2:]), kernel, dilation, padding, stride),
))  # fmt: skip
col2im = _expose(define(
    "col2im(self, size, kernel, dilation, padding, stride)", _col2im, family="convolution",
    node="Col2ImBackward0",
    self=lambda F, g, kernel, dilation, padding, stride:
        F.im2col(g, kernel, dilation, padding, stride),
))  # fmt: skip
