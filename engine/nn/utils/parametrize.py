"""Parametrizations: a module's parameter computed by other modules every time it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import engine
from engine.later import sign as _sign
from engine.tensor import Tensor

from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Buffer, Parameter

_cache: dict[tuple[int, str], Tensor] = {}
_depth = 0


@contextmanager
def cached() -> Iterator[None]:
    """Compute every parametrized tensor once inside the with block."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


def _like(original: Tensor, tensor: Tensor) -> Tensor:
    if isinstance(original, Parameter):
        return Parameter(tensor, original.requires_grad)
    return Buffer(tensor)


class ParametrizationList(ModuleList):
    """The modules through which one tensor is computed, and the tensors it is computed from."""

    def __init__(self, modules: list[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        value: Any = original
        with engine.no_grad():
            for module in reversed(modules):
                if hasattr(module, "right_inverse"):
                    value = module.right_inverse(value)
        self.is_tensor = isinstance(value, Tensor)
        if self.is_tensor:
            self._own("original", original, value)
        else:
            self.ntensors = len(value)
            for i, part in enumerate(value):
                self._own(f"original{i}", original, part)

    def _own(self, name: str, original: Tensor, value: Tensor) -> None:
        kept = original if value is original else _like(original, value)
        if isinstance(kept, Parameter):
            self.register_parameter(name, kept)
        else:
            self.register_buffer(name, kept)

    def forward(self) -> Tensor:
        """Compute the tensor."""
        if self.is_tensor:
            value = self[0](self.original)
        else:
            value = self[0](*(getattr(self, f"original{i}") for i in range(self.ntensors)))
        for module in list(self)[1:]:
            value = module(value)
        return value  # type: ignore[no-any-return]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the tensor becomes `value`, as far as the modules can."""
        new: Any = value
        with engine.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                new = module.right_inverse(new)
            if self.is_tensor:
                self.original.data = new.detach()
            else:
                for i, part in enumerate(new):
                    getattr(self, f"original{i}").data = part.detach()


def _prepare(module: Module) -> None:
    """Give the module a class of its own, on which properties can be put."""
    kind = type(module)
    module.__class__ = type(
        f"Parametrized{kind.__name__}", (kind,), {"__module__": "torch.nn.utils.parametrize"}
    )
    module.parametrizations = ModuleDict()


def _install(module: Module, name: str) -> None:
    def read(self: Any) -> Tensor:
        if not _depth:
            return self.parametrizations[name]()  # type: ignore[no-any-return]
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def _first_value(parametrization: Any, original: Tensor) -> Any:
    """What a tensor is after the way back and forth through its first parametrization."""
    if not hasattr(parametrization, "right_inverse"):
        return parametrization(original)
    back = parametrization.right_inverse(original)
    return parametrization(back) if isinstance(back, Tensor) else parametrization(*back)


def _compare(original: Tensor, value: Any) -> None:
    """Raise unless a parametrized tensor is of the kind and the size that it was."""
    if not isinstance(value, Tensor):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"A parametrization must return a tensor. Got {type(value).__name__}."
        )
    for what in ("dtype", "device", "shape"):
        was, now = getattr(original, what), getattr(value, what)
        if was != now:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless "
                f"`unsafe` flag is enabled.\nunparametrized {what}: {was}\nparametrized {what}: {now}"
            )


def _try_out(parametrization: Any, value: Tensor) -> None:
    """Check that a further parametrization, and the way back if it has one, fits the value."""
    changed = parametrization(value)
    if changed.shape != value.shape:
        raise ValueError(
            "Registering a parametrization may not change the shape of the tensor, unless the "
            f"`unsafe` flag is enabled.\nmodule.{{tensor_name}}.shape: {value.shape}\n"
            f"parametrization(module.{{tensor_name}}).shape: {changed.shape}"
        )
    if hasattr(parametrization, "right_inverse"):
        parametrization.right_inverse(changed)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute `module.tensor_name` by `parametrization` from its present value."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _try_out(parametrization, getattr(module, tensor_name))
        module.parametrizations[tensor_name].append(parametrization)
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a "
            f"parametrized element with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    if not unsafe:
        with engine.no_grad():
            _compare(original, _first_value(parametrization, original))
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _prepare(module)
    module.parametrizations[tensor_name] = ParametrizationList([parametrization], original, unsafe)
    _install(module, tensor_name)
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Tell whether a module, or one of its tensors, is parametrized."""
    chains = module._modules.get("parametrizations")
    if chains is None:
        return False
    return len(chains) > 0 if tensor_name is None else tensor_name in chains


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make the tensor an ordinary one again: its computed value, or the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    original = chain.original if chain.is_tensor else chain.original0
    if leave_parametrized:
        with engine.no_grad():
            value = chain()
        original = _like(original, value.detach())
    elif not chain.is_tensor:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor "
            "that is parametrized "
            "in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__mro__[1]
    return module


def type_before_parametrizations(module: Module) -> type:
    """Return the class that the module had before it was parametrized."""
    return type(module).__mro__[1] if is_parametrized(module) else type(module)


_sign(globals(), "torch.nn.utils.parametrize")

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]
