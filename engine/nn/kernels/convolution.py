"""Rows of convolution: windows through strides, one matrix product, any number of dimensions.

With T(x, w, y) = <conv(x, w), y> linear in all three, the gradient of each of the three rows is
made of the other two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.table import define

from .windows import output_size, padded, scatter_windows, windows

Raw = Any
Ints = Sequence[int]


def _columns(a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int) -> Raw:
    """Return (N, groups, positions, channels per group * kernel) and the counts per dimension."""
    n = len(kernel)
    counts = tuple(
        output_size(*numbers)
        for numbers in zip(a.shape[-n:], kernel, stride, padding, dilation, strict=True)
    )
    view = windows(padded(a, padding, padding), kernel, stride, dilation, counts)
    batch, channels = a.shape[:2]
    view = view.reshape(batch, groups, channels // groups, *counts, *kernel)
    order = (0, 1, *range(3, 3 + n), 2, *range(3 + n, 3 + 2 * n))
    positions = int(np.prod(counts))
    return view.transpose(order).reshape(batch, groups, positions, -1), counts


def _matrix(weight: Raw, groups: int) -> Raw:
    """Return the weight as (groups, channels per group * kernel, outputs per group)."""
    return weight.reshape(groups, weight.shape[0] // groups, -1).transpose(0, 2, 1)


def _spread(g: Raw, groups: int) -> Raw:
    """Return (N, O, *counts) as (N, groups, positions, outputs per group)."""
    batch, out = g.shape[:2]
    return g.reshape(batch, groups, out // groups, -1).transpose(0, 1, 3, 2)


def conv(
    a: Raw, weight: Raw, bias: Raw, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Correlate (N, C, *S) with (O, C / groups, *K)."""
    kernel = weight.shape[2:]
    columns, counts = _columns(a, kernel, stride, padding, dilation, groups)
    out = np.matmul(columns, _matrix(weight, groups))
    if bias is not None:
        out += bias.reshape(groups, 1, -1)
    out = out.transpose(0, 1, 3, 2).reshape(a.shape[0], weight.shape[0], *counts)
    return np.ascontiguousarray(out)


def conv_input(
    g: Raw, weight: Raw, size: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Transpose of `conv` in its input: (N, O, *counts) to (N, C, *size)."""
    kernel = weight.shape[2:]
    n = len(kernel)
    counts = g.shape[2:]
    columns = np.matmul(_spread(g, groups), _matrix(weight, groups).transpose(0, 2, 1))
    columns = columns.reshape(g.shape[0], groups, *counts, weight.shape[1], *kernel)
    order = (0, 1, 2 + n, *range(2, 2 + n), *range(3 + n, 3 + 2 * n))
    w = columns.transpose(order).reshape(g.shape[0], -1, *counts, *kernel)
    return scatter_windows(w, size[2:], kernel, stride, padding, dilation)


def conv_weight(
    g: Raw, a: Raw, size: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Raw:
    """Transpose of `conv` in its weight: a weight of shape `size`."""
    columns, _ = _columns(a, size[2:], stride, padding, dilation, groups)
    spread = _spread(g, groups)
    batch, _, positions, width = columns.shape
    left = spread.transpose(1, 3, 0, 2).reshape(groups, -1, batch * positions)
    right = columns.transpose(1, 0, 2, 3).reshape(groups, batch * positions, width)
    return np.ascontiguousarray(np.matmul(left, right).reshape(size))


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


conv_transposed = _expose(define(
    f"conv_transposed(self, weight, bias, size, {_REST})", _transposed, family="convolution",
    node="ConvolutionBackward0",
    self=lambda F, g, weight, stride, padding, dilation, groups:
        F.convolution(g, weight, None, stride, padding, dilation, groups),
    weight=lambda F, g, self, weight_sizes, stride, padding, dilation, groups:
        F.conv_weight(self, g, weight_sizes, stride, padding, dilation, groups),
    bias=lambda F, g: _per_channel(F, g),
))  # fmt: skip


# --- unfold and fold: the windows themselves ---------------------------------------------------
def _im2col(a: Raw, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Raw:
    n = len(kernel)
    counts = tuple(
        output_size(*numbers)
        for numbers in zip(a.shape[-n:], kernel, stride, padding, dilation, strict=True)
    )
    view = windows(padded(a, padding, padding), kernel, stride, dilation, counts)
    order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
    return view.transpose(order).reshape(a.shape[0], -1, int(np.prod(counts)))


def _col2im(a: Raw, size: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Raw:
    n = len(kernel)
    counts = tuple(
        output_size(*numbers)
        for numbers in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    w = a.reshape(a.shape[0], -1, *kernel, *counts)
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
