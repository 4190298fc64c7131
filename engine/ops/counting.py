"""Histograms and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, FLOAT, INT
from engine.ops.api import publish
from engine.ops.extremes import returns
from engine.ops.helpers import by_example
from engine.tensor import Tensor, wrap


def _range(a: Any, low: float, high: float, name: str) -> tuple[float, float]:
    if low == high == 0 and a.size:
        low, high = float(a.min()), float(a.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"{name}(): range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.{name}: max must be larger than min"
            if name == "histc"
            else f"torch.{name}(): min should not exceed max, but got min {low:g} max {high:g} for dimension 0"
        )
    if low != high:
        return (low, high)
    around = 1 if name == "histc" else 0.5
    return (low - around, high + around)


def _check_bins(bins: int) -> None:
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")


@by_example
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Any:
    """How many elements lie in each of `bins` equal parts of [min, max]."""
    if input._d.category < FLOAT:
        raise errors.not_implemented(
            "linspace_cpu" if input._d.category == BOOL else "histogram_cpu", input._d.display
        )
    _check_bins(bins)
    a = np.asarray(input._a).reshape(-1)
    counts, _ = np.histogram(a, bins, _range(a, min, max, "histc"))
    return wrap(counts.astype(input._d.np), input._d)


@by_example
def histogram(
    input: Any, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False,
    out: Any = None,
) -> Any:  # fmt: skip
    """Counts and edges; `bins` is a number or the edges."""
    a = np.asarray(input._a).reshape(-1)
    w = None if weight is None else np.asarray(weight._a).reshape(-1)
    kind = input._d.np
    if isinstance(bins, Tensor):
        edges = np.asarray(bins._a)
        counts, _ = np.histogram(a, edges, weights=w, density=density)
    else:
        _check_bins(bins)
        least, most = range or (0.0, 0.0)
        low, high = _range(a, least, most, "histogram")
        counts, edges = np.histogram(a, bins, (low, high), density=density, weights=w)
    made = returns("histogram", "hist bin_edges")
    return made((wrap(counts.astype(kind)), wrap(edges.astype(kind))))


@by_example
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number from 0 occurs."""
    a = np.asarray(input._a)
    if input._d.category != INT:
        raise errors.not_implemented("bincount_cpu", input._d.display)
    if a.ndim != 1 or (a.size and a.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is not None and weights._s != input._s:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    w = None if weights is None else np.asarray(weights._a)
    out = np.bincount(a, w, minlength)
    single = weights is not None and weights._d.category == FLOAT
    return wrap(out.astype(weights._d.np if single else out.dtype))


for _n in ("histc", "histogram", "bincount"):
    publish(_n, globals()[_n], F=False)
