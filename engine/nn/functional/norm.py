"""Normalization functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import engine
from engine import errors
from engine.batching.levels import level_of
from engine.ops import inplace
from engine.tensor import Tensor, wrap

from ..kernels import composites, fused
from ..kernels import normalization as rows
from . import checks


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 over the last dimensions, which must be `normalized_shape`."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("layer_norm", "input", 1, input)
    shape = checks.normalized_shape("layer_norm", normalized_shape, input, "*, ", weight, bias)
    checks.same_types(input, weight, bias)
    checks.floating("LayerNormKernelImpl", input)
    return rows.layer_norm(input, shape, weight, bias, eps)  # type: ignore[no-any-return]


def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last dimensions."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("rms_norm", "input", 1, input)
    n = len(checks.normalized_shape("rms_norm", normalized_shape, input, "*", weight))
    if not input.is_complex():
        checks.floating("rms_norm", input)
    dims = tuple(range(input.dim() - n, input.dim()))
    eps = engine.finfo(input.dtype).eps if eps is None else eps
    wide = input.float() if input.dtype in (engine.float16, engine.bfloat16) else input
    rms = composites.plus(wide.pow(2).mean(dims, keepdim=True), eps).rsqrt()
    out = (wide * rms).to(input.dtype)
    return out if weight is None else out * weight  # type: ignore[no-any-return]


_SHARED = (
    "Batch norm got a batched tensor as input while the running_mean or running_var, which will be "
    "updated in place, were not batched.\nIf you are using a module and do not need eval mode, please "
    "set `track_running_stats` to be False.If you are using a prebuilt module and do not need eval "
    "mode, please see the functorch website for resources on how to patch your module to work with vmap"
)


def _update_of_examples(
    input: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float
) -> None:
    """The same inside of a map, where each example has its own statistics."""
    dims = (0, *range(2, input.dim()))
    with engine.no_grad():
        for running, new in ((mean, input.mean), (var, input.var)):
            if running is not None:
                if level_of(running) < level_of(input):
                    raise RuntimeError(_SHARED)
                running.copy_(new(dims) * momentum + running * (1 - momentum))


def _update_statistics(
    input: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float
) -> None:
    if level_of(input) or level_of(mean) or level_of(var):
        _update_of_examples(input, mean, var, momentum)
        return
    a = input._a
    own, spread = (None if t is None else t._a for t in (mean, var))
    if rows.is_float32(a, own, spread):
        fresh = fused.updated(a, own, spread, momentum)
        for running, value in zip((mean, var), fresh, strict=True):
            if running is not None:
                with engine.no_grad():
                    inplace.write(running, value)
        return
    dims = (0, *range(2, a.ndim))
    n = a.size // a.shape[1]
    pairs: tuple[tuple[Tensor | None, Callable[[], Any]], ...] = (
        (mean, lambda: a.mean(axis=dims)),
        (var, lambda: a.var(axis=dims) * (n / max(n - 1, 1))),
    )
    for running, new in pairs:
        if running is not None:
            value = np.asarray(new()) * momentum + running._a * (1 - momentum)
            with engine.no_grad():
                inplace.write(running, value.astype(running._a.dtype))


def _copied(t: Tensor | None) -> Tensor | None:
    """Statistics as they are now, outside the graph."""
    if t is None:
        return None
    return t.detach().clone() if level_of(t) else wrap(np.array(t._a), t.dtype)


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 per channel, of this batch (training) or of the running statistics."""
    if training and input.dim() > 1 and input.numel() // max(input.shape[1], 1) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    tensors = {
        "running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias,
    }  # fmt: skip
    for name, tensor in tensors.items():
        channels = input.shape[1] if input.dim() > 1 else 0
        if tensor is not None and tensor.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {tensor.numel()}")
        if tensor is None and not training and name.startswith("running"):
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    if eps < 0 or (training and not eps):
        needed = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {needed}, but got {eps}")
    checks.floating("batch_norm", input)
    checks.same_types(input, weight, running_mean)
    mean, var = _copied(running_mean), _copied(running_var)
    if not input.numel() and input.dim() == 1:
        return input.clone()  # type: ignore[no-any-return]
    if training:
        mean = var = None
        _update_statistics(input, running_mean, running_var, momentum)
    return rows.batch_norm(input, weight, bias, mean, var, training, eps)  # type: ignore[no-any-return]


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 per sample and channel."""
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    n, c = input.shape[:2]

    def repeated(t: Tensor | None) -> Tensor | None:
        return None if t is None else t.repeat(n)

    mean, var = repeated(running_mean), repeated(running_var)
    flat = input.contiguous().view(1, n * c, *input.shape[2:])
    out = batch_norm(
        flat, mean, var, repeated(weight), repeated(bias), use_input_stats, momentum, eps
    )
    if use_input_stats:
        for running, many in ((running_mean, mean), (running_var, var)):
            if running is not None and many is not None:
                with engine.no_grad():
                    running.copy_(many.view(n, c).mean(0))
    return out.view(input.shape)  # type: ignore[no-any-return]


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 per sample over each group of channels."""
    if input.dim() < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.dim()}"
        )
    if divmod(input.shape[1], num_groups)[1]:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tuple(tensor.shape) != (input.shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list((weight if weight is not None else tensor).shape)} "
                f"and input of shape {list(input.shape)}"
            )
    checks.floating("GroupNormKernelImpl", input)
    checks.same_types(input, weight, bias)
    return rows.group_norm(input, num_groups, weight, bias, eps)  # type: ignore[no-any-return]


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by a power of the mean square over neighbouring channels."""
    from .pool import avg_pool2d, avg_pool3d
    from .shape import pad

    if input.dim() < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality                          input "
            f"(got {input.dim()} dimensions)"
        )
    square = (input * input).unsqueeze(1)
    if input.dim() == 3:
        square = pad(square, (0, 0, size // 2, (size - 1) // 2))
        mean = avg_pool2d(square, (size, 1), stride=1).squeeze(1)
    else:
        n, c, h = input.shape[:3]
        square = square.view(n, 1, c, h, -1)
        square = pad(square, (0, 0, 0, 0, size // 2, (size - 1) // 2))
        mean = avg_pool3d(square, (size, 1, 1), stride=1).squeeze(1).view(input.shape)
    return input / (mean * alpha + k).pow(beta)  # type: ignore[no-any-return]
