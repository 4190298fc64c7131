"""Rows that read an image at places between its pixels: grid samples, and the grids themselves.

A place p of the grid in [-1, 1] becomes a coordinate slope * p + shift, piecewise linear where it is
clipped or reflected at the border; the sample is a sum of pixels times products of one weight per
dimension. The gradients are written on the same weights, so they can be differentiated again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.table import define

Raw = Any
_CUBIC = -0.75


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _reflected(x: Raw, low: float, high: float) -> tuple[Raw, Raw]:
    """Coordinates reflected at `low` and `high` until they lie between them, and the slopes."""
    if low == high:
        return np.zeros_like(x), np.zeros_like(x)
    span = high - low
    away = np.abs(x - low)
    turns = np.floor(away / span)
    rest = np.fmod(away, span)
    even = turns % 2 == 0
    slope = np.where(x < low, -1, 1) * np.where(even, 1, -1)
    return np.where(even, rest + low, span - rest + low).astype(x.dtype), slope.astype(x.dtype)


def _bounded(x: Raw, n: int, padding: str, align: bool) -> tuple[Raw, Raw]:
    """Coordinates moved into the image of `n` pixels, as the padding says, and the slopes."""
    slope = np.ones_like(x)
    if padding == "reflection":
        ends = (0.0, n - 1.0) if align else (-0.5, n - 0.5)
        x, slope = _reflected(x, *ends)
    if padding != "zeros":
        slope = np.where((x <= 0) | (x >= n - 1), 0, slope).astype(x.dtype)
        x = np.clip(x, 0, n - 1).astype(x.dtype)
    return x, slope


def _coordinates(F: Any, grid: Any, d: int, n: int, mode: str, padding: str, align: bool) -> Any:
    """The coordinates along one dimension: as values, as an expression of the grid, and its slope."""
    p = F.elements(grid)[..., d]
    with np.errstate(all="ignore"):
        if align:
            x, scale = ((p + 1) / 2) * (n - 1), (n - 1) / 2
        else:
            x, scale = ((p + 1) * n - 1) / 2, n / 2
        x = x.astype(p.dtype)
        if mode == "bicubic":
            bounded, slope = x, np.ones_like(x)
        else:
            bounded, slope = _bounded(x, n, padding, align)
    bounded = np.where(np.isfinite(bounded), bounded, -100).astype(p.dtype)
    slope = (slope * p.dtype.type(scale)).astype(p.dtype)
    if F.raw:
        return bounded, bounded, slope
    moving = F.part(grid, (Ellipsis, d)) * F.const(slope) + F.const(bounded - slope * p)
    return bounded, moving, slope


def _cubic_near(t: Any) -> Any:
    return ((_CUBIC + 2) * t - (_CUBIC + 3)) * t * t + 1


def _cubic_far(t: Any) -> Any:
    return ((_CUBIC * t - 5 * _CUBIC) * t + 8 * _CUBIC) * t - 4 * _CUBIC


def _near_slope(t: Any) -> Any:
    return (3 * (_CUBIC + 2) * t - 2 * (_CUBIC + 3)) * t


def _far_slope(t: Any) -> Any:
    return (3 * _CUBIC * t - 10 * _CUBIC) * t + 8 * _CUBIC


def _taps(
    F: Any, grid: Any, d: int, n: int, mode: str, padding: str, align: bool
) -> list[tuple[Raw, Any, Any]]:
    """For each pixel that takes part along one dimension: its index, its weight, the weight's slope."""
    at, x, slope = _coordinates(F, grid, d, n, mode, padding, align)
    if mode == "nearest":
        one = F.const(np.ones_like(at))
        return [(np.rint(at).astype(np.int64), one, None)]
    low = np.floor(at)
    t = x - F.const(low)
    first = low.astype(np.int64)
    s = F.const(slope)
    if mode == "bilinear":
        return [(first, (1 - t), -s), (first + 1, t * 1, s)]
    weights = (_cubic_far(t + 1), _cubic_near(t), _cubic_near(1 - t), _cubic_far(2 - t))
    slopes = (_far_slope(t + 1), _near_slope(t), -_near_slope(1 - t), -_far_slope(2 - t))
    indices = [
        _bounded((low + k).astype(at.dtype), n, padding, align)[0].astype(np.int64)
        for k in (-1, 0, 1, 2)
    ]
    return [(i, w, v * s) for i, w, v in zip(indices, weights, slopes, strict=True)]


