"""torch.amp: mixed precision, which only accelerators gain by; without one it switches itself off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine.device import device as device_of
from engine.warning import warn


class autocast:
    """Within it, operations on an accelerator compute in half precision; here they never do."""

    __module__ = "torch.amp.autocast_mode"

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:  # fmt: skip
        self.device = device_of(device_type).type
        self.fast_dtype = dtype
        if enabled and self.device == "cuda":
            warn("CUDA is not available or torch_xla is imported. Disabling autocast.")
            enabled = False
        if enabled:
            raise NotImplementedError(
                f"torch.autocast({device_type!r}) is not supported by this engine: operations compute "
                "in the type of their tensors; convert them with .to(), or pass enabled=False"
            )
        self._enabled = enabled

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing to undo."""

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            return func(*args, **kwargs)

        return call


class GradScaler:
    """Scales losses so that half-precision gradients do not vanish; switched off without CUDA."""

    __module__ = "torch.amp.grad_scaler"

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled and device == "cuda":
            warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.")
        elif enabled:
            raise NotImplementedError(
                f"torch.amp.GradScaler({device!r}) is not supported by this engine; pass enabled=False"
            )

    def is_enabled(self) -> bool:
        """Whether it scales: no."""
        return False

    def get_scale(self) -> float:
        """The factor."""
        return 1.0

    def scale(self, outputs: Any) -> Any:
        """The outputs as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to take back."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Let the optimizer step."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing to adapt."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to restore."""


def is_autocast_available(device_type: str) -> bool:
    """Whether operations on that kind of device can compute in half precision: no."""
    device_of(device_type)
    return False
