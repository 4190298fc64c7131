"""Rows of pooling: maxima and means over windows, in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.adding import add_at
from engine.ops.api import expose
from engine.ops.table import define

from .windows import divisors, output_size, padded, scatter_windows, windows

Raw = Any
Ints = Sequence[int]


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _counts(a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool) -> Ints:
    n = len(kernel)
    return tuple(
        output_size(*numbers, ceil)
        for numbers in zip(a.shape[-n:], kernel, stride, padding, dilation, strict=True)
    )


def _overhang(
    a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, counts: Ints
) -> Ints:
    """Return how much to pad behind so that every window lies inside."""
    n = len(kernel)
    return tuple(
        max(p, (c - 1) * s + d * (k - 1) + 1 - size - p)
        for size, k, s, p, d, c in zip(
            a.shape[-n:], kernel, stride, padding, dilation, counts, strict=True
        )
    )


def max_places(
    a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool
) -> Raw:
    """Return each window's flat index, in the last dimensions of `a`, of its first maximum."""
    n = len(kernel)
    view = _filled(a, kernel, stride, padding, dilation, ceil)
    first, *others = np.ndindex(*kernel)
    best = view[(..., *first)]
    found = np.zeros(best.shape, np.int64)  # how far behind the window's first element
    for place in others:
        one = view[(..., *place)]
        higher = ~(one <= best)  # or not a number, of which the first stays
        higher &= best == best
        best = np.where(higher, one, best)
        np.copyto(
            found,
            _flat_index([p * d for p, d in zip(place, dilation, strict=True)], a),
            where=higher,
        )
    starts = [
        (np.arange(count) * stride[i] - padding[i]).reshape([-1 if i == k else 1 for k in range(n)])
        for i, count in enumerate(view.shape[-2 * n : -n])
    ]
    found += _flat_index(starts, a)
    return found


def _flat_index(place: Sequence[Any], a: Raw) -> Any:
    """Return the flat index in the last dimensions of `a` of a place, or of places that broadcast."""
    flat: Any = 0
    for p, size in zip(place, a.shape[-len(place) :], strict=True):
        flat = flat * size + p
    return flat


def _filled(a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool) -> Raw:
    """Return the windows of `a`, whose places outside of it are lower than everything."""
    counts = _counts(a, kernel, stride, padding, dilation, ceil)
    after = _overhang(a, kernel, stride, padding, dilation, counts)
    low = -np.inf if a.dtype.kind == "f" else np.iinfo(a.dtype).min
    return windows(padded(a, padding, after, low), kernel, stride, dilation, counts)


def _max_pool(a: Raw, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool) -> Raw:
    view = _filled(a, kernel, stride, padding, dilation, ceil)
    first, *others = np.ndindex(*kernel)
    best = np.array(view[(..., *first)])
    for place in others:
        np.maximum(best, view[(..., *place)], out=best)
    return best


def _pick(a: Raw, places: Raw, n: int) -> Raw:
    flat = a.reshape(*a.shape[: a.ndim - n], -1)
    rows = places.reshape(*places.shape[: places.ndim - n], -1)
    return np.take_along_axis(flat, rows, -1).reshape(places.shape)


def _put(a: Raw, places: Raw, size: Ints, n: int) -> Raw:
    """Add the elements of `a` to zeros of shape `size` at flat places in its last n dimensions."""
    front = int(np.prod(size[: len(size) - n]))
    out = np.zeros((front, int(np.prod(size[len(size) - n :]))), a.dtype)
    add_at(out, (np.arange(front)[:, None], places.reshape(front, -1)), a.reshape(front, -1))
    return out.reshape(tuple(size))


def _place(a: Raw, places: Raw, size: Ints, n: int) -> Raw:
    """Write the elements of `a` into zeros at flat places; where two meet, the later one stays."""
    front = int(np.prod(size[: len(size) - n]))
    out = np.zeros((front, int(np.prod(size[len(size) - n :]))), a.dtype)
    out[np.arange(front)[:, None], places.reshape(front, -1)] = a.reshape(front, -1)
    return out.reshape(tuple(size))


pool_put = _expose(define(
    "_pool_put(self, places, size, n)", _put,
    family="convolution", self=lambda F, g, places, n: F._pool_pick(g, places, n),
))  # fmt: skip
_expose(define(
    "_pool_pick(self, places, n)", _pick, family="convolution",
    self=lambda F, g, self_sizes, places, n: F._pool_put(g, places, tuple(self_sizes), n),
))  # fmt: skip


max_unpools = {
    n: _expose(define(
        f"max_unpool{n}d(self, places, size, n)", _place,
        family="convolution", node=f"MaxUnpool{n}DBackward0",
        self=lambda F, g, places, n: F._pool_pick(g, places, n),
    ))
    for n in (2, 3)
}  # fmt: skip


