"""Functions to functions: grad, vjp, jvp, nested as one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.autograd import passes
from engine.autograd.forward_ad import warn_about_scripting
from engine.autograd.node import AccumulateGrad, edge
from engine.batching.levels import leaf, level_of, lift, running, tracked
from engine.tensor import Tensor

from .trees import leaves, map_leaves, rebuild

Function = Callable[..., Any]


def _own(tensor: Any) -> Any:
    """Return an input to differentiate by: a new leaf, or a step behind an outer transform's."""
    if not isinstance(tensor, Tensor):
        return tensor
    own = lift(tensor, len(running)) if running else tensor
    if own.requires_grad and engine.is_grad_enabled():
        return own.view_as(own)
    return leaf(tensor)


def outer(tree: Any) -> bool:
    """Tell whether somebody outside differentiates as well."""
    return any(isinstance(t, Tensor) and tracked(t) for t in leaves(tree))


def spend(tree: Any) -> None:
    """Mark leaves of a transform that has ended: nobody differentiates by them any more."""
    for t in leaves(tree):
        if isinstance(t, Tensor) and t.is_leaf:
            t._spent = True  # type: ignore[attr-defined]


def reaches_others(outputs: Any, own: Any) -> bool:
    """Tell whether the outputs come from leaves besides the inputs: from what a function closes over."""
    if any(level_of(t) and tracked(t._a.value) for t in leaves(outputs)):
        return True
    mine = {id(t) for t in leaves(own) if isinstance(t, Tensor)}
    front = [edge(t) for t in leaves(outputs) if isinstance(t, Tensor) and t.requires_grad]
    seen = set(front)
    while front:
        node = front.pop()
        if isinstance(node, AccumulateGrad):
            if id(node.variable) not in mine and not hasattr(node.variable, "_spent"):
                return True
            continue
        new = [e for e in node.edges if e is not None and e not in seen]
        seen.update(new)
        front.extend(new)
    return False


def finish(tree: Any, keep: bool) -> Any:
    """Return results attached to the graph only if an outer transform needs that."""
    return tree if keep else map_leaves(lambda t: t.detach() if isinstance(t, Tensor) else t, tree)


def gradients(
    outputs: list[Any], inputs: list[Any], cotangents: list[Any], keep: bool = True
) -> list[Any]:
    """Return the gradients by the inputs, zeros where there are none; with `keep` in the graph."""
    live = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
    if not live:
        return [engine.zeros_like(i) for i in inputs]
    found = passes.grad(
        [o for o, _ in live], inputs, [c for _, c in live], retain_graph=True, create_graph=keep,
        allow_unused=True,
    )  # fmt: skip
    return [engine.zeros_like(i) if g is None else g for g, i in zip(found, inputs, strict=True)]


def _pick(args: tuple[Any, ...], argnums: Any) -> Any:
    for number in (argnums,) if isinstance(argnums, int) else argnums:
        if not -len(args) <= number < len(args):
            raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    return args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)


def _replace(args: tuple[Any, ...], argnums: Any, values: Any) -> tuple[Any, ...]:
    new = list(args)
    if isinstance(argnums, int):
        new[argnums] = values
    else:
        for i, value in zip(argnums, values, strict=True):
            new[i] = value
    return tuple(new)


def differentiably(
    func: Function, args: tuple[Any, ...], argnums: Any, kwargs: dict[str, Any], has_aux: bool
) -> tuple[Any, Any, Any]:
    """Call `func` on inputs to differentiate by; return those, what came out, and the extras."""
    own = map_leaves(_own, _pick(args, argnums))
    result = func(*_replace(args, argnums, own), **kwargs)
    return (own, *result) if has_aux else (own, result, None)


def grad_and_value(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """Return a function that computes gradient and value of a scalar function."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        keep = outer(args)
        with engine.enable_grad():
            own, value, aux = differentiably(func, args, argnums, kwargs, has_aux)
            _check_scalar(value)
            keep = keep or reaches_others(value, own)
            found = rebuild(own, gradients([value], leaves(own), [engine.ones_like(value)], keep))
        spend(own)
        found, value = finish(found, keep), finish(value, keep)
        return (found, (value, finish(aux, keep))) if has_aux else (found, value)

    return wrapper


def _check_scalar(value: Any) -> None:
    if not isinstance(value, Tensor):
        raise RuntimeError(  # noqa: TRY004 (as PyTorch)
            f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}"
        )
    if value.dim() != 0:
        raise RuntimeError(
            "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor "
            f"with {value.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def grad(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """Return a function that computes the gradient of a scalar function."""
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Return func(*primals) and a function from cotangents to the tuple of gradients."""
    keep = outer(primals)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        result = func(*own)
        outputs, aux = result if has_aux else (result, None)
    keep = keep or reaches_others(outputs, own)
    spend(own)

    def pull(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        attached = keep or outer(given)
        with engine.enable_grad():
            found = gradients(leaves(outputs), leaves(own), leaves(given), attached)
        return finish(rebuild(own, found), attached)

    value = finish(outputs, keep)
    return (value, pull, finish(aux, keep)) if has_aux else (value, pull)


def jvp(
    func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...], *, strict: bool = False,
    has_aux: bool = False,
) -> Any:  # fmt: skip
    """Return func(*primals) and the directional derivative along the tangents.

    The gradient of v ↦ vᵀJ along the tangents is J times them, so two backward passes do it.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(  # noqa: TRY004 (as PyTorch)
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to "
            "call f(*primals)."
        )
    for p, t in zip(leaves(primals), leaves(tangents), strict=False):
        if p.shape != t.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the "
                f"original Tensor, this is not supported. Tensor is of size {list(p.shape)} while "
                f"the given forward gradient is of size {list(t.shape)}."
            )
    warn_about_scripting()
    keep = outer(primals) or outer(tangents)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        result = func(*own)
        outputs, aux = result if has_aux else (result, None)
        keep = keep or reaches_others(outputs, own)
        flat = leaves(outputs)
        probes = [leaf(engine.zeros_like(o)) for o in flat]
        pulled = gradients(flat, leaves(own), probes)
        moved = gradients(pulled, probes, leaves(tangents))
        spend([own, probes])
    value, tangent = finish(outputs, keep), finish(rebuild(outputs, moved), keep)
    return (value, tangent, finish(aux, keep)) if has_aux else (value, tangent)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return func(*primals) and the function from tangents to directional derivatives."""
    value = func(*primals)
    return value, lambda *tangents: jvp(func, primals, tangents)[1]
