"""Arrays drawn from a stream, word for word and rounding for rounding as PyTorch's CPU kernels do.

Every function takes the stream first and advances it exactly as far as PyTorch would. A dtype is
named by a string; "bfloat16" gives float32 arrays whose values bfloat16 can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import kernels
from .stream import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = Sequence[int]
_HALVES = ("float16", "bfloat16")
#: Range of `random_()` per dtype and whether it takes 64 bits.
_FULL_RANGE = {
    "int64": (2**63, True), "int32": (2**31, False), "int16": (2**15, False),
    "int8": (2**7, False), "uint8": (2**8, False), "bool": (2, False),
    "float64": (2**53 + 1, True), "float32": (2**24 + 1, False),
    "float16": (2**11 + 1, False), "bfloat16": (2**8 + 1, False),
}  # fmt: skip


def _cast(values: NDArray[Any], dtype_name: str) -> NDArray[Any]:
    if dtype_name != "bfloat16":
        return values.astype(dtype_name)
    bits: NDArray[Any] = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32)


def _each(function: Callable[[float], float], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a C library function, whose last bits differ from NumPy's vector code."""
    flat = values.ravel()
    return np.fromiter(map(function, flat.tolist()), np.float64, flat.size).reshape(values.shape)


def uniform(
    stream: Stream, shape: Shape, dtype_name: str, low: float = 0.0, high: float = 1.0
) -> NDArray[Any]:
    """Draw uniforms in [low, high)."""
    n = math.prod(shape)
    if dtype_name == "complex64" or dtype_name == "complex128":
        part = "float32" if dtype_name == "complex64" else "float64"
        return uniform(stream, (2 * n,), part, low, high).view(dtype_name).reshape(shape)
    if dtype_name == "float64":
        wide = stream.doubles(n)
        if (low, high) != (0.0, 1.0):
            wide = kernels.fma64(wide, high - low, low)
        return wide.reshape(shape)
    values = stream.floats(n)
    if (low, high) != (0.0, 1.0):
        start, width = np.float32(low), np.float32(high) - np.float32(low)
        values = kernels.fma(values, float(width), start)
    if dtype_name in _HALVES:
        halves = _cast(values, dtype_name)
        edge = _cast(np.array([low, high]), dtype_name)
        halves[halves == edge[1]] = edge[0]
        return halves.reshape(shape)
    return values.reshape(shape)


def scalar_normal(stream: Stream) -> float:
    """Return the generator's spare normal, or make two and keep the second."""
    z, stream.spare = stream.spare, None
    if z is None:
        angle = 2 * math.pi * stream.double()
        radius = math.sqrt(-2 * math.log1p(-stream.double()))
        z, stream.spare = radius * math.cos(angle), radius * math.sin(angle)
    return z


def _normal_one_by_one(stream: Stream, n: int, mean: float, std: float) -> NDArray[np.float64]:
    return np.array([scalar_normal(stream) * std + mean for _ in range(n)], dtype=np.float64)


def _box_muller_f64(u: NDArray[np.float64], mean: float, std: float) -> NDArray[np.float64]:
    radius = np.sqrt(-2 * _each(math.log, 1 - u[:, :8]))
    angle = 2 * math.pi * u[:, 8:]
    z = np.concatenate([radius * _each(math.cos, angle), radius * _each(math.sin, angle)], axis=1)
    return z * std + mean


def _normal_in_blocks(
    stream: Stream, n: int, dtype_name: str, mean: float, std: float
) -> NDArray[Any]:
    """Fill blocks of 16; a rest is filled by one more block that overlaps the last whole one.

    The full types draw uniforms for the rest too, before those of the overlapping block.
    """
    wide = dtype_name == "float64"
    draw: Any = stream.doubles if wide else stream.floats
    fill: Any = _box_muller_f64 if wide else kernels.box_muller
    whole = n - n % 16
    u = draw(whole if dtype_name in _HALVES else n)[:whole]
    values = np.empty(n, dtype=u.dtype)
    values[:whole] = fill(u.reshape(-1, 16), mean, std).ravel()
    if whole != n:
        values[-16:] = fill(draw(16).reshape(1, 16), mean, std).ravel()
    return _cast(values, dtype_name) if dtype_name in _HALVES else values


def normal(
    stream: Stream,
    shape: Shape,
    dtype_name: str,
    mean: float = 0.0,
    std: float = 1.0,
    contiguous: bool = True,
) -> NDArray[Any]:
    """Draw normals; a non-contiguous tensor is filled one by one whatever its size."""
    n = math.prod(shape)
    if dtype_name.startswith("complex"):
        part = "float32" if dtype_name == "complex64" else "float64"
        flat = normal(stream, (2 * n,), part, 0.0, std / math.sqrt(2), contiguous)
        pairs: NDArray[Any] = flat.view(dtype_name).reshape(shape)
        pairs += mean
        return pairs
    if n < 16 or not contiguous:
        return _cast(_normal_one_by_one(stream, n, mean, std), dtype_name).reshape(shape)
    return _normal_in_blocks(stream, n, dtype_name, mean, std).reshape(shape)


