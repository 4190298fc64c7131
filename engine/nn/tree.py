"""The tree that modules form: walking over it, and changing all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import engine
from engine.tensor import Tensor

from . import state
from .attributes import Attributes
from .parameter import Parameter, is_lazy


class Tree(Attributes):
    """Yields modules, parameters and buffers, and applies conversions to them."""

    training: bool

    def named_modules(
        self, memo: set[Tree] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tree]]:
        """Yield dotted name and module, this one first under `prefix`, each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = prefix + ("." if prefix else "") + name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Tree]:
        """Yield this module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Tree]]:
        """Yield name and module of the direct children, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Tree]:
        """Yield the direct children."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in walk if recurse else [(prefix, self)]:
            for name, member in getattr(module, kind).items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield path + ("." if path else "") + name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield dotted name and parameter, each parameter once."""
        yield from self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once, in order of registration."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield dotted name and buffer."""
        yield from self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # Changing all --------------------------------------------------------------------------

    def apply(self, fn: Callable[[Tree], Any]) -> Self:
        """Call fn on every module, children before parents."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training behaviour, or away from it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")  # noqa: TRY004 (as PyTorch)
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch to evaluation behaviour: no dropout, batch norm with its running statistics."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Turn recording for all parameters on or off."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for parameter in self.parameters():
            state.clear_gradient(parameter, set_to_none)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of parameters, gradients and buffers by fn(data)."""
        for module in self.modules() if recurse else [self]:
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    module._parameters[name] = state.replace_data(parameter, fn)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    lazy = is_lazy(buffer)
                    module._buffers[name] = state.replace_data(buffer, fn) if lazy else fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert parameters and buffers: to(dtype), to(device), to(device, dtype), to(tensor)."""
        return self._apply(state.converter(args, kwargs))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move to a device without copying: parameters and buffers have no defined values."""
        return self._apply(
            lambda t: engine.empty(t.shape, dtype=t.dtype, device=device), recurse=recurse
        )

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a dtype."""
        return self._apply(lambda t: t.type(dst_type))

    def _float_to(self, name: str) -> Self:
        return self._apply(lambda t: getattr(t, name)() if t.is_floating_point() else t)

    def float(self) -> Self:
        """Convert floating point parameters and buffers to float32."""
        return self._float_to("float")

    def double(self) -> Self:
        """Convert floating point parameters and buffers to float64."""
        return self._float_to("double")

    def half(self) -> Self:
        """Convert floating point parameters and buffers to float16."""
        return self._float_to("half")

    def bfloat16(self) -> Self:
        """Convert floating point parameters and buffers to bfloat16."""
        return self._float_to("bfloat16")

    def cpu(self) -> Self:
        """Return self: tensors live on the CPU here."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Raise what PyTorch without CUDA raises, if there is anything to move."""
        return self._apply(lambda t: t.cuda(device))

    def share_memory(self) -> Self:
        """Return self: this engine runs in one process."""
        return self
