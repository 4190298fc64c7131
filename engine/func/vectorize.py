"""vmap: a function of one example applied to all examples of a batch, once for all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import engine
from engine.batching import calls
from engine.batching.levels import batched, level_of
from engine.random import default_generator
from engine.tensor import Tensor

from .trees import form, leaves, rebuild, spread

Function = Callable[..., Any]


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return repr(func)


def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
    *, chunk_size: int | None = None,
) -> Function:  # fmt: skip
    """Return a function that maps `func` over a dimension of its inputs.

    Inside, tensors show the shape of one example and each operation computes all of them (see
    `engine.batching`); chunk_size: the most examples at a time.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        _check_out_dims(out_dims, func)
        flat = leaves(args)
        dims = _in_dims(in_dims, args, flat, func)
        size = _batch_size(flat, dims)
        if chunk_size is None or chunk_size >= size:
            return _mapped(func, args, kwargs, flat, dims, size, out_dims, randomness)
        return _in_chunks(func, args, kwargs, flat, dims, chunk_size, out_dims, randomness)

    return mapped


# --- the dimensions ------------------------------------------------------------------------------
def _check_out_dims(out_dims: Any, func: Function) -> None:
    if not all(d is None or isinstance(d, int) for d in leaves(out_dims)):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python "
            "collection of ints representing where in the outputs the vmapped dimension should appear."
        )


def _in_dims(in_dims: Any, args: tuple[Any, ...], flat: list[Any], func: Function) -> list[Any]:
    """The dimension to map over for each leaf of the inputs, or None, counted from the front."""
    who = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"{who}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure "
            f"of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    dims = spread(in_dims, args)
    if dims is None:
        raise ValueError(
            f"{who}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{form(in_dims)} but inputs has structure {form(args)}."
        )
    return [_in_dim(value, dim, who) for value, dim in zip(flat, dims, strict=True)]


def _in_dim(value: Any, dim: Any, who: str) -> Any:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"{who}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(value, Tensor):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"{who}: Got in_dim={dim} for an input but the input is of type {type(value)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    n = value.dim()
    if not -n <= dim < n:
        raise ValueError(
            f"{who}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {n} "
            f"so expected in_dim to satisfy -{n} <= in_dim < {n}."
        )
    return dim % n


def _batch_size(flat: list[Any], dims: list[Any]) -> int:
    sizes = [v.shape[d] for v, d in zip(flat, dims, strict=True) if d is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(n != sizes[0] for n in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return int(sizes[0])


def _out_dims(out_dims: Any, outputs: Any, func: Function) -> list[Any]:
    """The place of the mapped dimension for each leaf of the outputs, or None."""
    if isinstance(outputs, Tensor):
        single = isinstance(out_dims, tuple) and len(out_dims) == 1
        dims = list(out_dims) if single else None
        if out_dims is None or isinstance(out_dims, int):
            dims = [out_dims]
    else:
        dims = spread(out_dims, outputs)
    if dims is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the "
            f"structure of `outputs`. out_dims has structure {form(out_dims)} but outputs has structure "
            f"{form(outputs)}."
        )
    return dims


# --- in and out ----------------------------------------------------------------------------------
def _mapped(
    func: Function, args: Any, kwargs: dict[str, Any], flat: list[Any], dims: list[Any], size: int,
    out_dims: Any, randomness: str,
) -> Any:  # fmt: skip
    with calls.mapping(size, randomness) as level:
        inside = [_enter(v, d, level) for v, d in zip(flat, dims, strict=True)]
        outputs = func(*rebuild(args, inside), **kwargs)
        places = _out_dims(out_dims, outputs, func)
    name = _name(func)
    values = [_leave(v, d, level, size, name) for v, d in zip(leaves(outputs), places, strict=True)]
    return rebuild(outputs, values)


def _enter(value: Any, dim: Any, level: int) -> Any:
    """An input as the mapped function sees it."""
    if dim is None:
        return value
    if not dim:
        return batched(value, level)
    return batched(value.movedim(dim, 0), level, given=(value, dim))


def _leave(value: Any, dim: Any, level: int, size: int, name: str) -> Any:
    """An output with the mapped dimension at its place."""
    own = level_of(value) == level
    if dim is None:
        if own:
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
            )
        return value
    if not isinstance(value, Tensor):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(value)}. "
            "Did you mean to set out_dims= to None for output?"
        )
    if own and value._a.mapped:
        found = value._a.value
        return found if not dim else found.movedim(0, dim)
    plain = value._a.value if own else value
    shape = list(plain.shape)
    shape.insert(dim if dim >= 0 else dim + len(shape) + 1, size)
    return plain.expand(shape)


def _in_chunks(
    func: Function, args: Any, kwargs: dict[str, Any], flat: list[Any], dims: list[Any],
    chunk_size: int, out_dims: Any, randomness: str,
) -> Any:  # fmt: skip
    """The examples a chunk at a time; the results of all chunks one after the other."""
    size = _batch_size(flat, dims)
    start = default_generator.clone_state() if randomness == "same" else None
    found = []
    for first in range(0, size, chunk_size):
        if start is not None:
            default_generator.restore(start)
        n = min(chunk_size, size - first)
        part = [v if d is None else v.narrow(d, first, n) for v, d in zip(flat, dims, strict=True)]
        found.append(_mapped(func, args, kwargs, part, dims, n, out_dims, randomness))
    places = _out_dims(out_dims, found[0], func)
    columns = zip(*map(leaves, found), strict=True)
    return rebuild(
        found[0],
        [
            c[0] if d is None else engine.cat(list(c), d)
            for c, d in zip(columns, places, strict=True)
        ],
    )
