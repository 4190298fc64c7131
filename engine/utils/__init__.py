"""`torch.utils`: data loading, checkpointing, hooks, timing."""

from __future__ import annotations

from . import benchmark, checkpoint, data, hooks
from .swap import swap_tensors

__all__ = ["benchmark", "checkpoint", "data", "hooks", "swap_tensors"]
