"""torch.overrides: what becomes of operations on subclasses of Tensor (`__torch_function__`).

Plain tensors pay nothing for it. When a program first derives a class from Tensor, that class gets
a hidden base, `_Subclassed`, whose methods hand the call to `__torch_function__`, and the functions
of the torch namespace are wrapped so that they do the same. The classes of the engine itself
(Parameter, Buffer) stay as they are.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine.tensor import Tensor

#: Greater than 0 while calls go to the operations themselves.
_disabled = 0

#: Names of Tensor that are not operations.
_KEPT = frozenset(
    [
        "__class__",
        "__class_getitem__",
        "__deepcopy__",
        "__delattr__",
        "__dict__",
        "__dir__",
        "__doc__",
        "__getattribute__",
        "__getstate__",
        "__hash__",
        "__init__",
        "__init_subclass__",
        "__module__",
        "__new__",
        "__reduce__",
        "__reduce_ex__",
        "__setattr__",
        "__sizeof__",
        "__slots__",
        "__str__",
        "__subclasshook__",
        "__torch_function__",
        "__weakref__",
        "as_subclass",
        "data_ptr",
    ]
)
#: Functions that make tensors from other things than tensors.
_FACTORIES = frozenset(
    [
        "arange",
        "as_tensor",
        "asarray",
        "empty",
        "eye",
        "from_numpy",
        "full",
        "linspace",
        "logspace",
        "ones",
        "rand",
        "randint",
        "randn",
        "randperm",
        "tensor",
        "zeros",
    ]
)
_OPERATORS = {
    f"__{prefix}{name}__": method
    for name, method in {
        "add": "add", "mul": "mul", "sub": "sub", "truediv": "div", "pow": "pow", "matmul": "matmul",
        "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "floordiv": "floor_divide",
        "mod": "remainder",
    }.items()
    for prefix in ("", "r")
} | {
    "__neg__": "neg", "__abs__": "abs", "__invert__": "bitwise_not", "__eq__": "eq", "__ne__": "ne",
    "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge", "__iadd__": "add_",
    "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_",
}  # fmt: skip
_SYMMETRIC = frozenset(("__radd__", "__rmul__"))
#: Names by which handlers know some operators.
_SHOWN = {"__rtruediv__": "__rdiv__"}
#: Methods that PyTorch writes in Python; their handlers get a dictionary even of no keywords.
_PYTHON = frozenset(
    ("__len__", "__rsub__", "__rdiv__", "__rpow__", "__rfloordiv__", "__rmod__", "__repr__", "pow")
)
#: Getters whose tensors do not take on the subclass.
_UNWRAPPED = ("grad", "_base")


class DisableTorchFunctionSubclass:
    """The scope in which operations do not ask `__torch_function__`."""

    def __enter__(self) -> None:
        global _disabled
        _disabled += 1

    def __exit__(self, *exc: object) -> None:
        global _disabled
        _disabled -= 1


class _Getter:
    """`Tensor.shape.__get__` and the like, as handlers get to see them."""

    __name__ = "__get__"

    def __init__(self, name: str, descriptor: Any) -> None:
        self.name, self.descriptor = name, descriptor

    def __call__(self, tensor: Any) -> Any:
        return self.descriptor.__get__(tensor)

    def __repr__(self) -> str:
        return f"<method-wrapper '__get__' of getset_descriptor object {self.name!r}>"


def _inside(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _overloaded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """One argument per class that has its own `__torch_function__`, subclasses before their bases."""
    found: list[Any] = []
    for value in _inside((*args, *kwargs.values())):
        kind = type(value)
        special = isinstance(value, _Subclassed) or (
            not isinstance(value, Tensor) and hasattr(kind, "__torch_function__")
        )
        if not special or any(type(f) is kind for f in found):
            continue
        place = next((i for i, f in enumerate(found) if isinstance(value, type(f))), len(found))
        found.insert(place, value)
    return found


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Tell whether one of the arguments handles operations itself."""
    return not _disabled and bool(_overloaded(tuple(relevant_args), {}))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Ask the arguments' classes in turn; the first answer that is not NotImplemented counts."""
    given = tuple(relevant_args)
    special = _overloaded(given, {})
    types = tuple(type(s) for s in special)
    name = getattr(public_api, "__name__", "")
    builtin = getattr(public_api, "builtin", name not in _PYTHON)
    if not builtin and any(type(a) is Tensor for a in _inside(given)):
        types += (Tensor,)
    for value in special:
        rest = (kwargs,) if kwargs or not builtin else ()
        result = type(value).__torch_function__(public_api, types, args, *rest)
        if result is not NotImplemented:
            return result
    name = f"{public_api.__module__}.{name}"
    if builtin:
        listed = "\n".join(f"  - tensor subclass {type(s)}" for s in special)
        raise TypeError(
            f"Multiple dispatch failed for '{name}'; all __torch_function__ handlers returned "
            f"NotImplemented:\n\n{listed}\n\nFor more information, try re-running with "
            "TORCH_LOGS=not_implemented"
        )
    raise TypeError(
        f"no implementation found for '{name}' on types that implement __torch_function__: "
        f"{[type(s) for s in special]}"
    )


