"""`nn.Module`: attributes that are parameters, buffers or modules, and calls with hooks around."""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from engine import recording
from engine.utils.hooks import RemovableHandle

from . import calling, state
from .attributes import KINDS
from .tree import Tree

_HOOKS = (
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def _adopt(*parts: type) -> None:
    """Let the methods that Module is made of carry its name, as in "<generator Module.parameters>"."""
    for part in parts:
        for name, member in vars(part).items():
            if inspect.isfunction(member):
                member.__qualname__ = f"Module.{name}"


def indented(text: str, spaces: int) -> str:
    """Indent all lines of `text` but the first."""
    return text.replace("\n", "\n" + " " * spaces)


class Module(Tree):
    """Base of all layers and models: assign parameters and modules in __init__, write forward."""

    call_super_init = False
    dump_patches = False
    _version = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            name = type(self).__name__
            extra = (
                f"got an unexpected keyword argument '{next(iter(kwargs))}'"
                if kwargs
                else (f"takes 1 positional argument but {len(args) + 1} were given")
            )
            raise TypeError(f"{name}.__init__() {extra}")
        put = self.__dict__.__setitem__
        put("training", True)
        put("_hooked", False)
        for kind in KINDS:
            put(kind, {})
        put("_non_persistent_buffers_set", set())
        for hooks in _HOOKS:
            put(hooks, OrderedDict())
        put("_is_full_backward_hook", None)

    # Calling -------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if recording.log is None:
            if self._hooked or calling.global_hooks:
                return calling.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        previous = recording.scope
        recording.scope = recording.enter_scope(self)
        try:
            if self._hooked or calling.global_hooks:
                result = calling.call(self, args, kwargs)
            else:
                result = self.forward(*args, **kwargs)
        finally:
            recording.scope = previous
        if type(result) is tuple:
            recording.returned(result)
        return result

    def _add_hook(
        self,
        hooks: OrderedDict[int, Any],
        hook: Callable[..., Any],
        prepend: bool = False,
        **flags: bool,
    ) -> RemovableHandle:
        flagged = [getattr(self, name) for name, on in flags.items() if on]
        handle = RemovableHandle(hooks, extra=flagged)
        hooks[handle.id] = hook
        for mapping in flagged:
            mapping[handle.id] = True
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        self.__dict__["_hooked"] = True
        return handle

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns replaces the arguments."""
        return self._add_hook(
            self._forward_pre_hooks, hook, prepend, _forward_pre_hooks_with_kwargs=with_kwargs
        )

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; a returned value replaces the output."""
        return self._add_hook(
            self._forward_hooks, hook, prepend,
            _forward_hooks_with_kwargs=with_kwargs, _forward_hooks_always_called=always_call,
        )  # fmt: skip

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the gradients of the inputs are there."""
        if self._is_full_backward_hook is False:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward "
                "hooks on a single Module. "
                "Please use only one of them."
            )
        self.__dict__["_is_full_backward_hook"] = True
        return self._add_hook(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(module, grad_output) before the gradients of the module are computed."""
        return self._add_hook(self._backward_pre_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook on the node of the output only; `register_full_backward_hook` is the better."""
        if self._is_full_backward_hook is True:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward "
                "hooks on a single Module. "
                "Please use only one of them."
            )
        self.__dict__["_is_full_backward_hook"] = False
        return self._add_hook(self._backward_hooks, hook)

    # State ---------------------------------------------------------------------------------

    def get_extra_state(self) -> Any:
        """Return what `state_dict` shall keep besides tensors; override it in a subclass."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called. Please "
            "file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml"
            " to report this bug."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned; override it in a subclass."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called. Please "
            "file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml"
            " to report this bug."
        )

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return dotted names to parameters and persistent buffers, detached but not copied."""
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict "
                "for details.", FutureWarning, stacklevel=2,
            )  # fmt: skip
        given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
        collected: dict[str, Any] = state.collect(
            self,
            given.get("destination", destination),
            given.get("prefix", prefix),
            given.get("keep_vars", keep_vars),
        )
        return collected

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Copy the tensors of `state_dict` into this module and report missing and extra keys."""
        return state.load(self, state_dict, strict, assign)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        state.save_own(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        state.load_own(self, state_dict, prefix, local_metadata, strict, missing_keys,
                       unexpected_keys, error_msgs)  # fmt: skip

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, local_metadata) after the entries are collected."""

        def public(*args: Any) -> None:
            if hook(*args) is not None:
                raise RuntimeError("state_dict post-hook must return None")

        return self._add_hook(self._state_dict_hooks, public)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As above, for hooks that may return another state_dict."""
        return self._add_hook(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before the entries are collected."""
        return self._add_hook(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, ...) before entries are loaded."""
        return self._add_hook(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, incompatible_keys) after loading."""
        return self._add_hook(self._load_state_dict_post_hooks, hook)

    # Text ----------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what stands in the brackets of repr."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({k}): {indented(repr(m), 2)}" for k, m in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"


_adopt(Tree, *Tree.__mro__[1:-1])
