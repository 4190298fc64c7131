"""Dropout: random zeros from the default generator, two words per element as in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import engine
from engine import errors
from engine.ops.helpers import drawing
from engine.tensor import Tensor


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _check_type(input: Tensor) -> None:
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.display}"
        )


def _times(input: Tensor, noise: Tensor, inplace: bool) -> Tensor:
    return input.mul_(noise) if inplace else input * noise


def _noise(shape: Any, like: Tensor, keep: float) -> Tensor:
    """Return 1 / keep with probability keep, else 0."""
    whole = shape == like.shape  # then drawn in the order that `like` has in memory
    noise = _as(like.detach(), keep) if whole else _of(shape, keep=keep, dtype=like.dtype)
    return noise.div(keep)  # type: ignore[no-any-return]


@drawing("")
def _as(like: Tensor, keep: float) -> Any:
    return engine.empty_like(like).bernoulli_(keep)


@drawing("*")
def _of(shape: Any, *, keep: float, dtype: Any) -> Any:
    return engine.empty(shape, dtype=dtype).bernoulli_(keep)


def _drop(input: Tensor, shape: Any, p: float, training: bool, inplace: bool) -> Tensor:
    _check(p)
    if not isinstance(input, Tensor):
        raise errors.not_tensor("dropout", "input", 1, input)
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        return _times(input, engine.zeros(()).to(input.dtype), inplace)
    _check_type(input)
    return _times(input, _noise(shape, input, 1 - p), inplace)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero elements with probability p and scale the others by 1 / (1 - p)."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("dropout", "input", 1, input)
    return _drop(input, input.shape, p, training, inplace)


def _channels(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """Drop whole channels of (N, C, *)."""
    if input.dim() < 2 and training:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return _drop(input, (*input.shape[:2], *(1,) * (input.dim() - 2)), p, training, inplace)


def _feature(name: str, dims: int) -> Callable[..., Tensor]:
    def drop(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        if dims == 2 and input.dim() == 3:
            warnings.warn(
                "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D "
                "dropout behavior is desired - input is interpreted as shape (N, C, L), where C is "
                "the channel dim. This behavior will change in a future release to interpret the "
                "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
                "channel-wise dropout behavior, please switch to using dropout1d instead.",
                stacklevel=2,
            )
        if input.dim() not in (dims + 1, dims + 2):
            if name == "dropout1d":
                raise RuntimeError(
                    "dropout1d: Expected 2D or 3D input, but received a "
                    f"{input.dim()}D input. Note that dropout1d exists to provide channel-wise "
                    "dropout on inputs with 1 spatial dimension, a channel dimension, and an "
                    "optional batch dimension (i.e. 2D or 3D inputs)."
                )
            warnings.warn(
                f"{name}: Received a {input.dim()}-D input to {name}, which is deprecated and will "
                "result in an error in a future release. To retain the behavior and silence this "
                "warning, please use dropout instead. Note that "
                f"{name} exists to provide channel-wise dropout on inputs with {dims} spatial "
                "dimensions, a channel dimension, and an optional batch dimension (i.e. "
                f"{dims + 1}D or {dims + 2}D inputs).",
                stacklevel=2,
            )
        _check(p)
        if dims == 2 or input.dim() == dims + 2:
            return _channels(input, p, training, inplace)
        alone = _channels(input.unsqueeze(0), p, training, inplace)
        return alone.squeeze_(0) if inplace else alone.squeeze(0)  # type: ignore[no-any-return]

    drop.__name__ = drop.__qualname__ = name
    drop.__doc__ = f"Zero whole channels of inputs with {dims} spatial dimensions."
    return drop


dropout1d = _feature("dropout1d", 1)
dropout2d = _feature("dropout2d", 2)
dropout3d = _feature("dropout3d", 3)

_ALPHA = 1.7580993408473766


def _alpha(input: Tensor, shape: Any, p: float, training: bool, inplace: bool) -> Tensor:
    _check(p)
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        return _times(input, engine.zeros(()).to(input.dtype), inplace)
    keep = 1 - p
    a = 1.0 / ((_ALPHA * _ALPHA * p + 1) * keep) ** 0.5
    noise = engine.empty(shape, dtype=input.dtype).bernoulli_(keep)
    shift: Tensor = noise.sub(1).mul_(_ALPHA * a).add_(_ALPHA * a * p)
    noise.mul_(a)
    return _times(input, noise, inplace) + shift


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout to the negative saturation value that keeps mean and variance of SELU."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("alpha_dropout", "input", 1, input)
    return _alpha(input, input.shape, p, training, inplace)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Alpha dropout of whole channels."""
    if input.dim() < 2 and training:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    shape = (*input.shape[:2], *(1,) * (input.dim() - 2))
    return _alpha(input, shape, p, training, inplace)
