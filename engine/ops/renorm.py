"""Scaling down by norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import publish
from engine.ops.helpers import axis
from engine.ops.inplace import run_inplace
from engine.ops.norms import norm_vjp, vector_norm_raw
from engine.ops.table import define, run

Raw = Any

RENORM = define(
    "renorm(self, p, dim, maxnorm)",
    lambda a, p, dim, maxnorm: a * _renorm_scale(a, p, dim, maxnorm),
    family="reduction",
    self=lambda F, g, self, p, dim, maxnorm: _renorm_vjp(F, g, self, p, dim, maxnorm),
)


def _other_dims(ndim: int, dim: int) -> list[int]:
    return [d for d in range(ndim) if d != axis(dim, ndim)]


def _renorm_scale(a: Raw, p: float, dim: int, maxnorm: float) -> Raw:
    n = vector_norm_raw(a, p, _other_dims(a.ndim, dim), True)
    return np.where(n > maxnorm, maxnorm / (n + 1e-7), 1).astype(a.dtype)


def _renorm_vjp(F: Any, g: Any, self: Any, p: float, dim: int, maxnorm: float) -> Any:
    others = _other_dims(len(self.shape), dim)
    n = F.linalg_vector_norm(self, p, others, True)
    over = n > maxnorm
    inverse = 1 / (n + 1e-7)
    total = F.sum(g * F.conj(self), others, True)
    through = norm_vjp(F, total, self, n, tuple(self.shape), p, others, True)
    inside = maxnorm * inverse * (g - inverse * through)
    return F.where(over, inside, g)


def renorm(input: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    """Scale the slices along `dim` whose p-norm is above `maxnorm` down to it."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if len(input._s) < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {len(input._s)} dimensions"
        )
    return run(RENORM, [input, float(p), dim, float(maxnorm)])


publish("renorm", renorm, F=False)
publish(
    "renorm_",
    lambda self, p, dim, maxnorm: run_inplace(RENORM, [self, float(p), dim, float(maxnorm)]),
    function=False,
    F=False,
)