def _plan(
    F: Any, grid: Any, shape: Sequence[int], mode: str, padding: str, align: bool
) -> list[tuple[Raw, Raw, list[Any], list[Any]]]:
    """For each pixel of a sample: its flat place, whether it is inside, the weights, their slopes.

    Places lie over the output (N, *size); the dimensions of the grid's last axis are the image's,
    backwards.
    """
    sizes = shape[2:]
    n = len(sizes)
    per = [_taps(F, grid, n - 1 - d, sizes[d], mode, padding, align) for d in range(n)]
    found = []
    for taps in itertools.product(*per):
        flat = np.zeros(grid.shape[:-1], np.int64)
        inside = np.ones(grid.shape[:-1], bool)
        for size, (i, _, _) in zip(sizes, taps, strict=True):
            ok = (i >= 0) & (i < size)
            inside &= ok
            flat = flat * size + np.where(ok, i, 0)
        found.append((flat, inside, [w for _, w, _ in taps], [s for _, _, s in taps]))
    return found


def _over_channels(places: Raw, channels: int) -> Raw:
    return np.broadcast_to(places[:, None], (len(places), channels, *places.shape[1:]))


def _product(F: Any, factors: Sequence[Any], inside: Raw) -> Any:
    out = F.const(inside.astype(F.elements(factors[0]).dtype))
    for factor in reversed(factors):
        out = out * factor
    return out.reshape((out.shape[0], 1, *out.shape[1:]))


