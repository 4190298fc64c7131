"""`__torch_dispatch__` and torch.ops.aten: operations below autograd, for classes that wrap tensors."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from engine import overrides
from engine.dtype import FLOAT, dtype, float32
from engine.ops import rooms
from engine.ops.api import FUNCTIONS
from engine.size import intern
from engine.tensor import TENSORS, Tensor, new


class Overload:
    """One operation as a handler gets it, like aten.add.default; call it to compute."""

    def __init__(self, name: str, overload: str) -> None:
        self.name, self.overload = name, overload

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._compute(*args, **kwargs)
        if any(isinstance(a, Tensor) and a.is_meta for a in args):
            from engine import meta

            return meta.forget(result)
        return result

    def _compute(self, *args: Any, **kwargs: Any) -> Any:
        if self.name == "_to_copy":
            return args[0].to(copy=True, **kwargs)
        if self.name == "detach":
            return args[0].detach()
        method = FUNCTIONS[self.name] if self.name in FUNCTIONS else getattr(Tensor, self.name)
        return method(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<OpOverload(op='aten.{self.name}', overload='{self.overload}')>"

    def __str__(self) -> str:
        return f"aten.{self.name}.{self.overload}"


class _Packet:
    """The overloads of one operation."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, overload: str) -> Overload:
        made = Overload(self._name, overload)
        setattr(self, overload, made)
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.default(*args, **kwargs)


class _Namespace:
    """torch.ops.aten."""

    def __getattr__(self, name: str) -> _Packet:
        if name.startswith("__"):
            raise AttributeError(name)
        packet = _Packet(name)
        setattr(self, name, packet)
        return packet


aten = _Namespace()
_OPERATIONS = rooms.functions()
_CASTS = {
    "bfloat16": "bfloat16", "half": "float16", "float": "float32", "double": "float64",
}  # fmt: skip
#: Functions that only look at a tensor.
_ASIDE = frozenset(("numel", "is_floating_point", "is_complex", "is_signed", "is_same_size"))
#: Operations whose usual overload takes a tensor.
_TENSOR = frozenset(("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge", "remainder"))


def _is_operation(name: str) -> bool:
    """Whether a method computes; others only look at a tensor or its place in the graph."""
    known = name in _OPERATIONS or name in ("detach", "to") or name in _CASTS
    return known and name not in _ASIDE


def wrapper(
    cls: Any, size: Any, *, dtype: Any = None, requires_grad: bool = False, **_: Any
) -> Any:
    """`Tensor._make_wrapper_subclass`: an instance that has a shape, and no data of its own."""
    t = new(cls)
    d = dtype or float32
    t._a = np.broadcast_to(np.zeros((), d.np), tuple(size))
    t._s, t._d, t._g, t._v = intern(t._a.shape), d, None, None
    if requires_grad and d.category >= FLOAT:
        t.requires_grad_()
    return t


def compute(cls: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Hand a call on a class with `__torch_dispatch__` to it, as the operation below autograd."""
    name = getattr(func, "__name__", "")
    with overrides.DisableTorchFunctionSubclass():
        if func.name != "data" if name == "__get__" else not _is_operation(name):
            return func(*args, **kwargs)
    if name in ("detach", "__get__"):
        return cls.__torch_dispatch__(aten.detach.default, types, args[:1], {})
    if name == "to" or name in _CASTS:
        return _converted(cls, name, types, args, kwargs)
    overload = "Tensor" if name in _TENSOR else "default"
    return cls.__torch_dispatch__(getattr(getattr(aten, name), overload), types, args, kwargs)


def _converted(cls: Any, name: str, types: Any, args: Any, kwargs: Any) -> Any:
    wanted = kwargs.get("dtype")
    if name in _CASTS:
        import engine

        wanted = getattr(engine, _CASTS[name])
    wanted = next((a for a in args[1:] if isinstance(a, dtype)), wanted)
    if wanted is None or wanted is args[0]._d:
        return args[0]
    return cls.__torch_dispatch__(aten._to_copy.default, types, args[:1], {"dtype": wanted})


@functools.cache
def install() -> None:
    """Let the methods that handlers know reach `__torch_dispatch__` even where they are called as
    Tensor's own, as a `__torch_function__` does that does not care about them."""
    for name in ("detach", "to", *_CASTS):
        setattr(Tensor, name, _reaching(name, getattr(Tensor, name)))


def _reaching(name: str, real: Any) -> Any:
    @functools.wraps(real)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if type(self) not in TENSORS and hasattr(type(self), "__torch_dispatch__"):
            return compute(type(self), call, (type(self),), (self, *args), kwargs)
        return real(self, *args, **kwargs)

    call.__name__ = name
    return call
