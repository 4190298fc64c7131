"""The state of modules: collecting and loading tensors by dotted name, and converting them."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import engine
from engine.tensor import Tensor
from engine.utils.swap import swap_tensors
from engine.warning import warn

from .parameter import Parameter, is_lazy

_EXTRA = "_extra_state"
_NOTHING_COPIED = (
    "for {}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
    "model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the state "
    "dictionary to their corresponding key in the module instead of copying them in place?)"
)


class _IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` did not find and did not need."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


def _has_extra(module: Any) -> bool:
    from .module import Module

    return type(module).get_extra_state is not Module.get_extra_state


def save_own(module: Any, destination: Any, prefix: str, keep_vars: bool) -> None:
    """Put the module's own entries, not its children's, into `destination`."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            destination[prefix + name] = _entry(parameter, keep_vars)
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            destination[prefix + name] = _entry(buffer, keep_vars)
    if _has_extra(module):
        destination[prefix + _EXTRA] = module.get_extra_state()


def _entry(tensor: Tensor, keep_vars: bool) -> Tensor:
    return tensor if keep_vars or is_lazy(tensor) else tensor.detach()


def collect(module: Any, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Put the entries of the module and all below it into `destination` and return it."""
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in module._state_dict_pre_hooks.values():
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(
                destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars
            )
    for hook in module._state_dict_hooks.values():
        new = hook(module, destination, prefix, metadata)
        destination = destination if new is None else new
    return destination


def _load_tensor(
    module: Any, name: str, current: Tensor, value: Any, assign: bool, key: str, errors: list[str]
) -> None:
    if not isinstance(value, Tensor):
        errors.append(
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
        return
    if is_lazy(current) and not is_lazy(value):
        current.materialize(value.shape)
    if not assign and value.ndim == 1 and len(value) == 1 and current.ndim == 0:
        value = value[0]
    if value.shape != current.shape:
        errors.append(
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
            f"the shape in current model is {current.shape}."
        )
        return
    if current.is_meta and not value.is_meta and not assign:
        warn(_NOTHING_COPIED.format(key))
    try:
        _put(module, name, current, value, assign)
    except Exception as e:
        errors.append(
            f'While copying the parameter named "{key}", whose dimensions in the model are '
            f"{current.shape} and whose dimensions in the checkpoint are {value.shape}, an "
            f"exception occurred : {e.args}."
        )


def _put(module: Any, name: str, current: Tensor, value: Any, assign: bool) -> None:
    if engine.__future__.get_swap_module_params_on_conversion():
        with engine.no_grad():
            loaded = current.module_load(value, assign=assign)
        fresh = (
            Parameter(loaded, current.requires_grad) if isinstance(current, Parameter) else loaded
        )
        swap_tensors(current, fresh)
    elif not assign:
        with engine.no_grad():
            current.copy_(value)
    elif isinstance(current, Parameter):
        fresh = value if isinstance(value, Parameter) else Parameter(value, current.requires_grad)
        setattr(module, name, fresh)
    else:
        setattr(module, name, value)


def load_own(
    module: Any, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
    missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
) -> None:  # fmt: skip
    """Copy the module's own entries, not its children's, out of `state_dict`."""
    for hook in module._load_state_dict_pre_hooks.values():
        hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
             error_msgs)  # fmt: skip
    assign = local_metadata.get("assign_to_params_buffers", False)
    temporary = module._non_persistent_buffers_set
    buffers = {k: v for k, v in module._buffers.items() if k not in temporary}
    for name, current in (*module._parameters.items(), *buffers.items()):
        if current is None:
            continue
        key = prefix + name
        if key in state_dict:
            _load_tensor(module, name, current, state_dict[key], assign, key, error_msgs)
        elif strict:
            missing_keys.append(key)
    if _has_extra(module):
        if prefix + _EXTRA in state_dict:
            module.set_extra_state(state_dict[prefix + _EXTRA])
        elif strict:
            missing_keys.append(prefix + _EXTRA)
    if strict:
        known = {*module._parameters, *buffers}
        known |= {_EXTRA} if _has_extra(module) else set()
        for key in state_dict:
            name, _, below = key[len(prefix) :].partition(".")
            if key.startswith(prefix) and name not in (module._modules if below else known):
                unexpected_keys.append(key)


def load(module: Any, state_dict: Any, strict: bool, assign: bool) -> _IncompatibleKeys:
    """Copy all entries of `state_dict` into the module and those below it."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    metadata = getattr(state_dict, "_metadata", None)
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    entries = OrderedDict(state_dict)

    def visit(part: Any, prefix: str) -> None:
        local = dict({} if metadata is None else metadata.get(prefix[:-1], {}))
        if assign:
            local["assign_to_params_buffers"] = assign
        part._load_from_state_dict(entries, prefix, local, True, missing, unexpected, errors)
        for name, child in part._modules.items():
            if child is not None:
                visit(child, prefix + name + ".")
        incompatible = _IncompatibleKeys(missing, unexpected)
        for hook in part._load_state_dict_post_hooks.values():
            hook(part, incompatible)

    visit(module, "")
    if strict:
        for keys, kind in ((unexpected, "Unexpected"), (missing, "Missing")):
            if keys:
                listed = ", ".join(f'"{key}"' for key in keys)
                errors.insert(0, f"{kind} key(s) in state_dict: {listed}. ")
    if errors:
        listed = "\n\t".join(errors)
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{listed}"
        )
    return _IncompatibleKeys(missing, unexpected)


