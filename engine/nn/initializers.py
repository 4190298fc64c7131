"""Constructors that several classes share, each under its class's own name."""

from __future__ import annotations

from types import FunctionType
from typing import Any, TypeVar

_C = TypeVar("_C", bound=type)


def own_init(cls: _C) -> _C:
    """Give a class a copy of the constructor it inherits, so that errors about arguments name it."""
    shared: Any = getattr(cls, "__init__")  # noqa: B009
    init = FunctionType(
        shared.__code__, shared.__globals__, "__init__", shared.__defaults__, shared.__closure__
    )
    init.__kwdefaults__ = shared.__kwdefaults__
    init.__annotations__ = shared.__annotations__
    init.__doc__ = shared.__doc__
    init.__module__ = shared.__module__
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = init  # type: ignore[misc]
    return cls
