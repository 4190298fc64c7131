"""torch.cuda.amp: the former names of torch.amp."""

from __future__ import annotations

from typing import Any

from engine import amp
from engine.warning import warn

_DEPRECATED = (
    "`torch.cuda.amp.{0}(args...)` is deprecated. Please use `torch.amp.{0}('cuda', args...)` "
    "instead."
)


class autocast(amp.autocast):
    """`torch.amp.autocast("cuda")`."""

    __module__ = "torch.cuda.amp.autocast_mode"

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        warn(_DEPRECATED.format("autocast"), FutureWarning)
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler("cuda")`."""

    __module__ = "torch.cuda.amp.grad_scaler"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(_DEPRECATED.format("GradScaler"), FutureWarning)
        super().__init__("cuda", *args, **kwargs)
