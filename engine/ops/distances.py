"""Distances between the rows of two matrices."""

from __future__ import annotations

from typing import Any

from engine import errors
from engine.dtype import FLOAT
from engine.ops.api import publish
from engine.ops.norms import norm_vjp, vector_norm_raw
from engine.ops.table import define, run
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


_CDIST_MODES = (
    None, "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
)  # fmt: skip


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The p-norm distances of all rows of x1 and x2: (*, n, m)."""
    if compute_mode not in _CDIST_MODES:
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
    return run(CDIST, [x1, x2, float(p)])


publish("cdist", cdist, method=False, F=False)