def is_tensor_like(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(type(value), "__torch_function__")


def convert(value: Any, cls: type) -> Any:
    """Tensors in a result as instances of `cls`."""
    if isinstance(value, Tensor):
        return value if isinstance(value, cls) else value.as_subclass(cls)
    if isinstance(value, (tuple, list)):
        items = [convert(v, cls) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def default(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Compute as for plain tensors, and give the result the class."""
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    if getattr(cls, "__torch_dispatch__", None) is not None:
        from engine import dispatch

        return dispatch.compute(cls, func, types, args, kwargs or {})
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    if isinstance(func, _Getter) and func.name in _UNWRAPPED:
        return result
    return convert(result, cls)


class _Subclassed(Tensor):
    """The hidden base of classes that programs derive from Tensor."""

    __module__ = "torch"
    __slots__ = ()
    __torch_function__ = classmethod(default)


def _below(tensor: Any, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `__torch_dispatch__` makes of a call that does not ask `__torch_function__`."""
    from engine import dispatch

    return dispatch.compute(type(tensor), func, (type(tensor),), args, kwargs)


def _method(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    func = getattr(Tensor, _OPERATORS.get(name, name))
    swapped = name.startswith("__r") and name in _OPERATORS

    @functools.wraps(real)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _disabled:
            if hasattr(type(self), "__torch_dispatch__"):
                return _below(self, func, (self, *args), kwargs)
            return real(self, *args, **kwargs)
        given = (self, *args)
        if swapped and not (name in _SYMMETRIC and not isinstance(args[0], Tensor)):
            if not isinstance(args[0], Tensor):
                return handle_torch_function(real, (*given, *kwargs.values()), *given, **kwargs)
            given = (args[0], self)
        return handle_torch_function(func, (*given, *kwargs.values()), *given, **kwargs)

    return call


def _iter(self: Any) -> Iterator[Any]:
    return iter(self.unbind(0))


def _repr(self: Any) -> str:
    if _disabled:
        return Tensor.__repr__(self)
    text: str = handle_torch_function(Tensor.__repr__, (self,), self, tensor_contents=None)
    return text


def _property(name: str, real: property) -> property:
    getter = _Getter(name, real)

    def get(self: Any) -> Any:
        if not _disabled:
            return handle_torch_function(getter, (self,), self)
        if name == "data" and hasattr(type(self), "__torch_dispatch__"):
            return _below(self, getter, (self,), {})
        return real.__get__(self)

    return property(get, real.fset, real.fdel)


def _function(real: Callable[..., Any], home: str, normal: bool) -> Callable[..., Any]:
    """A function of a namespace that asks its arguments; `normal`: with all its keywords, as the
    functions that PyTorch writes in Python do."""
    signature = inspect.signature(real) if normal else None

    @functools.wraps(real)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _disabled or not _overloaded(args, kwargs):
            return real(*args, **kwargs)
        relevant = (*args, *kwargs.values())
        if signature is not None:
            args, kwargs = _normalised(signature, args, kwargs)
        return handle_torch_function(call, relevant, *args, **kwargs)

    call.__module__ = home
    call.__dict__["builtin"] = not normal
    return call


def _normalised(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    named = dict(bound.arguments)
    first = [k for k, p in signature.parameters.items() if p.default is p.empty]
    if any(signature.parameters[k].kind is inspect.Parameter.VAR_POSITIONAL for k in named):
        return args, kwargs
    return tuple(named[k] for k in first), {k: v for k, v in named.items() if k not in first}


#: Functions of torch.nn.functional that PyTorch writes in C++, with the arguments as given.
_BUILTIN = frozenset(
    [
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "gelu",
        "softplus",
        "logsigmoid",
        "hardshrink",
        "softshrink",
        "prelu",
        "relu_",
        "one_hot",
        "pad",
        "scaled_dot_product_attention",
        "pixel_shuffle",
        "pixel_unshuffle",
        "cosine_similarity",
    ]
)


@functools.cache
def activate() -> type:
    """Equip the hidden base and wrap the namespaces, at the first subclass; return the base."""
    from engine import dispatch
    from engine.ops import rooms

    rooms.load_all()
    dispatch.install()
    for name in dir(Tensor):
        real = inspect.getattr_static(Tensor, name)
        if name in _KEPT or (name.startswith("_") and not name.startswith("__")):
            continue
        if isinstance(real, property):
            setattr(_Subclassed, name, _property(name, real))
        elif inspect.isfunction(real):
            if not hasattr(Tensor, real.__name__):
                real.__name__ = _SHOWN.get(name, name)
            setattr(_Subclassed, name, _method(name, real))
    for name, method in (("__iter__", _iter), ("__repr__", _repr)):
        setattr(_Subclassed, name, method)
    _wrap_namespaces(rooms.functions())
    return _Subclassed


def _wrap_namespaces(operations: set[str]) -> None:
    import engine
    from engine import linalg, special
    from engine.nn import functional

    likes = {f"{kind}_like" for kind in ("zeros", "ones", "empty", "full", "rand", "randn")}
    names = {n for n in operations | likes if not n.startswith("_")} - _FACTORIES
    for module, chosen in (
        (engine, names),
        (linalg, _public(linalg)),
        (special, _public(special)),
        (functional, set(functional.__all__)),
    ):
        home = module.__name__.replace("engine", "torch", 1)
        for name in chosen:
            real = getattr(module, name, None)
            if not inspect.isfunction(real):
                continue
            normal = module is functional and name not in _BUILTIN
            wrapped = _function(real, home, normal)
            for space in (module, engine):  # torch.conv1d is torch.nn.functional.conv1d
                if vars(space).get(name) is real:
                    setattr(space, name, wrapped)


def _public(module: Any) -> set[str]:
    return {n for n in vars(module) if not n.startswith("_")}


def adopt(cls: type) -> None:
    """Put the hidden base below a class that was just derived from Tensor itself."""
    if Tensor not in cls.__bases__ or cls.__module__.partition(".")[0] in ("engine", "torch"):
        return
    base = activate()
    cls.__bases__ = tuple(base if b is Tensor else b for b in cls.__bases__)
