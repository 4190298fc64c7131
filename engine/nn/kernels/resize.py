"""Rows that resample dimensions with one small matrix each: upsampling and adaptive means.

And padding, whose modes are a choice of indices per dimension.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.helpers import in_rows
from engine.ops.table import define

from .pooling import adaptive_bounds

Raw = Any
Ints = Sequence[int]


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _source(
    out: int, n: int, align: bool, scale: float | None, kind: Any, cubic: bool = False
) -> Raw:
    """Return the place in the input of every output element, in steps of type `kind`."""
    i = np.arange(out, dtype=kind)
    if align:
        return i * kind((n - 1) / (out - 1) if out > 1 else 0)
    step = kind(1 / scale if scale else n / out)
    place = (i + kind(0.5)) * step - kind(0.5)
    return place if cubic else np.maximum(place, kind(0))


def _linear(out: int, n: int, align: bool, scale: float | None, kind: Any) -> Raw:
    m = np.zeros((out, n), kind)
    rows = np.arange(out)
    place = _source(out, n, align, scale, kind)
    low = np.minimum(place.astype(np.int64), n - 1)
    high = np.minimum(low + 1, n - 1)
    part = np.minimum(np.maximum(place - low, 0), 1).astype(kind)
    np.add.at(m, (rows, low), 1 - part)
    np.add.at(m, (rows, high), part)
    return m


def _cubic(out: int, n: int, align: bool, scale: float | None, kind: Any) -> Raw:
    a = -0.75
    m = np.zeros((out, n), kind)
    place = _source(out, n, align, scale, kind, cubic=True)
    low = np.floor(place).astype(np.int64)
    t = (place - low).astype(np.float64)

    def near(x: Raw) -> Raw:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Raw) -> Raw:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    for offset, weight in zip(
        (-1, 0, 1, 2), (far(t + 1), near(t), near(1 - t), far(2 - t)), strict=True
    ):
        np.add.at(m, (np.arange(out), np.clip(low + offset, 0, n - 1)), weight.astype(kind))
    return m


def _nearest(out: int, n: int, exact: bool, scale: float | None) -> Raw:
    step = np.float32(1 / scale if scale else n / out)
    i = np.arange(out, dtype=np.float32) + np.float32(0.5 if exact else 0)
    m = np.zeros((out, n), np.float32)
    m[np.arange(out), np.minimum(np.floor(i * step).astype(np.int64), n - 1)] = 1
    return m


def _means(out: int, n: int) -> Raw:
    m = np.zeros((out, n), np.float64)
    for row, (start, end) in zip(m, adaptive_bounds(n, out), strict=True):
        row[start:end] = 1 / (end - start)
    return m


@functools.lru_cache(maxsize=256)
def matrix(
    mode: str, out: int, n: int, align: bool, scale: float | None, kind: Any = np.float32
) -> Raw:
    """Return the (out, n) matrix that resamples n elements to `out`, computed in type `kind`."""
    if mode == "mean":
        return _means(out, n)
    if mode in ("nearest", "nearest-exact"):
        return _nearest(out, n, mode == "nearest-exact", scale)
    return (_cubic if mode == "bicubic" else _linear)(out, n, align, scale, kind)


def _resample(a: Raw, size: Ints, mode: str, align: bool, scales: Any, back: Ints | None) -> Raw:
    """Multiply each of the last dimensions by its matrix, or (back) by the transposed one.

    `size` is that of the forward result; `back` the size of the forward input.
    """
    if a.dtype == np.uint8:  # pixels, rounded
        found = _resample(a.astype(np.float32), size, mode, align, scales, back)
        return np.clip(np.floor(found + 0.5), 0, 255).astype(np.uint8)
    n = len(size)
    old = a.shape[-n:] if back is None else back
    kind = np.float64 if a.dtype == np.float64 else np.float32
    for d in range(n):
        m = matrix(mode, size[d], old[d], align, scales[d], kind).astype(a.dtype)
        m = m if back is None else m.T
        axis = a.ndim - n + d
        a = np.moveaxis(_weighed(np.moveaxis(a, axis, -1), m), -1, axis)
    return np.ascontiguousarray(a)


def _weighed(rows: Raw, m: Raw) -> Raw:
    """The products of rows and a matrix, in which what has no weight does not count, even inf."""
    if rows.dtype.kind in "iub" or np.isfinite(rows).all():
        return np.tensordot(rows, m, axes=(-1, 1))
    with np.errstate(invalid="ignore"):
        return np.where(m != 0, rows[..., None, :] * m, 0).sum(-1, dtype=rows.dtype)


def _vjp(F: Any, g: Any, self_sizes: Any, size: Any, mode: str, align: bool, scales: Any) -> Any:
    return F._resample_back(g, size, mode, align, scales, tuple(self_sizes[-len(size) :]))


def _mean_vjp(F: Any, g: Any, self: Any, size: Any, mode: str, align: bool, scales: Any) -> Any:
    return _vjp(F, g, self.shape, size, mode, align, scales)


_expose(define(
    "_resample_back(self, size, mode, align, scales, old)", _resample, family="convolution",
    self=lambda F, g, size, mode, align, scales:
        F.resample(g, size, mode, align, scales),
))  # fmt: skip
_NODES = {
    "resample": "ResampleBackward0",
    "upsample_nearest1d": "UpsampleNearest1DBackward0",
    "upsample_nearest2d": "UpsampleNearest2DBackward0",
    "upsample_nearest3d": "UpsampleNearest3DBackward0",
    "_upsample_nearest_exact1d": "UpsampleNearestExact1DBackward0",
    "_upsample_nearest_exact2d": "UpsampleNearestExact2DBackward0",
    "_upsample_nearest_exact3d": "UpsampleNearestExact3DBackward0",
    "upsample_linear1d": "UpsampleLinear1DBackward0",
    "upsample_bilinear2d": "UpsampleBilinear2DBackward0",
    "upsample_trilinear3d": "UpsampleTrilinear3DBackward0",
    "upsample_bicubic2d": "UpsampleBicubic2DBackward0",
}
_MEANS = {
    "_adaptive_avg_pool2d": "AdaptiveAvgPool2DBackward0",
    "_adaptive_avg_pool3d": "AdaptiveAvgPool3DBackward0",
}
resamplers = {
    name: _expose(define(
        f"{name}(self, size, mode, align, scales)",
        lambda a, size, mode, align, scales: _resample(a, size, mode, align, scales, None),
        family="convolution", node=node, self=_mean_vjp if name in _MEANS else _vjp,
    ))
    for name, node in (_NODES | _MEANS).items()
}  # fmt: skip


# --- padding -----------------------------------------------------------------------------------
def _places(n: int, before: int, after: int, mode: str) -> Raw:
    i = np.arange(-before, n + after)
    if mode == "replicate":
        return np.clip(i, 0, n - 1)
    if n == 1:
        return np.zeros_like(i)
    i = np.abs(i) % (2 * (n - 1))
    return np.minimum(i, 2 * (n - 1) - i)


def _pad(a: Raw, pad: Ints, mode: str) -> Raw:
    for d in range(len(pad) // 2):
        axis = a.ndim - 1 - d
        a = np.take(a, _places(a.shape[axis], pad[2 * d], pad[2 * d + 1], mode), axis=axis)
    return a


def _pad_back(g: Raw, size: Ints, pad: Ints, mode: str) -> Raw:
    for d in range(len(pad) // 2):
        axis = g.ndim - 1 - d
        out = np.zeros((size[axis], *np.delete(g.shape, axis)), g.dtype)
        places = _places(size[axis], pad[2 * d], pad[2 * d + 1], mode)
        np.add.at(out, places, np.moveaxis(g, axis, 0))
        g = np.moveaxis(out, 0, axis)
    return np.ascontiguousarray(g)


_expose(define(
    "_pad_back(self, size, pad, mode)", _pad_back, family="shape",
    self=lambda F, g, pad, mode: F._pad_again(g, pad, mode),
))  # fmt: skip
_expose(define(
    "_pad_again(self, pad, mode)", _pad, family="shape",
    self=lambda F, g, self_sizes, pad, mode: F._pad_back(g, tuple(self_sizes), pad, mode),
))  # fmt: skip
padders = {
    (mode, n): _expose(define(
        f"{name}(self, pad, mode)", _pad, family="shape", node=node,
        self=lambda F, g, self, pad, mode: F._pad_back(g, tuple(self.shape), pad, mode),
    ))
    for mode, n, name, node in (
        *(("reflect", n, f"reflection_pad{n}d", f"ReflectionPad{n}DBackward0") for n in (1, 2, 3)),
        *(("replicate", n, f"replication_pad{n}d", f"ReplicationPad{n}DBackward0")
          for n in (1, 2, 3)),
    )
}  # fmt: skip


def _constant_pad(a: Raw, pad: Ints, value: float) -> Raw:
    pairs, cut = [(0, 0)] * a.ndim, [slice(None)] * a.ndim
    for d in range(len(pad) // 2):
        axis, before, after = a.ndim - 1 - d, pad[2 * d], pad[2 * d + 1]
        pairs[axis] = (max(before, 0), max(after, 0))
        cut[axis] = slice(max(-before, 0), a.shape[axis] - max(-after, 0))
    return np.pad(in_rows(a[tuple(cut)]), pairs, constant_values=value)


constant_pad = expose(define(
    "constant_pad_nd(self, pad, value=0)", _constant_pad, family="shape",
    self=lambda F, g, pad: F.constant_pad_nd(g, tuple(-p for p in pad), 0),
), method=False)  # fmt: skip


def _shuffle(a: Raw, factor: int) -> Raw:
    *front, c, h, w = a.shape
    split = a.reshape(*front, c // factor**2, factor, factor, h, w)
    n = len(front)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return split.transpose(order).reshape(*front, c // factor**2, h * factor, w * factor)


def _unshuffle(a: Raw, factor: int) -> Raw:
    *front, c, h, w = a.shape
    split = a.reshape(*front, c, h // factor, factor, w // factor, factor)
    n = len(front)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return split.transpose(order).reshape(*front, c * factor**2, h // factor, w // factor)


pixel_shuffle = expose(define(
    "pixel_shuffle(self, upscale_factor)", _shuffle, family="shape",
    self=lambda F, g, upscale_factor: F.pixel_unshuffle(g, upscale_factor),
), method=False)  # fmt: skip
pixel_unshuffle = expose(define(
    "pixel_unshuffle(self, downscale_factor)", _unshuffle, family="shape",
    self=lambda F, g, downscale_factor: F.pixel_shuffle(g, downscale_factor),
), method=False)  # fmt: skip
