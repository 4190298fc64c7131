"""How float16 and bfloat16 are computed: in float32, rounded where PyTorch rounds.

An operation rounds once, at its end. What differs is listed here: numbers that are rounded before
they take part, and operations that keep something in between in the narrow type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dtype import bfloat16, cast, complex32, dtype, float16, float32
from engine.tensor import Tensor
from engine.warning import warn

HALVES = frozenset((float16, bfloat16, complex32))
_EXPERIMENTAL = "ComplexHalf support is experimental and many operators don't support it yet."

#: Operations that take numbers as they are; all others round them to the narrow type first.
_WIDE_NUMBERS = frozenset(("mul", "div", "lerp"))


def rounded(a: Any, d: dtype) -> Any:
    """float32 values rounded to `d`, as tensors of type `d` hold them."""
    r = cast(a, float32, d)
    return r if r.ndim else r[()]


def narrowed(a: Any, d: dtype, half: dtype) -> tuple[Any, dtype]:
    """A result of type `d`, float32 or complex64, as what it is of narrow arguments."""
    wanted = half.to_real() if d is float32 else half.to_complex()
    if wanted is d:
        return a, d
    if wanted is complex32:
        warn(_EXPERIMENTAL)
    return rounded(a, wanted), wanted


def near(a: Any, d: dtype) -> Any:
    """float32 values rounded to `d`, still float32."""
    return widened(rounded(np.asarray(a, np.float32), d))


def widened(a: Any) -> Any:
    """float16 values as float32; anything else as it is."""
    if isinstance(a, (np.ndarray, np.generic)) and a.dtype == np.float16:
        return a.astype(np.float32)
    return a


def widen(name: str, values: list[Any], raws: list[Any]) -> None:
    """Make the arguments of an operation float32."""
    exact = name in _WIDE_NUMBERS
    for i, raw in enumerate(raws):
        v = values[i]
        if isinstance(raw, (list, tuple)) or np.iscomplexobj(raw):
            continue
        if exact and isinstance(v, (Tensor, int, float)) and not getattr(v, "_s", None):
            raws[i] = np.float32(v._a if isinstance(v, Tensor) else v)
        else:
            raws[i] = widened(raw)


def forward(name: str, d: dtype) -> Callable[..., Any] | None:
    """The forward of an operation that rounds in between, for the narrow type `d`; mostly None."""
    fn = _STEPWISE.get(name)
    return None if fn is None else lambda *raws: fn(d, *raws)


def _rsqrt(d: dtype, a: Any) -> Any:
    return 1 / near(np.sqrt(a), d)


def _pow(d: dtype, a: Any, b: Any) -> Any:
    if isinstance(a, (int, float)):
        return np.power(near(a, d), b)
    if not isinstance(b, (int, float)):
        return np.power(a, b)
    b = float(near(b, d))
    if b == 0.5:
        return np.sqrt(a)
    if b == -0.5:
        return 1 / (near(np.sqrt(a), d) if d is bfloat16 else np.sqrt(a))
    if b not in (2, 3, -2):
        return np.power(a, b)
    square = near(a * a, d) if d is bfloat16 and b != 2 else a * a
    return square if b == 2 else square * a if b == 3 else 1 / square


def _log_softmax(d: dtype, a: Any, dim: int) -> Any:
    if not np.size(a) or not np.ndim(a):
        return a - a
    below = a - a.max(dim, keepdims=True)
    total = np.exp(below).sum(dim, keepdims=True)
    if dim % a.ndim == a.ndim - 1:
        return below - near(np.log(near(total, d)), d)
    return below - np.log(total)


def _prod(d: dtype, a: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The product, rounded after each factor."""
    if dim is None or not np.ndim(a):
        rows = np.reshape(a, -1)
    else:
        rows = np.moveaxis(a, dim, 0)
    total: Any = np.ones(rows.shape[1:], np.float32)
    for row in rows:
        total = near(total * row, d)
    return np.expand_dims(total, dim) if keepdim and np.ndim(a) else total


def _bce_logits(d: dtype, a: Any, t: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    log = near(np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))), d)
    if pos_weight is not None:
        log = near(log * near(near(near(pos_weight - 1, d) * t, d) + 1, d), d)
    loss = near(near(near(1 - t, d) * a, d) - log, d)
    loss = loss if weight is None else near(loss * weight, d)
    return loss if reduction == "none" else getattr(loss, reduction)()


def _add(d: dtype, a: Any, b: Any, alpha: Any = 1) -> Any:
    return a + (b if alpha == 1 else near(near(alpha, d) * b, d))


def _sub(d: dtype, a: Any, b: Any, alpha: Any = 1) -> Any:
    return a - (b if alpha == 1 else near(near(alpha, d) * b, d))


def _embedding_back(d: dtype, g: Any, indices: Any, n: int, padding: int, counts: bool) -> Any:
    """The rows of the gradient added to their places one after the other."""
    flat = indices.ravel()
    rows = g.reshape(flat.size, -1)
    out = np.zeros((n, rows.shape[1]), np.float32)
    times = np.bincount(flat, minlength=n) if counts else None
    for i, row in zip(flat.tolist(), rows, strict=True):
        if i != padding:
            out[i] = near(out[i] + (row if times is None else near(row / times[i], d)), d)
    return out


_STEPWISE: dict[str, Callable[..., Any]] = {
    "rsqrt": _rsqrt, "pow": _pow, "_log_softmax": _log_softmax, "prod": _prod,
    "add": _add, "sub": _sub, "_embedding_back": _embedding_back,
    "binary_cross_entropy_with_logits": _bce_logits,
}  # fmt: skip
