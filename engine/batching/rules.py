"""Which rule a row has: those that follow from what its signature says, and where the others are.

A rule is a function (see `dispatch.Rule`). Rows whose rule does not follow from family, kind and
parameters are named by the rooms `products`, `places`, `layers`; the rest run example by example.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from engine.dtype import promote_types
from engine.ops.running import PROMOTE, PROMOTE_FLOAT
from engine.ops.table import Op

from .dispatch import Part, Rule, below, each, parts
from .levels import NoData

#: Rules by name of the row; the rooms of rules add theirs.
RULES: dict[str, Rule] = {}

#: Parameters that count dimensions.
_DIMS = frozenset(("dim", "dims", "dim0", "dim1", "dim2", "dimension", "d"))
#: Parameters that give a whole shape.
_SHAPES = frozenset(("sizes",))
_ALIGNED = frozenset(("pointwise", "activation", "inplace"))
#: Rows whose result has a dimension more, so that negative ones count from one further.
_GROWING = frozenset(("unsqueeze", "stack"))
#: Rows with a parameter `dim` for which the batch is not just one dimension more.
_APART = frozenset(("renorm", "_weight_norm_interface"))
#: What operations raise whose results are not of one shape for all examples.
DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over "
    "aten::{}. Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
)


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declare the rule of the rows of these names."""

    def declare(fn: Rule) -> Rule:
        for name in names:
            RULES[name] = fn
        return fn

    return declare


@rule("_unique2", "unique_dim", "unique_consecutive")
def dynamic(op: Op, values: list[Any], size: int) -> Any:
    """Rows whose results are not of one shape for all examples."""
    raise RuntimeError(DYNAMIC.format(op.name))


@rule("masked_select")
def _masked_select(op: Op, values: list[Any], size: int) -> Any:
    if not values[1].mapped:
        return each(op, values, size)
    raise NoData(
        "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot support this "
        "because for each batch this would return a differently shaped Tensor. Please file an issue at "
        "https://github.com/pytorch/pytorch/issues if you need this feature."
    )


@cache
def find(op: Op) -> Rule:
    """The rule of a row."""
    from . import layers, places, products, shapes  # noqa: F401  # they declare theirs

    if op.name in RULES:
        return RULES[op.name]
    if op.name in _APART or op.listed or op.family == "random":
        return each
    if _DIMS & set(op.params):
        return along
    if op.family == "reduction" and op.params == ("self",):
        return whole
    if op.family in _ALIGNED or (op.broadcasts and op.family != "reduction"):
        return aligned
    return each


# --- element by element --------------------------------------------------------------------------
def aligned(op: Op, values: list[Any], size: int) -> Any:
    """Rows that broadcast: dimensions of examples line up from behind, the batch stays in front."""
    given = parts(values)
    rank = max(p.rank for p in given)
    if op.kind in (PROMOTE, PROMOTE_FLOAT) and len({p.value._d for p in given}) > 1:
        given_values, rank = _as_promoted(values, given), max(rank, 1)
        r = op.way(*[below(v, lambda p: spread(p, rank)) for v in given_values])
        return r if all(p.rank for p in given) or any(p.rank for p in given) else r.squeeze(-1)
    if op.broadcasts or len(given) == 1:
        return op.way(*[below(v, lambda p: spread(p, rank)) for v in values])
    return op.way(*[below(v, lambda p: spread(Part(p.full(size), True), rank)) for v in values])


def spread(p: Part, rank: int) -> Any:
    """The value of a part with ones behind the batch, so that examples have `rank` dimensions."""
    if not p.mapped or p.rank == rank:
        return p.value
    return p.value.reshape(p.value._s[0], *(1,) * (rank - p.rank), *p.value._s[1:])


def _as_promoted(values: list[Any], given: list[Part]) -> list[Any]:
    """Arguments of different types: examples without dimensions count less than those with some,
    also where the batch gives them one."""
    dims = None
    for p in given:
        if p.rank:
            dims = p.value._d if dims is None else promote_types(dims, p.value._d)

    def converted(p: Part) -> Part:
        if p.rank or (not p.mapped and dims is not None):
            return p
        if dims is None:  # none has dimensions: all of them get one
            return Part(p.value.unsqueeze(-1), p.mapped)
        low = p.value._d
        fits = low.category <= dims.category
        return Part(p.value.to(dims), True) if fits and low is not dims else p

    return [below(v, converted) for v in values]


# --- along dimensions ----------------------------------------------------------------------------
def shifted(dim: Any, rank: int) -> Any:
    """Dimensions of an example as dimensions of the batch."""
    if isinstance(dim, (list, tuple)):
        return type(dim)(shifted(d, rank) for d in dim)
    return int(dim) % max(rank, 1) + 1


def whole(op: Op, values: list[Any], size: int) -> Any:
    """Reductions of all elements: of all dimensions but the batch's."""
    x = values[0].value
    flat = x.reshape(size, 1) if len(x._s) == 1 else x
    if op.name in ("sum", "mean"):
        return getattr(flat, op.name)(list(range(1, len(flat._s))))
    flat = flat.flatten(1)
    if op.name in ("max", "min"):
        return flat.amax(1) if op.name == "max" else flat.amin(1)
    if op.name == "trace":
        return x.diagonal(0, 1, 2).sum(-1)
    r = getattr(flat, op.name)(1)
    return r if not isinstance(r, tuple) else r[0]


def along(op: Op, values: list[Any], size: int) -> Any:
    """Rows that take dimensions by number: one further back."""
    given = parts(values)
    rank = max(p.rank for p in given)
    if len(given) > 1 and any(p.rank != rank for p in given):
        return each(op, values, size)
    flat = not rank
    if op.family == "reduction" and (
        values[op.index["dim"]] is None or values[op.index["dim"]] == []
    ):
        return _along_all(op, values, size, rank)
    if "sizes" in op.index:
        rank = len(values[op.index["sizes"]])
        flat = not rank
    grown = rank + (op.name in _GROWING)
    r = op.way(*[_moved(op, i, v, size, grown, flat) for i, v in enumerate(values)])
    return _unflattened(r) if flat and op.name not in _GROWING else r


def _moved(op: Op, i: int, v: Any, size: int, rank: int, flat: bool) -> Any:
    if type(v) is Part:
        x = v.full(size)
        return x.unsqueeze(-1) if flat and op.name not in _GROWING else x
    name = op.params[i]
    if name in _DIMS and v is not None:
        return shifted(v, rank)
    if name in _SHAPES:
        return (size, *(v if len(v) or not flat else (1,)))
    return v


def _unflattened(r: Any) -> Any:
    if isinstance(r, tuple):
        return tuple(map(_unflattened, r))
    return r.squeeze(-1) if len(r._s) == 2 else r


def _along_all(op: Op, values: list[Any], size: int, rank: int) -> Any:
    """A reduction of all dimensions by a row that takes them."""
    x = values[0].value
    moved = list(values)
    moved[0] = x.flatten(1) if rank else x.unsqueeze(-1)
    moved[op.index["dim"]] = 1
    keep = "keepdim" in op.index and values[op.index["keepdim"]]
    if "keepdim" in op.index:
        moved[op.index["keepdim"]] = False
    r = op.way(*moved)
    if not keep:
        return r
    shape = (size, *(1,) * rank)
    return tuple(v.reshape(shape) for v in r) if isinstance(r, tuple) else r.reshape(shape)
