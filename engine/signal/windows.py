"""torch.signal.windows: weights that fall off towards the ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import engine
from engine.dtype import float32, float64, get_default_dtype


def _places(name: str, m: int, dtype: Any, first: float, step: float, grad: bool) -> Any:
    """first, first + step, ...: m places at which a window is computed."""
    if m < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={m}")
    kind = get_default_dtype() if dtype is None else dtype
    if kind not in (float32, float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    if m == 0:
        return engine.empty((0,), dtype=kind, requires_grad=grad)
    return engine.linspace(first, first + (m - 1) * step, m, dtype=kind, requires_grad=grad)


def _centred(
    name: str, m: int, sym: bool, scale: float, center: float | None, dtype: Any, grad: bool,
    weights: Callable[[Any], Any],
) -> Any:  # fmt: skip
    """Weights of the distance from the middle, in units of `scale`."""
    middle = -(m if not sym and m > 1 else m - 1) / 2 if center is None else -center
    k = _places(name, m, dtype, middle / scale, 1 / scale, grad)
    return weights(k) if m else k


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """exp(-|n - center| / tau)."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return _centred(
        "exponential", M, sym, tau, center, dtype, requires_grad, lambda k: (-k.abs()).exp()
    )


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """exp(-(n / std)² / 2) around the middle."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _centred(
        "gaussian", M, sym, std * math.sqrt(2), None, dtype, requires_grad,
        lambda k: (-(k**2)).exp(),
    )  # fmt: skip


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Half a wave of the sine."""
    step = math.pi / (M + 1 if not sym and M > 1 else M) if M > 0 else 0.0
    k = _places("cosine", M, dtype, 0.5 * step, step, requires_grad)
    return k.sin() if M else k


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """I0(beta sqrt(1 - x²)) / I0(beta) for x from -1 to 1."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M == 1:
        return engine.ones((1,), dtype=dtype, requires_grad=requires_grad)
    step = 2.0 * beta / (M if not sym else M - 1) if M > 0 else 0.0
    k = _places("kaiser", M, dtype, -beta, step, requires_grad)
    if not M:
        return k
    top = engine.tensor(float(beta), dtype=k.dtype)
    inside = (top * top - k * k).clamp(min=0).sqrt()
    return engine.special.i0(inside) / engine.special.i0(top)


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Σ (-1)ⁱ aᵢ cos(2π i n / N)."""
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    a = list(a)
    if not a:
        raise ValueError("Coefficients cannot be empty")
    if M == 1:
        return engine.ones((1,), dtype=dtype, requires_grad=requires_grad)
    step = 2 * math.pi / (M if not sym else M - 1) if M > 0 else 0.0
    k = _places("general_cosine", M, dtype, 0.0, step, requires_grad)
    if not M:
        return k
    signed = engine.tensor([(-1) ** i * w for i, w in enumerate(a)], dtype=k.dtype)
    i = engine.arange(len(a), dtype=k.dtype)
    return (signed.unsqueeze(-1) * (i.unsqueeze(-1) * k).cos()).sum(0)


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """alpha - (1 - alpha) cos(2π n / N)."""
    return general_cosine(
        M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, requires_grad=requires_grad
    )


def _sum_of_cosines(name: str, words: str, weights: list[float]) -> Callable[..., Any]:
    def window(
        M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False,
    ) -> Any:  # fmt: skip
        return general_cosine(M, a=weights, sym=sym, dtype=dtype, requires_grad=requires_grad)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"{words}: a sum of cosines."
    return window


hamming = _sum_of_cosines("hamming", "The Hamming window", [0.54, 1.0 - 0.54])
hann = _sum_of_cosines("hann", "The Hann window", [0.5, 0.5])
blackman = _sum_of_cosines("blackman", "The Blackman window", [0.42, 0.5, 0.08])
nuttall = _sum_of_cosines(
    "nuttall", "Nuttall's window of four terms", [0.3635819, 0.4891775, 0.1365995, 0.0106411]
)


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The triangle from 0 over 1 to 0."""
    if M == 1:
        return engine.ones((1,), dtype=dtype, requires_grad=requires_grad)
    step = 2 / (M if not sym else M - 1) if M > 0 else 0.0
    k = _places("bartlett", M, dtype, -1.0, step, requires_grad)
    return 1 - k.abs() if M else k


__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming",
    "hamming", "hann", "kaiser", "nuttall",
]  # fmt: skip
