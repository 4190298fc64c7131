"""vmap: a function of one example applied to all examples of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import engine
from engine.tensor import Tensor

from .trees import leaves, rebuild


def _spread(dims: Any, tree: Any) -> list[Any]:
    """Return one batch dimension per leaf of `tree`; `dims` may be shorter where it is uniform."""
    if dims is None or isinstance(dims, int):
        return [dims] * len(leaves(tree))
    parts = tree.values() if isinstance(tree, dict) else tree
    given = [dims[key] for key in tree] if isinstance(tree, dict) else list(dims)
    if len(given) != len(list(parts)):
        raise ValueError(
            "vmap: in_dims is not compatible with the structure of inputs: "
            f"{dims} for {len(list(parts))} inputs"
        )
    return [d for dim, part in zip(given, parts, strict=True) for d in _spread(dim, part)]


def _batch_size(flat: list[Any], dims: list[Any], who: str) -> int:
    sizes = set()
    for value, dim in zip(flat, dims, strict=True):
        if dim is None:
            continue
        if not isinstance(value, Tensor):
            raise ValueError(  # noqa: TRY004 (as PyTorch)
                f"{who}: Got in_dim={dim} for an input but the input is of type {type(value)}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -value.dim() <= dim < value.dim():
            raise ValueError(
                f"{who}: Got in_dim={dim} for some input, but that input is a Tensor of "
                f"dimensionality {value.dim()} so expected in_dim to satisfy -{value.dim()} <= "
                f"in_dim < {value.dim()}."
            )
        sizes.add(value.shape[dim])
    if not sizes:
        raise ValueError("vmap: at least one input must have a batch dimension (in_dims)")
    if len(sizes) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sorted(sizes)} for the mapped dimension"
        )
    return int(sizes.pop())


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
    *, chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that maps `func` over a dimension of its inputs.

    It runs example by example, so that each example's operations stand in the graph.
    """

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        name = getattr(func, "__name__", repr(func))
        if not args:
            raise ValueError(
                f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
                "trying to vmap over a function with no inputs. The latter is unsupported."
            )
        flat = leaves(args)
        dims = _spread(in_dims, args)
        size = _batch_size(flat, dims, f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)")
        results = []
        for i in range(size):
            one = [v if d is None else v.select(d, i) for v, d in zip(flat, dims, strict=True)]
            results.append(func(*rebuild(args, one), **kwargs))
        return _stacked(results, out_dims, name)

    return mapped


def _stacked(results: list[Any], out_dims: Any, name: str) -> Any:
    flats = [leaves(result) for result in results]
    dims = _spread(out_dims, results[0]) if not isinstance(results[0], Tensor) else [out_dims]
    if isinstance(results[0], Tensor) and isinstance(out_dims, tuple):
        dims = list(out_dims)
    columns = []
    for column, dim in zip(zip(*flats, strict=True), dims, strict=True):
        if not isinstance(column[0], Tensor):
            raise ValueError(  # noqa: TRY004 (as PyTorch)
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(column[0])}. "
                "Did you mean to set out_dims= to None for output?"
            )
        columns.append(column[0] if dim is None else engine.stack(list(column), dim))
    return rebuild(results[0], columns)