def randint(stream: Stream, low: int, high: int, shape: Shape) -> NDArray[np.int64]:
    """Draw integers in [low, high): one word each, two from a span of 2**28 on."""
    n, span = math.prod(shape), high - low
    words = stream.words(n) if span < 2**28 else stream.pairs(n)
    if span < 2**64:
        words = words % np.uint64(span)
    drawn: NDArray[np.int64] = (words + np.uint64(low % 2**64)).astype(np.int64)
    return drawn.reshape(shape)


def random_full_range(stream: Stream, dtype_name: str, shape: Shape) -> NDArray[Any]:
    """Draw what `Tensor.random_()` without arguments draws for the dtype."""
    span, wide = _FULL_RANGE[dtype_name]
    n = math.prod(shape)
    words = (stream.pairs(n) if wide else stream.words(n)) % np.uint64(span)
    return words.astype("float32" if dtype_name == "bfloat16" else dtype_name).reshape(shape)


def randperm(stream: Stream, n: int) -> NDArray[np.int64]:
    """Draw a permutation of 0..n-1 with n - 1 words."""
    order = list(range(n))
    for i, word in enumerate(stream.words(max(n - 1, 0)).tolist()):
        z = i + word % (n - i)
        order[i], order[z] = order[z], order[i]
    return np.array(order, dtype=np.int64)


def bernoulli(stream: Stream, p: float, shape: Shape) -> NDArray[np.bool_]:
    """Draw booleans that are True with probability p, two words each (`bernoulli_`, dropout)."""
    return (stream.doubles(math.prod(shape)) < p).reshape(shape)


def bernoulli_tensor(stream: Stream, p: NDArray[Any]) -> NDArray[np.bool_]:
    """Draw booleans with a probability per element; float32 takes one word each."""
    wide = p.dtype == np.float64
    draws = stream.doubles(p.size) if wide else stream.floats(p.size)
    drawn: NDArray[np.bool_] = draws.reshape(p.shape) < p
    return drawn


def exponential(stream: Stream, shape: Shape, dtype_name: str, rate: float = 1.0) -> NDArray[Any]:
    """Draw exponentials of the given rate."""
    draws = _each(math.log1p, -stream.doubles(math.prod(shape))) * (-1 / rate)
    return _cast(draws, dtype_name).reshape(shape)


def geometric(stream: Stream, p: float, shape: Shape, dtype_name: str) -> NDArray[Any]:
    """Draw the number of trials up to the first success."""
    draws = np.maximum(stream.doubles(math.prod(shape)), 5e-324)
    return _cast(np.ceil(_each(math.log, draws) / math.log1p(-p)), dtype_name).reshape(shape)


def cauchy(
    stream: Stream, shape: Shape, dtype_name: str, median: float = 0.0, sigma: float = 1.0
) -> NDArray[Any]:
    """Draw from the Cauchy distribution."""
    draws = math.pi * (stream.doubles(math.prod(shape)) - 0.5)
    return _cast(median + sigma * _each(math.tan, draws), dtype_name).reshape(shape)


def log_normal(
    stream: Stream, shape: Shape, dtype_name: str, mean: float = 1.0, std: float = 2.0
) -> NDArray[Any]:
    """Draw exp of normals that are made one by one."""
    draws = _normal_one_by_one(stream, math.prod(shape), mean, std)
    return _cast(_each(math.exp, draws), dtype_name).reshape(shape)


def multinomial(
    stream: Stream, weights: NDArray[Any], n: int, replacement: bool
) -> NDArray[np.int64]:
    """Draw n category numbers per row of `weights` (categories,) or (rows, categories)."""
    if not replacement or n == 1:
        keys = weights / exponential(stream, weights.shape, str(weights.dtype))
        if n == 1:
            best: NDArray[np.int64] = np.argmax(keys, axis=-1, keepdims=True).astype(np.int64)
            return best
        return np.argsort(-keys, axis=-1, kind="stable")[..., :n].astype(np.int64)
    rows = np.atleast_2d(weights)
    drawn = np.empty((len(rows), n), dtype=np.int64)
    for i, row in enumerate(rows):
        cumulative = np.cumsum(row, dtype=row.dtype)
        drawn[i] = np.searchsorted(cumulative / cumulative[-1], stream.doubles(n))
    return drawn.reshape(*weights.shape[:-1], n)
