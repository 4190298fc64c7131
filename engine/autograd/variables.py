"""torch.autograd.Variable: the old name of Tensor."""

from __future__ import annotations

import warnings
from typing import Any

from engine.tensor import Tensor


class _VariableMeta(type):
    def __instancecheck__(cls, other: Any) -> bool:
        return isinstance(other, Tensor)


class Variable(metaclass=_VariableMeta):
    """Variable(t, requires_grad) is a tensor over the memory of `t`."""

    __module__ = "torch.autograd.variable"

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: Any = None) -> Any:
        from engine.creation import legacy

        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                stacklevel=2,
            )
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        t = legacy() if data is None else data.detach()
        if requires_grad:
            t.requires_grad = True
        return t
