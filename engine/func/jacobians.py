"""Jacobians and Hessians: all first derivatives of all outputs, or all second ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.autograd.forward_ad import warn_about_scripting
from engine.tensor import Tensor

from .differentiate import differentiably, finish, gradients, outer, reaches_others, spend
from .trees import leaves, map_leaves, rebuild

Function = Callable[..., Any]


def jacrev(
    func: Function, argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """Return a function that computes the Jacobian, row by row if there are not far too many."""
    return _transform(func, argnums, has_aux, lambda rows, columns: rows <= 2 * columns)


def jacfwd(
    func: Function, argnums: Any = 0, has_aux: bool = False, *, chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:  # fmt: skip
    """Return a function that computes the Jacobian, column by column if there are not more of them."""
    return _transform(func, argnums, has_aux, lambda rows, columns: rows < columns, forward=True)


def hessian(func: Function, argnums: Any = 0) -> Function:
    """Return a function that computes the matrix of second derivatives."""
    return jacfwd(jacrev(func, argnums), argnums)


def _transform(
    func: Function, argnums: Any, has_aux: bool, by_rows: Callable[[int, int], bool],
    forward: bool = False,
) -> Function:  # fmt: skip
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if forward:
            warn_about_scripting()
        keep = outer(args)
        with engine.enable_grad():
            own, outputs, aux = differentiably(func, args, argnums, kwargs, has_aux)
            keep = keep or reaches_others(outputs, own)
            flat, inputs = leaves(outputs), leaves(own)
            rows, columns = (sum(t.numel() for t in ts) for ts in (flat, inputs))
            blocks = _blocks(flat, inputs, keep, by_rows(rows, columns))
        spend(own)
        found = rebuild(outputs, [rebuild(own, parts) for parts in blocks])
        found = map_leaves(lambda t: t if keep else t.detach(), found)
        return (found, finish(aux, keep)) if has_aux else found

    return wrapper


def _blocks(
    outputs: list[Tensor], inputs: list[Tensor], keep: bool, by_rows: bool
) -> list[list[Tensor]]:
    """Return the Jacobian of each output by each input, shape output + input."""
    if not by_rows:
        try:
            return _by_columns(outputs, inputs, keep)
        except RuntimeError:  # something can be differentiated only once
            pass
    return [_by_rows(output, inputs, keep) for output in outputs]


def _by_rows(output: Tensor, inputs: list[Tensor], keep: bool) -> list[Tensor]:
    """One backward pass per element of the output."""
    n = output.numel()
    if not n:
        return [engine.zeros(*output.shape, *i.shape, dtype=output.dtype) for i in inputs]
    basis = engine.eye(n, dtype=output.dtype)
    rows = [gradients([output], inputs, [basis[k].view(output.shape)], keep) for k in range(n)]
    return [
        engine.stack(list(parts)).view(*output.shape, *input.shape)
        for parts, input in zip(zip(*rows, strict=True), inputs, strict=True)
    ]


def _by_columns(outputs: list[Tensor], inputs: list[Tensor], keep: bool) -> list[list[Tensor]]:
    """One backward pass per element of the inputs, through the backward pass itself.

    The gradient of v ↦ vᵀJ along a direction is J times the direction.
    """
    probes = [engine.zeros_like(o).requires_grad_() for o in outputs]
    pulled = gradients(outputs, inputs, probes)
    blocks: list[list[Tensor]] = [[] for _ in outputs]
    for vector, input in zip(pulled, inputs, strict=True):
        n = input.numel()
        basis = engine.eye(n, dtype=input.dtype)
        columns = [
            gradients([vector], probes, [basis[k].view(input.shape)], keep) for k in range(n)
        ]
        for number, output in enumerate(outputs):
            parts = [column[number] for column in columns]
            block = engine.stack(parts, -1) if parts else engine.zeros(*output.shape, 0)
            blocks[number].append(block.view(*output.shape, *input.shape))
    spend(probes)
    return blocks
