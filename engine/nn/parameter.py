"""Tensors that modules own: parameters, which an optimizer updates, and buffers."""

from __future__ import annotations

from typing import Any

import engine
from engine import recording
from engine.tensor import TENSORS, Tensor


def _own(cls: Any, data: Tensor | None, requires_grad: bool) -> Any:
    """Return `data`, or an empty tensor, as a leaf of class `cls` over the same memory."""
    data = engine.empty(0) if data is None else data
    owned = data.detach().as_subclass(cls)
    if requires_grad and not (owned.is_floating_point() or owned.is_complex()):
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return owned.requires_grad_() if requires_grad else owned


def fresh(data: Tensor, requires_grad: bool = True) -> Parameter:
    """Return a parameter over memory that nobody else has: how it came about is not recorded."""
    before = recording.hide()
    try:
        return Parameter(data, requires_grad)
    finally:
        recording.show(before)


class _ParameterMeta(type):
    """Lets tensors of classes of their own be parameters, which a flag says."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        return cls is Parameter and isinstance(instance, Tensor) and _is_custom(instance)


def _is_custom(tensor: Any) -> bool:
    """Whether a tensor of a class of its own is a parameter."""
    return "_is_param" in getattr(tensor, "__dict__", ())


def _custom(data: Any, requires_grad: bool) -> Any:
    """A parameter that stays an instance of the data's own class."""
    owned = data.detach().requires_grad_(requires_grad)
    if type(owned) is not type(data):
        raise RuntimeError(
            f"Creating a Parameter from an instance of type {type(data).__name__} requires that "
            "detach() returns an instance of the same type, but return type "
            f"{type(owned).__name__} was found instead. To use the type as a Parameter, please "
            "correct the detach() semantics defined by its __torch_dispatch__() implementation."
        )
    owned._is_param = True
    return owned


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A leaf tensor that a module lists among its parameters."""

    __module__ = "torch.nn.parameter"
    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        if cls is Parameter and data is not None and type(data) not in TENSORS:
            return _custom(data, requires_grad)
        return _own(cls, data, requires_grad)

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        """Share the memory of `data`."""

    def __repr__(self, **_: Any) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return rebuild, (self.data, self.requires_grad)


def rebuild(data: Tensor, requires_grad: bool) -> Parameter:
    """A parameter that was saved."""
    return Parameter(data, requires_grad)


class Buffer(Tensor):
    """A tensor that a module lists among its buffers."""

    __module__ = "torch.nn.parameter"

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        buffer = _own(cls, data, False)
        buffer.persistent = persistent
        return buffer

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        """Share the memory of `data`."""


TENSORS.update((Parameter, Buffer))


class _Waiting(Tensor):
    """A tensor of a lazy module before its first call told the shape."""

    __slots__ = ()

    becomes: type[Tensor]

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def numel(self) -> int:
        raise ValueError(
            "Attempted to use an uninitialized parameter in <method 'numel' of "
            "'torch._C.TensorBase' objects>. This error happens when you are using a `LazyModule` "
            "or explicitly manipulating `torch.nn.parameter.UninitializedParameter` objects. When "
            "using LazyModules Call `forward` with a dummy batch to initialize the parameters before "
            "calling torch functions"
        )

    def materialize(self, shape: Any, **_: Any) -> None:
        """Become an ordinary parameter, or tensor, of the given shape."""
        self.data = engine.empty(shape, dtype=self.dtype)
        self.__class__ = self.becomes  # type: ignore[assignment]

    def __repr__(self, **_: Any) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, dtype=self.dtype)
        return memo[id(self)]


class UninitializedParameter(_Waiting, Parameter):
    """A parameter of a lazy module before its first call told the shape."""

    becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return _own(cls, engine.empty(0, dtype=dtype), requires_grad)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        """Have no shape yet."""


class UninitializedBuffer(_Waiting):
    """A buffer of a lazy module before its first call told the shape."""

    becomes = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> Any:
        return _own(cls, engine.empty(0, dtype=dtype), requires_grad)

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        """Have no shape yet."""


def is_lazy(tensor: Any) -> bool:
    """Tell whether a parameter or buffer still waits for its shape."""
    return isinstance(tensor, _Waiting)
