"""Jacobians and Hessians: all first derivatives of all outputs, or all second ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import engine
from engine.autograd.forward_ad import pushing, warn_about_scripting
from engine.batching.levels import differentiating, leaf
from engine.later import sign as _sign
from engine.tensor import Tensor

from .differentiate import (
    check_floating,
    differentiably,
    finish,
    gradients,
    outer,
    pick,
    reaches_others,
    spend,
    taken_apart,
)
from .trees import leaves, map_leaves, rebuild
from .vectorize import vmap

Function = Callable[..., Any]


def jacrev(
    func: Function, argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """Return a function that computes the Jacobian row by row."""
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _transform(func, argnums, has_aux, chunk_size)


def jacfwd(
    func: Function, argnums: Any = 0, has_aux: bool = False, *, chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:  # fmt: skip
    """Return a function that computes the Jacobian column by column."""
    return _transform(func, argnums, has_aux, chunk_size, forward=True)


def hessian(func: Function, argnums: Any = 0) -> Function:
    """Return a function that computes the matrix of second derivatives."""
    return jacfwd(jacrev(func, argnums), argnums)


def _transform(
    func: Function, argnums: Any, has_aux: bool, chunk_size: int | None, forward: bool = False,
) -> Function:  # fmt: skip
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if forward:
            warn_about_scripting()
            check_floating(pick(args, argnums))
        keep = outer(args)
        with engine.enable_grad():
            who = "jvp(f, primals, tangents)" if forward else "vjp(f, *primals)"
            with differentiating([]) if forward else nullcontext():  # which maps over tangents
                own, result = differentiably(func, args, argnums, kwargs)
            outputs, aux = taken_apart(result, has_aux, who)
            keep = keep or reaches_others(outputs, own)
            flat, inputs = leaves(outputs), leaves(own)
            blocks = _blocks(flat, inputs, keep, not forward, chunk_size)
        spend(own)
        found = rebuild(outputs, [rebuild(own, parts) for parts in blocks])
        found = map_leaves(lambda t: t if keep else t.detach(), found)
        return (found, finish(aux, keep)) if has_aux else found

    return wrapper


def _blocks(
    outputs: list[Tensor], inputs: list[Tensor], keep: bool, by_rows: bool, chunk_size: int | None
) -> list[list[Tensor]]:
    """Return the Jacobian of each output by each input, shape output + input."""
    if not by_rows:
        try:
            return _by_columns(outputs, inputs, keep, chunk_size)
        except RuntimeError:  # something can be differentiated only once
            pass
    return [_by_rows(output, inputs, keep, chunk_size) for output in outputs]


def _along_basis(
    output: Tensor, inputs: list[Tensor], keep: bool, chunk_size: int | None
) -> list[Any]:
    """Return the gradients (n, *input) of the n elements of an output, in one pass or one per chunk."""
    n = output.numel()
    if not n:
        return [engine.zeros(0, *i.shape, dtype=i.dtype) for i in inputs]
    basis = engine.eye(n, dtype=output.dtype).view(n, *output.shape)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        return tuple(gradients([output], inputs, [cotangent], keep))

    return list(vmap(pull, chunk_size=chunk_size)(basis))


def _by_rows(
    output: Tensor, inputs: list[Tensor], keep: bool, chunk_size: int | None
) -> list[Tensor]:
    """Backward passes from all elements of the output."""
    rows = _along_basis(output, inputs, keep, chunk_size)
    return [r.reshape((*output.shape, *i.shape)) for r, i in zip(rows, inputs, strict=True)]


def _by_columns(
    outputs: list[Tensor], inputs: list[Tensor], keep: bool, chunk_size: int | None
) -> list[list[Tensor]]:
    """Backward passes from all elements of the inputs, through the backward pass itself.

    The gradient of v ↦ vᵀJ along a direction is J times the direction.
    """
    probes = [leaf(engine.ones_like(o)) for o in outputs]
    with pushing():
        pulled = gradients(outputs, inputs, probes)
    blocks: list[list[Tensor]] = [[] for _ in outputs]
    for vector, input in zip(pulled, inputs, strict=True):
        columns = _along_basis(vector, probes, keep, chunk_size)
        for block, column, output in zip(blocks, columns, outputs, strict=True):
            turned = column.reshape(input.numel(), -1).t() if output.numel() else column
            block.append(turned.reshape((*output.shape, *input.shape)))
    spend(probes)
    return blocks


_sign(globals(), "torch.func")
