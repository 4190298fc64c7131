"""Hooks on tensors and nodes: who registered what, and running it around a step."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from engine import recording
from engine.autograd import node as graph
from engine.autograd.node import LEAF
from engine.tensor import Tensor, wrap

Hook = Callable[..., Any]


class Handle:
    """Removes a hook again; also a context manager."""

    __module__ = "torch.utils.hooks"
    _next = 0

    def __init__(self, hooks: OrderedDict[int, Hook], hook: Hook) -> None:
        self.id = Handle._next
        Handle._next += 1
        hooks[self.id] = hook
        self._hooks = weakref.ref(hooks)

    def remove(self) -> None:
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


Handle.__name__ = Handle.__qualname__ = "RemovableHandle"


class _Hooks(OrderedDict[int, Hook]):
    """Hooks by handle number; a class of its own so that a handle can refer to it weakly."""


class OfNode:
    """The hooks of one node (or port): of its output tensor, before it and after it."""

    __slots__ = ("post", "pre", "retain", "tensor")

    def __init__(self) -> None:
        self.tensor, self.pre, self.post = _Hooks(), _Hooks(), _Hooks()
        self.retain: weakref.ref[Any] | None = None


def _of(node: Any) -> OfNode:
    found = graph.hooked.get(node)
    if found is None:
        found = graph.hooked[node] = OfNode()
    return found


def _of_leaf(t: Any, slot: str) -> _Hooks:
    if not hasattr(t, slot):
        setattr(t, slot, _Hooks())
    hooks: _Hooks = getattr(t, slot)
    graph.leaf_hooks[id(hooks)] = hooks
    return hooks


def on_leaves() -> bool:
    """Whether some leaf has hooks now."""
    return any(graph.leaf_hooks.values())


def add(node: Any, kind: str, fn: Hook) -> Handle:
    return Handle(getattr(_of(node), kind), fn)


def add_to_tensor(t: Any, fn: Hook) -> Handle:
    if t._g is not LEAF:
        return Handle(_of(t._g).tensor, fn)
    return Handle(_of_leaf(t, "_hooks"), fn)


def add_post_accumulate(t: Any, fn: Hook) -> Handle:
    if t._g is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if t._g is not LEAF:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return Handle(_of_leaf(t, "_post_hooks"), fn)


def retain(t: Any) -> None:
    _of(t._g).retain = weakref.ref(t)


def move(old: Any, new: Any, t: Any) -> None:
    """After an in-place operation `t` has a new node: its retain_grad goes along."""
    found = graph.hooked.get(old)
    if found is not None and found.retain is not None and found.retain() is t:
        found.retain = None
        _of(new).retain = weakref.ref(t)


def _tensor(g: Any) -> Any:
    return g if g is None or isinstance(g, Tensor) else wrap(g)


def _back(v: Any, p: Any) -> Any:
    return v if v is None or p.tensors else v._a


def _check(result: Any, g: Any, hook: Hook) -> Any:
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(result, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if result._s != g._s:
        raise RuntimeError(f"hook '{name}' has changed the size of value")
    if result._d is not g._d:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {g.type()} got {result.type()})"
        )
    return result


def _apply(hooks: Any, g: Any, p: Any) -> Any:
    """Run tensor hooks on one gradient."""
    if not hooks:
        return g
    t = _tensor(g)
    for hook in list(hooks.values()):
        result = hook(t)
        if result is not None:
            t = _check(result, t, hook)
    return _back(t, p)


def before(n: Any, g: Any, p: Any) -> Any:
    """The hooks of the tensor that `n` made, and retain_grad."""
    found = graph.hooked.get(n) if graph.hooked else None
    if found is None:
        return g
    g = _apply(found.tensor, g, p)
    t = found.retain() if found.retain is not None else None
    if t is not None:
        made = _tensor(g)
        old = getattr(t, "_grad", None)
        if not p.create:
            import numpy as np

            made = wrap(np.array(made._a), t._d)
        t._grad = made if old is None else p.add(old, made)
        if recording.log is not None:
            recording.log.append((recording.GRAD, t, t._grad))
    return g


def ahead(n: Any, g: Any, p: Any) -> Any:
    """The pre-hooks of a node, which change what it gets but not what is captured there."""
    found = graph.hooked.get(n) if graph.hooked else None
    return _pre(found.pre, g, p) if found is not None and found.pre else g


def _pre(hooks: Any, g: Any, p: Any) -> Any:
    many = isinstance(g, list)
    values = tuple(map(_tensor, g)) if many else (_tensor(g),)
    for hook in list(hooks.values()):
        values = _new(hook, hook(values), values)
    return [_back(v, p) for v in values] if many else _back(values[0], p)


def _new(hook: Hook, result: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a hook of a node makes of the gradients: as many as there were."""
    if result is None:
        return values
    if not isinstance(result, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(result).__name__}'")
    new: tuple[Any, ...] = result
    if len(new) != len(values):
        name = getattr(hook, "__name__", type(hook).__name__)
        raise RuntimeError(
            f"hook '{name}' has returned an incorrect number of values (got {len(new)}, but "
            f"expected {len(values)})"
        )
    for v in new:
        if not (v is None or isinstance(v, Tensor)):
            raise TypeError(f"expected Variable, but hook returned '{type(v).__name__}'")
    return new


def after(n: Any, out: Sequence[Any], g: Any, p: Any) -> Sequence[Any]:
    """The hooks of a node after its step: they may replace the gradients."""
    hooks = graph.hooked[n].post
    if not hooks:
        return out
    gs = tuple(map(_tensor, g)) if isinstance(g, list) else (_tensor(g),)
    values = tuple(map(_tensor, out))
    for hook in list(hooks.values()):
        values = _new(hook, hook(values, gs), values)
    return [_back(v, p) for v in values]


def before_leaf(t: Any, g: Any, p: Any) -> Any:
    return _apply(getattr(t, "_hooks", None), g, p)


def after_leaf(n: Any, t: Any, g: Any, p: Any) -> None:
    """Post-accumulate hooks of the leaf, then the hooks of its AccumulateGrad."""
    for hook in list(getattr(t, "_post_hooks", {}).values()):
        result = hook(t)
        if result is t:
            continue
        if isinstance(result, Tensor):
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")  # noqa: TRY004
        if result is not None:
            raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    found = graph.hooked.get(n)
    if found is not None:
        for hook in list(found.post.values()):
            hook((), (_tensor(g),))
