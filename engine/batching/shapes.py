"""Batching rules of views and of what joins tensors or repeats them."""

from __future__ import annotations

import math
from typing import Any

from engine.ops.api import FUNCTIONS
from engine.ops.table import OPS, Op

from .dispatch import Part, stacked
from .rules import rule, shifted


def _known(size: Any, given: Any) -> tuple[int, ...]:
    """A shape whose -1 is worked out from the shape of an example."""
    wanted = tuple(int(n) for n in size)
    if -1 not in wanted:
        return wanted
    rest = math.prod(n for n in wanted if n != -1)
    n = math.prod(given) // rest if rest else 0
    return tuple(n if w == -1 else w for w in wanted)


@rule("view", "_reshape_alias", "_unsafe_view")
def _view(op: Op, values: list[Any], size: int) -> Any:
    x, wanted = values
    shape = (size, *_known(wanted, x.size))
    return op.way(x.value if op.name == "view" else x.value.contiguous(), shape)


@rule("t")
def _t(op: Op, values: list[Any], size: int) -> Any:
    x = values[0]
    if not x.rank:
        return OPS["alias"].way(x.value)
    return x.value.transpose(1, x.rank)


@rule("permute")
def _permute(op: Op, values: list[Any], size: int) -> Any:
    x, dims = values
    return op.way(x.value, (0, *shifted(tuple(dims), x.rank)))


@rule("transpose")
def _transpose(op: Op, values: list[Any], size: int) -> Any:
    x, a, b = values
    if not x.rank:
        return OPS["alias"].way(x.value)
    return op.way(x.value, shifted(a, x.rank), shifted(b, x.rank))


@rule("expand")
def _expand(op: Op, values: list[Any], size: int) -> Any:
    x, wanted = values[:2]
    extra = len(wanted) - x.rank
    value = x.value.reshape(size, *(1,) * extra, *x.size) if extra else x.value
    return op.way(value, (size, *wanted), *values[2:])


@rule("squeeze")
def _squeeze(op: Op, values: list[Any], size: int) -> Any:
    x, *rest = values
    if rest:
        dims = rest[0] if isinstance(rest[0], (tuple, list)) else (rest[0],)
        if not x.rank:
            return OPS["alias"].way(x.value)
    else:
        dims = tuple(range(x.rank))
    dims = tuple(d % x.rank for d in dims)
    if rest:
        return OPS["squeeze_dims"].way(x.value, tuple(d + 1 for d in dims))
    shape = [n for d, n in enumerate(x.size) if d not in dims or n != 1]
    return (
        OPS["view"].way(x.value, (size, *shape)) if x.value.is_contiguous() else _squeezed(x, dims)
    )


def _squeezed(x: Any, dims: tuple[int, ...]) -> Any:
    value = x.value
    for d in sorted(dims, reverse=True):
        value = value.squeeze(d + 1)
    return value


@rule("alias", "detach", "clone", "resolve_conj")
def _same(op: Op, values: list[Any], size: int) -> Any:
    return op.way(values[0].value, *values[1:])


@rule("cat")
def _cat(op: Op, values: list[Any], size: int) -> Any:
    given, dim = values
    rank = max(p.rank for p in given)
    kept = [p for p in given if p.rank == rank or tuple(p.size) != (0,)]
    return FUNCTIONS["cat"]([p.full(size) for p in kept], shifted(dim, rank))


@rule("stack")
def _stack(op: Op, values: list[Any], size: int) -> Any:
    given, dim = values
    return FUNCTIONS["stack"]([p.full(size) for p in given], shifted(dim, given[0].rank + 1))


@rule("repeat")
def _repeat(op: Op, values: list[Any], size: int) -> Any:
    x, repeats = values
    extra = len(repeats) - x.rank
    return op.way(x.value.reshape(size, *(1,) * extra, *x.size), (1, *repeats))


@rule("roll")
def _roll(op: Op, values: list[Any], size: int) -> Any:
    x, by, dims = values
    if dims is None or dims == [] or dims == ():
        by = by if isinstance(by, int) else by[0]
        return x.value.reshape(size, -1).roll(by, 1).reshape(x.value._s)
    return op.way(x.value, by, shifted(dims, x.rank))


@rule("as_strided", "as_strided_scatter")
def _strided(op: Op, values: list[Any], size: int) -> Any:
    found = []
    for i in range(size):  # by the memory of each example, which is its own
        one = [v.one(i).clone() if type(v) is Part else v for v in values]
        found.append(op.way(*one))
    return stacked(found)


@rule("diagonal", "diagonal_copy")
def _diagonal(op: Op, values: list[Any], size: int) -> Any:
    x, offset, a, b = values
    return op.way(x.value, offset, shifted(a, x.rank), shifted(b, x.rank))
