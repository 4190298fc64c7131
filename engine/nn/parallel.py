"""DataParallel as it is without accelerators: it calls the module it wraps."""

from __future__ import annotations

from typing import Any

from .module import Module


class DataParallel(Module):
    """Holds a module and passes everything on to it."""

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
