"""The base of all optimizers: parameter groups, state, and the step over every parameter."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

import engine
from engine import recording
from engine.nn.state import clear_gradient
from engine.ops import inplace
from engine.tensor import Tensor, wrap
from engine.utils.hooks import RemovableHandle

Raw = Any
Group = dict[str, Any]
Hooks = OrderedDict[int, Callable[..., Any]]


_NO_OPTIONS = ("params", "param_names")


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def check(fine: bool, what: str, value: Any) -> None:
    """Raise ValueError "Invalid `what`: `value`" unless fine."""
    if not fine:
        raise ValueError(f"Invalid {what}: {value}")


def zeros_like(p: Tensor) -> Tensor:
    """Return zeros to keep in the state of a parameter."""
    return wrap(np.zeros(p._s, p._a.dtype), p.dtype)


class Optimizer:
    """Updates the parameters of its groups by their gradients, each group with its options.

    A subclass sets `defaults` and defines `update`, which returns a parameter's new values.
    """

    #: Name of the in-place operation that the last write of an update amounts to.
    operation = "add_"

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {params.type()}"
            )
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._start_hooks()
        self._stepped = self._scheduled = False
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # Groups --------------------------------------------------------------------------------

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own; missing ones are the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered "
                "collections, but the ordering "
                "of tensors in sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Tensor) else list(params)
        named = sum(isinstance(p, tuple) for p in params)
        if named not in (0, len(params)):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        group = {k: v for k, v in param_group.items() if k != "params"}
        if named:
            group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        for p in params:
            self._check_parameter(p)
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    "parameter group didn't specify a value of required "
                    f"optimization parameter {name}"
                )
            group.setdefault(name, default)
        self._check_duplicates(params)
        self.param_groups.append({"params": params, **group})

    def _check_parameter(self, p: Any) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {_kind(p)}"
            )
        if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")

    def _check_duplicates(self, params: list[Tensor]) -> None:
        ids = {id(p) for p in params}
        if len(ids) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=4,
            )
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if ids & known:
            raise ValueError("some parameters appear in more than one parameter group")

    # Steps ---------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient; `closure` computes the loss anew first."""
        for hook in list(self._pre_hooks.values()):
            hook(self, (closure,), {})
        self._stepped = True
        if type(self).update is Optimizer.update:
            raise NotImplementedError
        loss = None
        if closure is not None:
            with engine.enable_grad():
                loss = closure()
        with engine.no_grad():
            for group in self.param_groups:
                self._step_group(group)
        if recording.log is not None and not self._has_gradients():
            recording.idle(type(self).__name__)
        for hook in list(self._post_hooks.values()):
            hook(self, (closure,), {})
        return loss

    def _has_gradients(self) -> bool:
        return any(p.grad is not None for group in self.param_groups for p in group["params"])

    def _step_group(self, group: Group) -> None:
        if group.get("capturable"):
            raise AssertionError(
                "If capturable=True, params and state_steps must be on supported devices: "
                "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla']."
            )
        options = self._options(group) if recording.log is not None else None
        for p in group["params"]:
            if p.grad is not None:
                state = self.state.get(p, {})
                new = self.update(group, p, p.grad._a, state)
                if state:  # plain gradient descent keeps nothing
                    self.state[p] = state
                self._write(p, new, options)

    def _write(self, p: Tensor, values: Raw, options: Group | None = None) -> None:
        """Overwrite a parameter and record that as one operation with its gradient."""
        inplace.write(p, values)
        if recording.log is not None:
            options = options or self._options({})
            recording.operation(self.operation, p, (p, p.grad), options)

    def _options(self, group: Group) -> Group:
        """Return what a recording tells of a step: the optimizer, and the group's options."""
        options = {k: v for k, v in group.items() if k not in _NO_OPTIONS}
        return {"optimizer": type(self).__name__, **options}

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        """Return the new values of `p` from its gradient; `state` is p's own and kept."""
        raise NotImplementedError

    def gradient(self, group: Group, p: Tensor, grad: Raw) -> Raw:
        """Return the gradient with sign and weight decay applied."""
        if group["maximize"]:
            grad = -grad
        decay = group.get("weight_decay", 0)
        if decay != 0:
            from .arithmetic import fma

            grad = fma(p._a, float(decay), grad)
        return grad

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_gradient(p, set_to_none)

    # Hooks ---------------------------------------------------------------------------------

    def _start_hooks(self) -> None:
        self._pre_hooks: Hooks = OrderedDict()
        self._post_hooks: Hooks = OrderedDict()
        self._state_pre_hooks: Hooks = OrderedDict()
        self._state_post_hooks: Hooks = OrderedDict()
        self._load_pre_hooks: Hooks = OrderedDict()
        self._load_post_hooks: Hooks = OrderedDict()

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before every step."""
        return _register(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after every step."""
        return _register(self._post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer) before `state_dict`."""
        return _register(self._state_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer, state_dict) after `state_dict`; what it returns replaces it."""
        return _register(self._state_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer, state_dict) before loading; what it returns is loaded."""
        return _register(self._load_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer) after `load_state_dict`."""
        return _register(self._load_post_hooks, hook, prepend)

    # State ---------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return state and options with parameters as numbers in order of the groups."""
        for hook in list(self._state_pre_hooks.values()):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {numbers[id(p)]: entry for p, entry in self.state.items()}
        packed = {"state": state, "param_groups": groups}
        for hook in list(self._state_post_hooks.values()):
            packed = hook(self, packed) or packed
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options that `state_dict` returned; tensors are shared with it."""
        state_dict = state_dict.copy()
        for hook in list(self._load_pre_hooks.values()):
            state_dict = hook(self, state_dict) or state_dict
        saved = [dict(group) for group in state_dict["param_groups"]]
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, saved, strict=True))
        if any(len(own["params"]) != len(other["params"]) for own, other in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        numbers = chain.from_iterable(group["params"] for group in saved)
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        by_number = dict(zip(numbers, params, strict=True))
        self.state = defaultdict(dict)
        self.defaults.setdefault("differentiable", False)
        for number, entry in state_dict["state"].items():
            p = by_number.get(number)
            self.state[number if p is None else p] = _adopted(entry, p)
        self.param_groups = [{**deepcopy({k: v for k, v in other.items() if k != "params"}),
                              "params": own["params"]} for own, other in pairs]  # fmt: skip
        for hook in list(self._load_post_hooks.values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_hooks()
        self._stepped = self._scheduled = False

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group.keys()):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _kind(value: Any) -> str:
    return value.type() if isinstance(value, Tensor) else type(value).__name__


def _register(hooks: Hooks, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _adopted(value: Any, p: Any, key: Any = None) -> Any:
    """A piece of loaded state in the element type of its parameter; `step` keeps its own."""
    if isinstance(value, Tensor):
        return (
            value.to(p.dtype)
            if p is not None and key != "step" and p.dtype.is_floating_point
            else value
        )
    if isinstance(value, dict):
        return {k: _adopted(v, p, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_adopted(v, p) for v in value)
    return value


def check_rate(lr: Any) -> None:
    """Raise unless `lr` is a number, or a tensor with one element, that is not negative."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if lr < 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_ways(foreach: bool | None, fused: bool | None) -> None:
    """Raise if two ways of computing the same step are asked for."""
    if foreach and fused:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def counted(state: dict[str, Any]) -> float:
    """Increase `state["step"]`, a 0-d tensor, and return it as a number."""
    step = state.get("step")
    number = (0.0 if step is None else float(step)) + 1
    if step is None:
        state["step"] = wrap(np.array(number, np.float32))
    else:
        step._a = np.array(number, np.float32)
    return number


def start(state: dict[str, Any], p: Tensor, *names: str) -> None:
    """Give a parameter's state zeros under `names` before its first step."""
    if "step" not in state:
        state["step"] = wrap(np.array(0.0, np.float32))
        for name in names:
            state.setdefault(name, zeros_like(p))


__all__ = [
    "Optimizer",
    "check",
    "check_rate",
    "check_ways",
    "counted",
    "required",
    "start",
    "zeros_like",
]
