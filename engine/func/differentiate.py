"""Functions to functions: grad, vjp, jvp, Jacobians and Hessians, nested as one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.autograd import passes
from engine.autograd.forward_ad import warn_about_scripting
from engine.tensor import Tensor

from .trees import leaves, map_leaves, rebuild

Function = Callable[..., Any]


def _own(tensor: Any) -> Any:
    """Return an input to differentiate by: a new leaf, or a step behind an outer transform's."""
    if not isinstance(tensor, Tensor):
        return tensor
    if tensor.requires_grad and engine.is_grad_enabled():
        return tensor.view_as(tensor)
    return tensor.detach().requires_grad_()


def _outer(tree: Any) -> bool:
    """Tell whether somebody outside differentiates as well."""
    return any(isinstance(t, Tensor) and t.requires_grad for t in leaves(tree))


def _finish(tree: Any, keep: bool) -> Any:
    """Return results attached to the graph only if an outer transform needs that."""
    return tree if keep else map_leaves(lambda t: t.detach() if isinstance(t, Tensor) else t, tree)


def _gradients(outputs: list[Any], inputs: list[Any], cotangents: list[Any]) -> list[Any]:
    live = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
    if not live:
        return [engine.zeros_like(i) for i in inputs]
    found = passes.grad(
        [o for o, _ in live], inputs, [c for _, c in live], create_graph=True, allow_unused=True
    )
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


def _differentiably(
    func: Function, args: tuple[Any, ...], argnums: Any, kwargs: dict[str, Any], has_aux: bool
) -> tuple[Any, Any, Any]:
    """Call `func` on inputs to differentiate by; return those, what came out, and the extras."""
    own = map_leaves(_own, _pick(args, argnums))
    result = func(*_replace(args, argnums, own), **kwargs)
    return (own, *result) if has_aux else (own, result, None)


def grad_and_value(func: Function, argnums: Any = 0, has_aux: bool = False) -> Function:
    """Return a function that computes gradient and value of a scalar function."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        keep = _outer(args)
        with engine.enable_grad():
            own, value, aux = _differentiably(func, args, argnums, kwargs, has_aux)
            _check_scalar(value)
            found = rebuild(own, _gradients([value], leaves(own), [engine.ones_like(value)]))
        found, value = _finish(found, keep), _finish(value, keep)
        return (found, (value, _finish(aux, keep))) if has_aux else (found, value)

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
    keep = _outer(primals)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        result = func(*own)
        outputs, aux = result if has_aux else (result, None)

    def pull(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        with engine.enable_grad():
            found = _gradients(leaves(outputs), leaves(own), leaves(given))
        return _finish(rebuild(own, found), keep or _outer(given))

    value = _finish(outputs, keep)
    return (value, pull, _finish(aux, keep)) if has_aux else (value, pull)


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
    keep = _outer(primals) or _outer(tangents)
    with engine.enable_grad():
        own = map_leaves(_own, primals)
        result = func(*own)
        outputs, aux = result if has_aux else (result, None)
        flat = leaves(outputs)
        probes = [engine.zeros_like(o).requires_grad_() for o in flat]
        pulled = _gradients(flat, leaves(own), probes)
        moved = _gradients(pulled, probes, leaves(tangents))
    value, tangent = _finish(outputs, keep), _finish(rebuild(outputs, moved), keep)
    return (value, tangent, _finish(aux, keep)) if has_aux else (value, tangent)


def jacrev(
    func: Function, argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """Return a function that computes the Jacobian, row by row."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        keep = _outer(args)
        with engine.enable_grad():
            own, outputs, aux = _differentiably(func, args, argnums, kwargs, has_aux)
            rows = map_leaves(lambda o: rebuild(own, _jacobian(o, leaves(own))), outputs)
        rows = _finish(rows, keep)
        return (rows, _finish(aux, keep)) if has_aux else rows

    return wrapper


def _jacobian(output: Tensor, inputs: list[Any]) -> list[Any]:
    """Return the Jacobian of one tensor by each input, shape output + input."""
    n = output.numel()
    if n == 0:
        return [engine.zeros(*output.shape, *i.shape, dtype=output.dtype) for i in inputs]
    basis = engine.eye(n, dtype=output.dtype)
    rows = [_gradients([output], inputs, [basis[k].view(output.shape)]) for k in range(n)]
    return [
        engine.stack([row[j] for row in rows]).view(*output.shape, *inputs[j].shape)
        for j in range(len(inputs))
    ]


def jacfwd(
    func: Function, argnums: Any = 0, has_aux: bool = False, *, chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:  # fmt: skip
    """Return a function that computes the Jacobian, column by column."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        chosen = _pick(args, argnums)
        single = isinstance(argnums, int)
        primals = (chosen,) if single else chosen

        def inner(*values: Any) -> Any:
            return func(*_replace(args, argnums, values[0] if single else values), **kwargs)

        aux = None
        columns: list[list[Any]] = []
        outputs: Any = None
        for number, primal in enumerate(primals):
            n = primal.numel()
            basis = engine.eye(n, dtype=primal.dtype)
            moved = []
            for k in range(n):
                tangents = tuple(
                    basis[k].view(p.shape) if i == number else engine.zeros_like(p)
                    for i, p in enumerate(primals)
                )
                result = jvp(inner, tuple(primals), tangents, has_aux=has_aux)
                outputs, aux = result[0], result[2] if has_aux else None
                moved.append(leaves(result[1]))
            columns.append([
                engine.stack(list(column), -1).view(*column[0].shape, *primal.shape)
                for column in zip(*moved, strict=True)
            ])  # fmt: skip
        if single:
            found = rebuild(outputs, columns[0])
        else:
            found = rebuild(outputs, [tuple(parts) for parts in zip(*columns, strict=True)])
        return (found, aux) if has_aux else found

    return wrapper


def hessian(func: Function, argnums: Any = 0) -> Function:
    """Return a function that computes the matrix of second derivatives."""
    return jacfwd(jacrev(func, argnums), argnums)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return func(*primals) and the function from tangents to directional derivatives."""
    value = func(*primals)
    return value, lambda *tangents: jvp(func, primals, tangents)[1]
