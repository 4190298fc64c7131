"""torch.amp: mixed precision, which the CPU has with bfloat16 and float16."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine import casting
from engine.device import device as device_of
from engine.dtype import bfloat16, float16
from engine.scaling import GradScaler
from engine.warning import warn

_LOWER = (bfloat16, float16)


class autocast:
    """Within it, products compute in half precision, and what needs float32 in that."""

    __module__ = "torch.amp.autocast_mode"

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            message = f"Expected `device_type` of type `str`, got: `{type(device_type)}`"
            raise ValueError(message)  # noqa: TRY004 (as PyTorch)
        self.device = device_of(device_type).type
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        if enabled and self.device == "cuda":
            warn("CUDA is not available or torch_xla is imported. Disabling autocast.")
            enabled = False
        if enabled and self.device == "cpu" and self.fast_dtype not in _LOWER:
            warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently."
            )
            enabled = False
        self._enabled = enabled
        self._cache_enabled = casting.caching if cache_enabled is None else cache_enabled
        self._before: list[tuple[bool, Any, bool]] = []

    def __enter__(self) -> autocast:
        if self.device == "cpu":
            self._before.append(casting.enter(self._enabled, self.fast_dtype, self._cache_enabled))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._before:
            casting.leave(self._before.pop())

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return call


def is_autocast_available(device_type: str) -> bool:
    """Whether there is mixed precision for that kind of device."""
    return device_of(device_type).type in ("cpu", "cuda", "mps", "xpu")


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether mixed precision is on."""
    return casting.enabled and device_of(device_type).type == "cpu"


def get_autocast_dtype(device_type: str) -> Any:
    """The type in which products compute where nothing else is said."""
    kind = device_of(device_type).type
    if kind == "meta":
        raise RuntimeError("unsupported scalarType")
    return casting.lower if kind == "cpu" else float16


def is_autocast_cache_enabled() -> bool:
    """Whether parameters are converted once."""
    return casting.caching


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Callable[..., Any]:
    """Mark the forward of a Function; with `cast_inputs` it gets tensors of that type, outside of
    autocast."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        on = ctx._fwd_used_autocast = is_autocast_enabled(device_type)
        if cast_inputs is None or not on:
            return fwd(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            return fwd(
                ctx, *casting.convert(args, cast_inputs),
                **{k: casting.convert(v, cast_inputs) for k, v in kwargs.items()},
            )  # fmt: skip

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str) -> Callable[..., Any]:
    """Mark the backward of a Function: it computes under autocast where its forward did."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *grads: Any) -> Any:
        with autocast(device_type, dtype=ctx._dtype, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *grads)

    return backward


__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
