"""torch.cpu.amp: the former names of torch.amp."""

from __future__ import annotations

from typing import Any

from engine import amp
from engine.dtype import bfloat16
from engine.warning import warn

_DEPRECATED = "`torch.cpu.amp.{0}(args...)` is deprecated. Please use `torch.amp.{0}('cpu', args...)` instead."


class autocast(amp.autocast):
    """`torch.amp.autocast("cpu")`."""

    __module__ = "torch.cpu.amp.autocast_mode"

    def __init__(
        self, enabled: bool = True, dtype: Any = bfloat16, cache_enabled: bool = True
    ) -> None:
        warn(_DEPRECATED.format("autocast"), FutureWarning)
        super().__init__("cpu", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler("cpu")`."""

    __module__ = "torch.cpu.amp.grad_scaler"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(_DEPRECATED.format("GradScaler"), FutureWarning)
        super().__init__("cpu", *args, **kwargs)
