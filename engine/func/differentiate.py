"""Functions to functions: grad, vjp, jvp, nested as one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.autograd import passes
from engine.autograd.forward_ad import pushing, warn_about_scripting
from engine.autograd.node import AccumulateGrad, edge
from engine.batching.levels import differentiating, leaf, level_of, lift, running, tracked
from engine.later import sign
from engine.tensor import Tensor

from .trees import form, leaves, map_leaves, rebuild, structure

Function = Callable[..., Any]


def _own(tensor: Any) -> Any:
    """Return an input to differentiate by: a new leaf, or a step behind an outer transform's."""
    if not isinstance(tensor, Tensor):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"Thing passed to transform API must be Tensor, got {type(tensor)}"
        )
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


def pick(args: tuple[Any, ...], argnums: Any) -> Any:
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(  # noqa: TRY004 (as PyTorch)
            f"argnums must be int or Tuple[int, ...], got: {type(argnums)}"
        )
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
    func: Function, args: tuple[Any, ...], argnums: Any, kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Call `func` on inputs to differentiate by; return those and what came out."""
    own = map_leaves(_own, pick(args, argnums))
    with differentiating(leaves(own)):
        return own, func(*_replace(args, argnums, own), **kwargs)


def _with_extras(result: Any, has_aux: bool, who: str) -> tuple[Any, Any]:
    """What a function returned, and the extras."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def taken_apart(result: Any, has_aux: bool, who: str) -> tuple[Any, Any]:
    """What a function returned, which must be tensors, and the extras."""
    outputs, aux = _with_extras(result, has_aux, who)
    for o in leaves(outputs):
        if not isinstance(o, Tensor):
            raise RuntimeError(  # noqa: TRY004 (as PyTorch)
                f"{who}: expected f(*primals) to return only tensors, got unsupported type {type(o)}"
            )
    return outputs, aux


def grad_and_value(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """Return a function that computes gradient and value of a scalar function."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        keep = outer(args)
        with engine.enable_grad():
            own, result = differentiably(func, args, argnums, kwargs)
            value, aux = _with_extras(result, has_aux, "grad_and_value(f)(*args)")
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
        with differentiating(leaves(own)):
            result = func(*own)
        outputs, aux = taken_apart(result, has_aux, "vjp(f, *primals)")
    keep = keep or reaches_others(outputs, own)
    spend(own)

    def wrapper(
        *cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> Any:
        if not cotangents:
            raise TypeError(
                "_vjp_with_argnums.<locals>.wrapper() missing 1 required positional argument: "
                "'cotangents'"
            )
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        shapes = structure(given), structure(outputs)
        if shapes[0] != shapes[1]:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {shapes[0]}, primal output: {shapes[1]}"
            )
        attached = keep or outer(given)
        with engine.enable_grad():
            found = gradients(leaves(outputs), leaves(own), leaves(given), attached)
        return finish(rebuild(own, found), attached)

    value = finish(outputs, keep)
    return (value, wrapper, finish(aux, keep)) if has_aux else (value, wrapper)


_JVP = "jvp(f, primals, tangents): "


def _check_tensors(tree: Any, name: str) -> None:
    flat = leaves(tree)
    if not flat:
        raise RuntimeError(f"{_JVP}Expected {name} to contain at least one Tensor.")
    for t in flat:
        if not isinstance(t, Tensor):
            raise RuntimeError(  # noqa: TRY004 (as PyTorch)
                f"{_JVP}Expected {name} to only contain Tensors, got {type(t)}"
            )


def check_floating(tree: Any) -> None:
    """Raise if a tensor to move along a tangent has none."""
    for t in leaves(tree):
        if isinstance(t, Tensor) and not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected primal to be floating point or complex, but got: {t.dtype}")


def _check_tangents(primals: Any, tangents: Any) -> None:
    if not isinstance(primals, tuple):
        raise RuntimeError(  # noqa: TRY004 (as PyTorch)
            f"{_JVP}Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if form(primals) != form(tangents):
        raise RuntimeError(
            f"{_JVP}Expected primals and tangents to have the same python structure. For example, if "
            "primals is a tuple of 3 tensors, tangents also must be. Got primals with structure "
            f"{form(primals)} and tangents with structure {form(tangents)}"
        )
    _check_tensors(primals, "primals")
    _check_tensors(tangents, "tangents")
    check_floating(primals)
    for p, t in zip(leaves(primals), leaves(tangents), strict=True):
        if p.shape != t.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the "
                f"original Tensor, this is not supported. Tensor is of size {list(p.shape)} while "
                f"the given forward gradient is of size {list(t.shape)}."
            )


def _pushing(outputs: Any, own: Any) -> Function:
    """The function from tangents of the leaves `own`, with whether to keep the graph, to those of
    the outputs.

    The gradient of v ↦ vᵀJ along the tangents is J times them, so two backward passes do it.
    """
    flat, inputs = leaves(outputs), leaves(own)
    live = [o for o in flat if o.is_floating_point() or o.is_complex()]
    with engine.enable_grad(), pushing():
        probes = [leaf(engine.ones_like(o)) for o in live]
        pulled = gradients(live, inputs, probes)

    def push(tangents: Any, keep: bool) -> list[Any]:
        given = [t.to(i.dtype) for t, i in zip(leaves(tangents), inputs, strict=True)]
        with engine.enable_grad(), pushing():
            moved = iter(gradients(pulled, probes, given, keep))
        return [next(moved) if any(o is p for p in live) else engine.zeros_like(o) for o in flat]

    spend(probes)
    return push


def jvp(
    func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...], *, strict: bool = False,
    has_aux: bool = False,
) -> Any:  # fmt: skip
    """Return func(*primals) and the directional derivative along the tangents."""
    _check_tangents(primals, tangents)
    warn_about_scripting()
    keep = outer(primals) or outer(tangents)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        with differentiating(leaves(own)):
            result = func(*own)
        outputs, aux = taken_apart(result, has_aux, "jvp(f, primals, tangents)")
    if strict and not all(o.requires_grad for o in leaves(outputs)):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    keep = keep or reaches_others(outputs, own)
    moved = _pushing(outputs, own)(tangents, keep)
    spend(own)
    value, tangent = finish(outputs, keep), finish(rebuild(outputs, moved), keep)
    return (value, tangent, finish(aux, keep)) if has_aux else (value, tangent)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return func(*primals) and the function from tangents to directional derivatives."""
    warn_about_scripting()
    keep = outer(primals)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        with differentiating(leaves(own)):
            outputs = func(*own)
    keep = keep or reaches_others(outputs, own)
    push = _pushing(outputs, own)
    spend(own)

    def jvp_fn(*tangents: Any) -> Any:
        if form(tangents) != form(primals):
            raise RuntimeError(
                f"Expected the tangents {form(tangents)} to have the same argspec as the primals "
                f"{form(primals)}"
            )
        for i, (t, p) in enumerate(zip(leaves(tangents), leaves(own), strict=True)):
            for what in ("shape", "dtype"):
                given, wanted = getattr(t, what), getattr(p, what)
                if given != wanted:
                    raise RuntimeError(
                        f"tangent:{i} with {what} {given} in flattened pytree doesn't match the {what} "
                        f"{wanted} of the corresponding primal."
                    )
        kept = keep or outer(tangents)
        return finish(rebuild(outputs, push(tangents, kept)), kept)

    return finish(outputs, keep), jvp_fn


sign(globals(), "torch.func")
