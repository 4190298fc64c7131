"""vmap: a function of one example applied to all examples of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import engine
from engine.ops.matmul import rows_of_a_batch
from engine.ops.pointwise import part_of_a_batch
from engine.random import default_generator
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


_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
    "'different' randomness flags on vmap or perform the randomness operation out of vmap"
)


def _one_by_one(size: int, randomness: str) -> Iterator[int]:
    """The numbers of the examples; draws of the default generator are refused ("error"), begin
    anew for each example ("same") or go on ("different")."""
    start = default_generator.clone_state() if randomness == "same" else None
    place = default_generator.position() if randomness == "error" else None
    for i in range(size):
        if start is not None and i:
            default_generator.restore(start)
        yield i
        if randomness == "error" and default_generator.position() != place:
            raise RuntimeError(_RANDOM)


def vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
    *, chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that maps `func` over a dimension of its inputs.

    It runs example by example, so that each example's operations stand in the graph.
    """

    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )

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
        with rows_of_a_batch(), part_of_a_batch(size):
            for i in _one_by_one(size, randomness):
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
