"""torch._C: the few names of PyTorch's core that programs use."""

from __future__ import annotations

from engine.overrides import DisableTorchFunctionSubclass
from engine.random import Generator
from engine.tensor import TensorBase

_TensorBase = TensorBase

__all__ = ["DisableTorchFunctionSubclass", "Generator", "TensorBase"]