def clear_gradient(parameter: Tensor, set_to_none: bool) -> None:
    """Forget a gradient, or detach it and fill it with zeros."""
    if parameter.grad is None:
        return
    if set_to_none:
        parameter.grad = None
        return
    if parameter.grad.grad_fn is not None:
        parameter.grad.detach_()
    else:
        parameter.grad.requires_grad_(False)
    parameter.grad.zero_()


def replace_data(parameter: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """Set a parameter's data to fn(data), and its gradient's likewise; return the parameter, which
    is a new one where the data moved to another device."""
    if is_lazy(parameter):
        parameter.data = fn(engine.empty(0, dtype=parameter.dtype))
        return parameter
    if engine.__future__.get_swap_module_params_on_conversion():
        _swap_converted(parameter, fn)
        return parameter
    with engine.no_grad():
        data = fn(parameter.data)
        grad = parameter.grad
        if data.is_meta != parameter.is_meta:
            fresh = Parameter(data, parameter.requires_grad)
            if grad is not None:
                fresh.grad = fn(grad.detach())
            return fresh
        if data is not parameter.data:
            if grad is not None:
                parameter.grad = None
            parameter.data = data
            if grad is not None:
                parameter.grad = fn(grad.detach())
    return parameter


def _swap_converted(parameter: Any, fn: Callable[[Tensor], Tensor]) -> None:
    with engine.no_grad():
        grad = parameter.grad
        converted = fn(parameter)
        fresh = Parameter(converted, parameter.requires_grad)
        if grad is not None:
            fresh.grad = fn(grad)
    swap_tensors(parameter, fresh)


def _moved(tensor: Tensor, target: Any) -> Tensor:
    try:
        return tensor.to(target)  # type: ignore[no-any-return]
    except NotImplementedError as e:
        if not tensor.is_meta:
            raise
        raise NotImplementedError(
            f"{e} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() when moving "
            "module from meta to a different device."
        ) from None


def converter(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Tensor], Tensor]:
    """Return the conversion that the arguments of `Module.to` ask for."""
    wanted = kwargs.get("dtype")
    target = kwargs.get("device")
    for arg in args:
        if isinstance(arg, engine.dtype):
            wanted = arg
        elif isinstance(arg, Tensor):
            wanted = arg.dtype
        elif not isinstance(arg, bool):
            target = arg
    if wanted is not None and not (wanted.is_floating_point or wanted.is_complex):
        raise TypeError(
            "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype="
            f"{wanted}"
        )

    if wanted is not None and wanted.is_complex:
        warnings.warn(
            "Complex modules are a new feature under active development whose design may change, and "
            "some modules might not work as expected when using complex tensors as parameters or "
            "buffers. Please file an issue at "
            "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a complex module "
            "does not work as expected.", stacklevel=3,
        )  # fmt: skip

    def convert(tensor: Tensor) -> Tensor:
        if target is not None:
            tensor = _moved(tensor, target)
        if wanted is not None and (tensor.is_floating_point() or tensor.is_complex()):
            return tensor.to(wanted)  # type: ignore[no-any-return]
        return tensor

    return convert
