"""A module call with hooks: before and after forward, and around the module's backward pass."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import engine
from engine.autograd.function import Function
from engine.tensor import Tensor
from engine.utils.hooks import RemovableHandle
from engine.warning import warn

#: Hooks of every module, kind ("pre", "forward", "backward", "backward_pre") by handle id.
global_hooks: OrderedDict[int, tuple[str, Callable[..., Any]]] = OrderedDict()


def add_global(kind: str, hook: Callable[..., Any]) -> RemovableHandle:
    """Register a hook for all modules."""
    handle = RemovableHandle(global_hooks)
    global_hooks[handle.id] = (kind, hook)
    return handle


def _everywhere(kind: str) -> list[Callable[..., Any]]:
    return [hook for k, hook in global_hooks.values() if k == kind]


def call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the hooks of `module` around its forward."""
    always = [
        h for i, h in module._forward_hooks.items() if i in module._forward_hooks_always_called
    ]
    done: list[Any] = []
    try:
        return _call(module, args, kwargs, done)
    except Exception:
        for hook in always:
            if hook not in done:
                try:
                    hook(module, args, None)
                except Exception as error:
                    warn(
                        "module forward hook with ``always_call=True`` raised "
                        "an exception that was "
                        "silenced as another error was raised in forward: " + str(error)
                    )
        raise


def _call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], done: list[Any]) -> Any:
    args, kwargs = _before(module, args, kwargs)
    backward = list(module._backward_hooks.values())
    backward_pre = [*_everywhere("backward_pre"), *module._backward_pre_hooks.values()]
    full = [*_everywhere("backward")]
    if module._is_full_backward_hook:
        full += backward
    watch = Watch(module, full, backward_pre) if full or backward_pre else None
    if watch is not None:
        args = watch.inputs(args)
    result = module.forward(*args, **kwargs)
    for hook in _everywhere("forward"):
        result = _replaced(hook(module, args, result), result)
    for number, hook in list(module._forward_hooks.items()):
        done.append(hook)
        extra = (kwargs,) if number in module._forward_hooks_with_kwargs else ()
        result = _replaced(hook(module, args, *extra, result), result)
    if watch is not None:
        result = watch.outputs(result)
    if module._is_full_backward_hook is False and backward:
        _hook_the_last_node(module, args, result, backward)
    return result


def _replaced(new: Any, old: Any) -> Any:
    return old if new is None else new