def _sample(F: Any, a: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    shape, n = tuple(a.shape), len(a.shape) - 2
    total = None
    for flat, inside, weights, _ in _plan(F, grid, shape, mode, padding, align):
        part = F._pool_pick(a, _over_channels(flat, shape[1]), n) * _product(F, weights, inside)
        total = part + 0 if total is None else total + part
    return total


def _grid_sample(a: Raw, grid: Raw, mode: str, padding: str, align: bool) -> Raw:
    from engine.ops.namespace import RAW

    return _sample(RAW, a, grid, mode, padding, align)


def _grid_sample_vjp(
    F: Any, g: Any, self: Any, grid: Any, mode: str, padding: str, align: bool, needs: Any
) -> Any:
    shape, n = tuple(self.shape), len(self.shape) - 2
    gself, slopes = None, [None] * n
    for flat, inside, weights, steps in _plan(F, grid, shape, mode, padding, align):
        places = _over_channels(flat, shape[1])
        if needs[0]:
            part = F._pool_put(g * _product(F, weights, inside), places, shape, n)
            gself = part if gself is None else gself + part
        if needs[1] and mode != "nearest":
            values = F.sum(g * F._pool_pick(self, places, n), [1], True)
            for d in range(n):
                factors = [*weights[:d], steps[d], *weights[d + 1 :]]
                part = values * _product(F, factors, inside)
                slopes[d] = part if slopes[d] is None else slopes[d] + part
    if not needs[1]:
        return gself, None
    if mode == "nearest":
        return gself, F.zeros_like(grid)
    columns = [s.reshape((*grid.shape[:-1], 1)) for s in reversed(slopes)]  # type: ignore[attr-defined]
    return gself, F.cat(columns, -1)


grid_samplers = {
    n: _expose(define(
        f"grid_sampler_{n}d(self, grid, mode, padding, align)", _grid_sample,
        family="convolution", node=f"GridSampler{n}DBackward0",
        joint=_grid_sample_vjp, wrt="self grid",
    ))
    for n in (2, 3)
}  # fmt: skip


# --- the grids of affine maps ------------------------------------------------------------------
def _steps(n: int, align: bool, kind: Any) -> Raw:
    if n <= 1:
        return np.zeros(n, kind)
    steps = np.linspace(-1, 1, n).astype(kind)
    return steps if align else steps * kind((n - 1) / n)


def _base(size: Sequence[int], align: bool, kind: Any) -> Raw:
    """The places of all pixels and a one: (pixels, dimensions + 1), the last dimension first."""
    axes = np.meshgrid(*(_steps(n, align, kind) for n in size), indexing="ij")
    columns = [axis.ravel() for axis in reversed(axes)]
    return np.stack([*columns, np.ones_like(columns[0])], -1)


def _affine_grid(theta: Raw, size: Sequence[int], align: bool) -> Raw:
    base = _base(size[2:], align, theta.dtype.type)
    return np.matmul(base, np.swapaxes(theta, -1, -2)).reshape(len(theta), *size[2:], len(size) - 2)


def _affine_grid_vjp(F: Any, g: Any, size: Sequence[int], align: bool) -> Any:
    flat = g.reshape((g.shape[0], -1, g.shape[-1]))
    base = _base(size[2:], align, F.elements(g).dtype.type)
    return F.matmul(flat.mT, F.const(np.broadcast_to(base, (g.shape[0], *base.shape)).copy()))


affine_grid = _expose(define(
    "affine_grid_generator(theta, size, align)", _affine_grid, family="convolution",
    theta=lambda F, g, size, align: _affine_grid_vjp(F, g, size, align),
))  # fmt: skip


# --- maxima over windows of random places --------------------------------------------------------
def _starts(sample: float, n: int, out: int, window: int) -> list[int]:
    """Where the windows along one dimension begin: Graham's pseudo-random intervals."""
    kind = type(sample)
    starts = []
    if out > 1:
        alpha = kind(n - window) / kind(out - 1)
        shift = int(sample * alpha)
        starts = [int((kind(i) + sample) * alpha) - shift for i in range(out - 1)]
    return [*starts, n - window] if out else []


def fractional_places(a: Raw, samples: Raw, window: Sequence[int], out: Sequence[int]) -> Raw:
    """The flat index, in the last dimensions of `a` (N, C, *size), of each window's first maximum."""
    n = len(window)
    sizes = a.shape[-n:]
    places = np.zeros((*a.shape[:2], *out), np.int64)
    order = range(n) if n == 3 else (1, 0)  # which sample is whose
    for at in np.ndindex(a.shape[:2]):
        drawn = [samples[at][k] for k in order]
        starts = [
            _starts(s, *each)
            for s, each in zip(drawn, zip(sizes, out, window, strict=True), strict=True)
        ]
        for place in np.ndindex(*out):
            corner = [starts[d][i] for d, i in enumerate(place)]
            part = a[at][tuple(slice(c, c + w) for c, w in zip(corner, window, strict=True))]
            best = np.unravel_index(_first_maximum(part), part.shape)
            flat = 0
            for c, b, size in zip(corner, best, sizes, strict=True):
                flat = flat * size + c + int(b)
            places[at][place] = flat
    return places


def _first_maximum(part: Raw) -> int:
    bad = np.isnan(part)
    return int(np.flatnonzero(bad)[-1]) if bad.any() else int(part.argmax())


def _pick(a: Raw, places: Raw, n: int) -> Raw:
    flat = a.reshape(*a.shape[: a.ndim - n], math.prod(a.shape[-n:]))
    rows = places.reshape(*places.shape[: places.ndim - n], math.prod(places.shape[-n:]))
    return np.take_along_axis(flat, rows, -1).reshape(places.shape)


fractional_pools = {
    n: _expose(define(
        f"fractional_max_pool{n}d(self, places, n)", _pick, family="convolution",
        node=f"FractionalMaxPool{n}DBackward0",
        self=lambda F, g, self, places, n: F._pool_put(g, places, tuple(self.shape), n),
    ))
    for n in (2, 3)
}  # fmt: skip
