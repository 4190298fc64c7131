"""Single-precision log, sine and cosine, rounded step by step as PyTorch's vector code does.

PyTorch draws float32 normals in AVX2 registers with the public Cephes polynomials (netlib `logf`,
`sinf`, `cosf`) and fused multiply-adds. Any other evaluation, a more precise one included, gives
other last bits. A fused step is a float64 product and sum rounded once to float32: the product of
two float32 is exact in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
_LOG_Q1, _LOG_Q2 = np.float32(-2.12194440e-4), 0.693359375
_SQRT_HALF = np.float32(0.707106781186547524)
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_FOUR_OVER_PI = np.float32(1.27323954473516)
_PI_4_PARTS = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
#: Elements per round: the temporaries stay in the cache.
BLOCK = 8192


def fma(a: Any, b: Any, c: Any) -> F32:
    """Return a*b + c of float32 values, rounded once."""
    product: NDArray[np.float64] = np.multiply(a, b, dtype=np.float64)
    product += c
    return product.astype(np.float32)


def _horner(x: F32, coefficients: tuple[float, ...]) -> F32:
    wide = x.astype(np.float64)
    sum_ = np.full_like(x, np.float32(coefficients[0]))
    for coefficient in coefficients[1:]:
        sum_ = fma(sum_, wide, float(np.float32(coefficient)))
    return sum_


def log(x: F32) -> F32:
    """Natural logarithm of positive normal float32 numbers."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < _SQRT_HALF
    e = (exponent - small).astype(np.float32)
    m = mantissa - np.float32(1)
    m += np.where(small, mantissa, np.float32(0))
    z = m * m
    y = _horner(m, _LOG) * m
    y = fma(y, z, e * _LOG_Q1)
    y = fma(z, -0.5, y)
    return fma(e, _LOG_Q2, m + y)


def sincos(x: F32) -> tuple[F32, F32]:
    """Sine and cosine of float32 angles between 0 and 2 pi."""
    octant = (x * _FOUR_OVER_PI).astype(np.int32)
    octant = (octant + 1) & ~1
    y = octant.astype(np.float32)
    for part in _PI_4_PARTS:
        x = fma(y, float(np.float32(part)), x)
    z = x * x
    c = _horner(z, _COS) * z
    c = fma(c, z, -(z * np.float32(0.5))) + np.float32(1)
    s = fma(_horner(z, _SIN) * z, x, x)
    swap = (octant & 2) != 0
    sine, cosine = np.where(swap, c, s), np.where(swap, s, c)
    np.negative(sine, out=sine, where=(octant & 4) != 0)
    np.negative(cosine, out=cosine, where=((octant + 2) & 4) != 0)
    return sine, cosine


def box_muller(u: F32, mean: float, std: float) -> F32:
    """Turn uniforms (blocks, 16) into normals: columns 0..7 give radii, 8..15 angles."""
    out = np.empty_like(u)
    rows = BLOCK // 8
    for start in range(0, len(u), rows):
        part = u[start : start + rows]
        radius = np.sqrt(np.float32(-2) * log(np.float32(1) - part[:, :8]))
        sine, cosine = sincos(np.float32(2 * np.pi) * part[:, 8:])
        out[start : start + rows, :8] = fma(
            radius * cosine, float(np.float32(std)), np.float32(mean)
        )
        out[start : start + rows, 8:] = fma(radius * sine, float(np.float32(std)), np.float32(mean))
    return out


def fma64(a: NDArray[np.float64], b: float, c: float) -> NDArray[np.float64]:
    """Return a*b + c of float64 values with one rounding (Dekker's and Knuth's exact parts)."""
    product = a * b
    split = 134217729.0  # 2**27 + 1
    a_high = split * a - (split * a - a)
    b_high = split * b - (split * b - b)
    a_low, b_low = a - a_high, b - b_high
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    shadow = total - product
    rest = (product - (total - shadow)) + (c - shadow)
    fused: NDArray[np.float64] = total + (rest + low)
    return fused