def _before(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in _everywhere("pre"):
        new = hook(module, args)
        if new is not None:
            args = new if isinstance(new, tuple) else (new,)
    for number, hook in list(module._forward_pre_hooks.items()):
        if number in module._forward_pre_hooks_with_kwargs:
            new = hook(module, args, kwargs)
            if new is not None:
                if not (isinstance(new, tuple) and len(new) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {new}."
                    )
                args, kwargs = new
        else:
            new = hook(module, args)
            if new is not None:
                args = new if isinstance(new, tuple) else (new,)
    return args, kwargs


def _warn_about_regular_hooks(args: tuple[Any, ...], result: Any, last: Any) -> None:
    """Say what the hooks of `register_backward_hook` will not see."""
    results = (result,) if isinstance(result, Tensor) else result
    use = "Please use register_full_backward_hook to get the documented behavior."
    text = ""
    if not isinstance(results, tuple) or not all(isinstance(r, Tensor) for r in results):
        text = (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a "
            "tuple of Tensors is deprecated and will be removed in future versions. This hook "
            f"will be missing some of the grad_output. {use}"
        )
    elif not all(isinstance(a, Tensor) for a in args):
        text = (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor "
            "or a tuple of Tensors is deprecated and will be removed in future versions. This hook "
            f"will be missing some of the grad_input. {use}"
        )
    elif len({r.grad_fn for r in results if r.grad_fn is not None}) > 1:
        text = (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes "
            "is deprecated and will be removed in future versions. This hook will be missing some "
            f"grad_output. {use}"
        )
    elif {a.grad_fn for a in args if a.grad_fn is not None} != {n for n, _ in last.next_functions}:
        text = (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes "
            "is deprecated and will be removed in future versions. This hook will be missing some "
            f"grad_input. {use}"
        )
    if text:
        warn(text, FutureWarning)


def _hook_the_last_node(
    module: Any, args: tuple[Any, ...], result: Any, hooks: list[Callable[..., Any]]
) -> None:
    value = result
    while not isinstance(value, Tensor):
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    if value.grad_fn is not None:
        _warn_about_regular_hooks(args, result, value.grad_fn)
        for hook in hooks:
            value.grad_fn.register_hook(lambda gi, go, hook=hook: hook(module, gi, go))


def _marker() -> Any:
    """Return the autograd function that passes tensors through unchanged."""
    global _marker_class
    if _marker_class is None:

        class BackwardHookFunction(Function):
            @staticmethod
            def forward(ctx: Any, *tensors: Tensor) -> Any:
                ctx.mark_non_differentiable(*[t for t in tensors if not t.requires_grad])
                return tensors

            @staticmethod
            def backward(ctx: Any, *gradients: Any) -> Any:
                return gradients

        _marker_class = BackwardHookFunction
    return _marker_class


_marker_class: Any = None


_NO_INPUT = (
    "Full backward hook is firing when gradients are computed with respect to module outputs since "
    "no inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module."
    "html#torch.nn.Module.register_full_backward_hook for more details."
)


class Watch:
    """The full backward hooks of one call: identity nodes before and after the module."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_output: tuple[Any, ...] | None = None
        self.needs_input = False

    def _pass_through(self, values: tuple[Any, ...], on_node: Callable[[Any], None]) -> Any:
        places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
        recorded = engine.is_grad_enabled() and any(values[i].requires_grad for i in places)
        if not recorded:
            return values, False
        passed = _marker().apply(*[values[i] for i in places])
        node = next(t.grad_fn for t in passed if t.grad_fn is not None)
        on_node(node)
        new = list(values)
        for i, tensor in zip(places, passed, strict=True):
            new[i] = tensor
        self._places = places
        return tuple(new), True

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put the node before the module whose gradients are the module's grad_input."""
        count = len(args)

        def on_node(node: Any) -> None:
            places = [i for i, v in enumerate(args) if isinstance(v, Tensor)]
            node.register_hook(lambda gi, _: self._after(gi, places, count))

        args, self.needs_input = self._pass_through(args, on_node)
        return args

    def outputs(self, result: Any) -> Any:
        """Put the node behind the module whose gradients are the module's grad_output."""
        single = not isinstance(result, tuple)
        values = (result,) if single else result
        count = len(values)
        places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]

        def on_node(node: Any) -> None:
            node.register_prehook(lambda go: self._arrived(go, places, count))

        values, _ = self._pass_through(values, on_node)
        return values[0] if single else values

    def _arrived(self, gradients: tuple[Any, ...], places: list[int], count: int) -> Any:
        full: list[Any] = [None] * count
        for i, gradient in zip(places, gradients, strict=True):
            full[i] = gradient
        output, changed = tuple(full), False
        for hook in self.pre_hooks:
            new = hook(self.module, output)
            if new is not None:
                output, changed = (new if isinstance(new, tuple) else (new,)), True
        self.grad_output = output
        if not self.needs_input:
            if self.hooks:
                warn(_NO_INPUT)
            self._run(tuple([None] * 1))
        return tuple(output[i] for i in places) if changed else None

    def _after(self, gradients: tuple[Any, ...], places: list[int], count: int) -> Any:
        full: list[Any] = [None] * count
        for i, gradient in zip(places, gradients, strict=True):
            full[i] = gradient
        new = self._run(tuple(full))
        return None if new is None else tuple(new[i] for i in places)

    def _run(self, grad_input: tuple[Any, ...]) -> Any:
        changed = False
        for hook in self.hooks:
            new = hook(self.module, grad_input, self.grad_output)
            if new is not None:
                new = new if isinstance(new, tuple) else (new,)
                if len(new) != len(grad_input):
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, got "
                        f"{len(new)}, but expected {len(grad_input)}"
                    )
                grad_input, changed = new, True
        self.grad_output = None
        return grad_input if changed else None
