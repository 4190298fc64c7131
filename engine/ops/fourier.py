"""Fourier transforms along dimensions: of complex numbers, of real ones, and back to real ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops.table import define

Raw = Any

NONE, BY_ROOT, BY_SIZE = range(3)  # what the sums are divided by


def _scaled(out: Raw, sizes: list[int], normalization: int, real: Any) -> Raw:
    """The sums divided as `normalization` says, in the precision of `real`."""
    n = math.prod(sizes)
    if normalization != NONE:
        out = out / (math.sqrt(n) if normalization == BY_ROOT else n)
    kind = np.result_type(real, np.complex64) if out.dtype.kind == "c" else real
    return np.ascontiguousarray(out, kind)


def _real(a: Raw) -> Any:
    return a.real.dtype


def _complex_to_complex(a: Raw, dim: list[int], normalization: int, forward: bool) -> Raw:
    fn: Any = np.fft.fftn if forward else np.fft.ifftn
    out = fn(a, axes=dim, norm="backward" if forward else "forward")
    return _scaled(out, [a.shape[d] for d in dim], normalization, _real(a))


def _real_to_complex(a: Raw, dim: list[int], normalization: int, onesided: bool) -> Raw:
    out = np.fft.rfftn(a, axes=dim) if onesided else np.fft.fftn(a, axes=dim)
    return _scaled(out, [a.shape[d] for d in dim], normalization, _real(a))


def _real_to_complex_vjp(
    F: Any, g: Any, self_sizes: Any, dim: list[int], normalization: int, onesided: bool
) -> Any:
    """The transform back; what the one side leaves out had no part in the result."""
    last = dim[-1]
    lacking = self_sizes[last] - g.shape[last]
    if onesided and lacking:
        rest = (*g.shape[:last], lacking, *g.shape[last + 1 :])
        g = F.cat([g, F.zeros(rest, None if F.raw else g._d)], last)
    return F.real(F.fft_c2c(g, dim, normalization, False))


def _complex_to_real(a: Raw, dim: list[int], normalization: int, last_dim_size: int) -> Raw:
    sizes = [*(a.shape[d] for d in dim[:-1]), last_dim_size]
    out = np.fft.irfftn(a, s=sizes, axes=dim, norm="forward")
    return _scaled(out, sizes, normalization, _real(a))


def _complex_to_real_vjp(
    F: Any, g: Any, self_sizes: Any, dim: list[int], normalization: int, last_dim_size: int
) -> Any:
    """One side of the transform, in which all that stands for two elements counts twice."""
    out = F.fft_r2c(g, dim, normalization, True)
    last = dim[-1]
    shape = [1] * len(self_sizes)
    shape[last] = self_sizes[last]
    twice = np.ones(shape, _real(F.elements(g)))
    twice.reshape(-1)[1 : 1 + last_dim_size - self_sizes[last]] = 2
    return out * F.const(twice)


C2C = define(
    "_fft_c2c(self, dim, normalization, forward)",
    _complex_to_complex,
    family="matmul",
    node="FftC2CBackward0",
    key="fft_c2c",
    self=lambda F, g, dim, normalization, forward: F.fft_c2c(g, dim, normalization, not forward),
)
R2C = define(
    "_fft_r2c(self, dim, normalization, onesided)",
    _real_to_complex,
    family="matmul",
    node="FftR2CBackward0",
    key="fft_r2c",
    self=_real_to_complex_vjp,
)
C2R = define(
    "_fft_c2r(self, dim, normalization, last_dim_size)",
    _complex_to_real,
    family="matmul",
    node="FftC2RBackward0",
    key="fft_c2r",
    self=_complex_to_real_vjp,
)
