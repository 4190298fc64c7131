"""`torch.utils.swap_tensors`: two tensors change places behind the names that hold them."""

from __future__ import annotations

from typing import Any

from engine.autograd.node import LEAF
from engine.tensor import Tensor, TensorBase

_SLOTS = tuple(s for s in TensorBase.__slots__ if not s.startswith("__"))


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Exchange class, values, place in the graph and attributes of two tensors."""
    for t in (t1, t2):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected torch.Tensor, got {type(t).__name__}")
        if t._g is not None and t._g is not LEAF:
            raise RuntimeError(
                "swap_tensors: a tensor that an operation computed cannot change places; "
                "swap leaves, or detach() it first"
            )
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    t1.__dict__, t2.__dict__ = t2.__dict__, t1.__dict__
    for name in _SLOTS:
        _exchange(t1, t2, name)


def _exchange(t1: Any, t2: Any, name: str) -> None:
    unset = object()
    first, second = getattr(t1, name, unset), getattr(t2, name, unset)
    for t, value in ((t1, second), (t2, first)):
        if value is not unset:
            setattr(t, name, value)
        elif hasattr(t, name):
            delattr(t, name)
