"""`torch.utils`: data loading, checkpointing, hooks."""

from __future__ import annotations

from . import checkpoint, data, hooks

__all__ = ["checkpoint", "data", "hooks"]