def _max_pool_vjp(
    F: Any, g: Any, self: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Any:
    places = max_places(F.array(self), kernel, stride, padding, dilation, ceil)
    return F._pool_put(g, places, tuple(self.shape), len(kernel))


_MAX = "(self, kernel, stride, padding, dilation, ceil)"
max_pool2d = _expose(define(
    f"max_pool2d_with_indices{_MAX}", _max_pool, family="convolution",
    node="MaxPool2DWithIndicesBackward0", self=_max_pool_vjp,
))  # fmt: skip
max_pool3d = _expose(define(
    f"max_pool3d_with_indices{_MAX}", _max_pool, family="convolution",
    node="MaxPool3DWithIndicesBackward0", self=_max_pool_vjp,
))  # fmt: skip


# --- means -------------------------------------------------------------------------------------
def _divisor(
    size: Ints, kernel: Ints, stride: Ints, padding: Ints, counts: Ints, include_pad: bool,
    override: int | None,
) -> Any:  # fmt: skip
    if override:
        return override
    return divisors(size, kernel, stride, padding, counts, include_pad)


def _avg_pool(
    a: Raw, kernel: Ints, stride: Ints, padding: Ints, ceil: bool, include_pad: bool,
    override: int | None,
) -> Raw:  # fmt: skip
    n, ones = len(kernel), (1,) * len(kernel)
    counts = _counts(a, kernel, stride, padding, ones, ceil)
    after = _overhang(a, kernel, stride, padding, ones, counts)
    view = windows(padded(a, padding, after), kernel, stride, ones, counts)
    by = _divisor(a.shape[-n:], kernel, stride, padding, counts, include_pad, override)
    return (view.sum(axis=tuple(range(-n, 0))) / by).astype(a.dtype)


def _avg_unpool(
    g: Raw, size: Ints, kernel: Ints, stride: Ints, padding: Ints, ceil: bool, include_pad: bool,
    override: int | None,
) -> Raw:  # fmt: skip
    n, ones = len(kernel), (1,) * len(kernel)
    counts = g.shape[-n:]
    by = _divisor(size[-n:], kernel, stride, padding, counts, include_pad, override)
    share = (g / by).astype(g.dtype)
    w = np.broadcast_to(share[(..., *(None,) * n)], (*g.shape, *kernel))
    return scatter_windows(w, size[-n:], kernel, stride, padding, ones)


_AVG = "kernel, stride, padding, ceil, include_pad, override"
avg_pools = {
    n: _expose(define(
        f"avg_pool{n}d(self, {_AVG})", _avg_pool, family="convolution",
        node=f"AvgPool{n}DBackward0",
        self=lambda F, g, self, kernel, stride, padding, ceil, include_pad, override:
            F._avg_unpool(g, tuple(self.shape), kernel, stride, padding, ceil, include_pad,
                          override),
    ))
    for n in (2, 3)
}  # fmt: skip
_expose(define(
    f"_avg_unpool(self, size, {_AVG})", _avg_unpool, family="convolution",
    self=lambda F, g, kernel, stride, padding, ceil, include_pad, override:
        F.avg_pool2d(g, kernel, stride, padding, ceil, include_pad, override),
))  # fmt: skip


# --- maxima over parts of given number ---------------------------------------------------------
def adaptive_bounds(n: int, parts: int) -> list[tuple[int, int]]:
    """Return start and end of each of `parts` parts of n elements; neighbours may overlap."""
    return [(i * n // parts, -((-(i + 1) * n) // parts)) for i in range(parts)]


def adaptive_places(a: Raw, size: Ints) -> Raw:
    """Return the flat index, in the last dimensions of `a`, of the first maximum of each part."""
    n = len(size)
    shape = a.shape[-n:]
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    bounds = [adaptive_bounds(s, parts) for s, parts in zip(shape, size, strict=True)]
    out = np.empty((*a.shape[:-n], *size), np.int64)
    for place in np.ndindex(*size):
        part = tuple(slice(*bounds[d][i]) for d, i in enumerate(place))
        best = a[(..., *part)].reshape(*a.shape[:-n], -1).argmax(axis=-1)
        out[(..., *place)] = flat[part].ravel()[best]
    return out


def _adaptive_max(a: Raw, size: Ints) -> Raw:
    return _pick(a, adaptive_places(a, size), len(size))


adaptive_max_pools = {
    n: _expose(define(
        f"adaptive_max_pool{n}d(self, size)", _adaptive_max, family="convolution",
        node=f"AdaptiveMaxPool{n}DBackward0",
        self=lambda F, g, self, size: F._pool_put(
            g, adaptive_places(F.array(self), size), tuple(self.shape), len(size)),
    ))
    for n in (2, 3)
}  # fmt: skip
