"""Distances between the rows of two matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import FLOAT
from engine.ops.api import FUNCTIONS, publish
from engine.ops.norms import norm_vjp, vector_norm_raw
from engine.ops.table import define, run
from engine.ops.twice import refuse_kernel
from engine.tensor import Tensor

Raw = Any


def _cdist(a: Raw, b: Raw, p: float) -> Raw:
    return vector_norm_raw(a[..., :, None, :] - b[..., None, :, :], p, -1, False)


def _cdist_vjp(F: Any, g: Any, self: Any, other: Any, result: Any, p: float, first: bool) -> Any:
    a = self.reshape((*self.shape[:-1], 1, self.shape[-1]))
    b = other.reshape((*other.shape[:-2], 1, *other.shape[-2:]))
    d = a - b
    v = norm_vjp(F, g, d, result, d.shape, p, -1, False)
    return F.sum(v, [len(d.shape) - 2], False) if first else -F.sum(v, [len(d.shape) - 3], False)


CDIST = define(
    "_cdist_forward(self, other, p)",
    _cdist,
    family="reduction",
    node="CdistBackward0",
    key="cdist",
    self=lambda F, g, self, other, result, p, self_sizes: F.sum_to(
        _cdist_vjp(F, g, self, other, result, p, True), self_sizes
    ),
    other=lambda F, g, self, other, result, p, other_sizes: F.sum_to(
        _cdist_vjp(F, g, self, other, result, p, False), other_sizes
    ),
)


def _underived() -> Exception:
    return NotImplementedError("the derivative for '_cdist_backward' is not implemented.")


def _euclidean(a: Raw, b: Raw) -> Raw:
    """sqrt(|a|² - 2 a·b + |b|²) as one product of matrices, whose rounding may fall below 0."""
    square_a, square_b = (np.add.reduce(x * x, -1, keepdims=True) for x in (a, b))
    left = np.concatenate((a * -2, square_a, np.ones_like(square_a)), -1)
    right = np.concatenate((b, np.ones_like(square_b), square_b), -1)
    return np.sqrt(np.maximum(np.matmul(left, right.swapaxes(-1, -2)), 0))


def _euclidean_vjp(F: Any, g: Any, x1: Any, x2: Any, result: Any) -> Any:
    """The gradient of the first matrix; no distance is one that does not change."""
    zero = result == 0
    ratio = F.where(zero, F.zeros_like(g), g / F.where(zero, F.ones_like(result), result))
    return x1 * F.sum(ratio, [len(ratio.shape) - 1], True) - F.matmul(ratio, x2)


EUCLIDEAN = define(
    "_euclidean_dist(x1, x2)",
    _euclidean,
    family="reduction",
    node="EuclideanDistBackward0",
    x1=_euclidean_vjp,
    x2=lambda F, g, x1, x2, result: _euclidean_vjp(F, g.mT, x2, x1, result.mT),
)
refuse_kernel(CDIST, _underived, "self other result", "CdistBackward", mirrored=True)
_MANY = 25  # rows up to which no product is taken, unless that is asked for


def _by_product(x1: Any, x2: Any, mode: int) -> bool:
    """Whether Euclidean distances come from a product of matrices."""
    many = x1._s[-2] > _MANY or x2._s[-2] > _MANY
    return (mode == 1 or (mode == 0 and many)) and x1._s.numel() > 0 and x2._s.numel() > 0


def _euclidean_distances(x1: Any, x2: Any) -> Any:
    batch = x1._s[:-2]
    if batch != x2._s[:-2]:
        batch = FUNCTIONS["broadcast_shapes"](batch, x2._s[:-2])
    count = math.prod(batch)
    if count == 1:
        found = run(EUCLIDEAN, [x1, x2])
    else:
        found = run(
            EUCLIDEAN,
            [t.expand(*batch, *t._s[-2:]).contiguous().view(count, *t._s[-2:]) for t in (x1, x2)],
        )
    return found.view(*batch, x1._s[-2], x2._s[-2])


_MODES = {
    None: 0,
    "use_mm_for_euclid_dist_if_necessary": 0,
    "use_mm_for_euclid_dist": 1,
    "donot_use_mm_for_euclid_dist": 2,
}


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The p-norm distances of all rows of x1 and x2: (*, n, m)."""
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for i, (name, t) in enumerate((("x1", x1), ("x2", x2))):
        if not isinstance(t, Tensor):
            raise errors.not_tensor("cdist", name, i + 1, t)
    if isinstance(p, bool) or not isinstance(p, (int, float)):
        raise TypeError(
            f"cdist(): argument 'p' (position 3) must be float, not {errors.type_name(p)}"
        )
    for name, t in (("X1", x1), ("X2", x2)):
        if len(t._s) < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {len(t._s)}D")
    if x1._s[-1] != x2._s[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._s[-1]} X2: {x2._s[-1]}"
        )
    for name, t in (("X1", x1), ("X2", x2)):
        if t._d.category < FLOAT:
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {t._d.display}"
            )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if p == 2 and _by_product(x1, x2, _MODES[compute_mode]):
        return _euclidean_distances(x1, x2)
    return run(CDIST, [x1, x2, float(p)])


publish("cdist", cdist, method=False, F=False)
