"""The row of weight normalisation: w = v g / ‖v‖, with a norm for each place along one dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.autograd import mode
from engine.ops.api import expose
from engine.ops.table import define

Raw = Any


def _others(ndim: int, dim: int) -> tuple[int, ...]:
    return tuple(d for d in range(ndim) if d != dim)


def _weight_norm(v: Raw, g: Raw, dim: int) -> Raw:
    norm = np.sqrt((v * v).sum(axis=_others(v.ndim, dim), keepdims=True))
    return v * (g / norm)


def _norm(F: Any, v: Any, dim: int) -> Any:
    return F.power(F.sum(v * v, list(_others(len(v.shape), dim)), True), 0.5)


def _slope_v(F: Any, grad: Any, v: Any, g: Any, dim: int) -> Any:
    norm = _norm(F, v, dim)
    along = F.sum(grad * v, list(_others(len(v.shape), dim)), True)
    return (grad - v * (along / (norm * norm))) * (g / norm)


def _slope_g(F: Any, grad: Any, v: Any, dim: int) -> Any:
    return F.sum(grad * v, list(_others(len(v.shape), dim)), True) / _norm(F, v, dim)


_row = expose(
    define(
        "_weight_norm_interface(v, scale, dim)",
        _weight_norm,
        family="normalization",
        v=lambda F, g, v, scale, dim: _slope_v(F, g, v, scale, dim),
        scale=lambda F, g, v, dim: _slope_g(F, g, v, dim),
    ),
    function=False,
    method=False,
)


def weight_norm(v: Any, g: Any, dim: int = 0) -> Any:
    """v g / ‖v‖: by one row along the first or last dimension, by operations otherwise."""
    if mode.batching is None and dim in (0, v.dim() - 1):
        return _row(v, g, dim)
    from engine.nn.utils.former_weight_norm import norm_except

    return v * (g / norm_except(v, dim))
