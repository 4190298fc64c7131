"""Indexing with batched tensors: each example takes, or puts, at places of its own."""

from __future__ import annotations

import math
from typing import Any

from engine.dtype import bool_, int64, uint8
from engine.ops.api import FUNCTIONS
from engine.ops.subscripts import expand_ellipsis, normal, slice_bounds
from engine.ops.table import OPS
from engine.tensor import Tensor

_MASK = (
    "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch "
    "over indexing with a boolean mask."
)


def _split(t: Any, key: Any) -> tuple[Any, dict[int, Any]]:
    """The view by ints, slices and None, and the index tensors by dimension of it."""
    dim, found = 0, {}
    for item in expand_ellipsis(normal(key), len(t._s)):
        if isinstance(item, Tensor):
            if item._d in (bool_, uint8):
                raise RuntimeError(_MASK)
            found[dim] = item.to(int64)
            dim += 1
        elif item is None:
            t, dim = t.unsqueeze(dim), dim + 1
        elif isinstance(item, slice):
            start, stop, step = slice_bounds(item)
            a, b, _ = slice(start, stop, step).indices(t._s[dim])
            t, dim = OPS["slice"].way(t, dim, a, max(a, b), step), dim + 1
        elif isinstance(item, (list, tuple)):
            found[dim] = FUNCTIONS["tensor"](item)
            dim += 1
        else:
            t = t.select(dim, item)
    return t, found


def _flat(t: Any, found: dict[int, Any]) -> tuple[Any, Any, Any, list[int]]:
    """`t` with the indexed dimensions in front as one, the places in it, their shape, the order."""
    dims = list(found)
    order = dims + [d for d in range(len(t._s)) if d not in found]
    index = FUNCTIONS["broadcast_tensors"](*found.values())
    place: Any = 0
    for d, i in zip(dims, index, strict=True):
        n = t._s[d]
        place = place * n + FUNCTIONS["where"](i < 0, i + n, i)
    turned = t.permute(order)
    rest = turned._s[len(dims) :]
    flat = turned.reshape(math.prod(t._s[d] for d in dims), *rest)
    return flat, place, rest, order


def getitem(t: Any, key: Any) -> Any:
    """t[key] where the key has batched tensors."""
    view, found = _split(t, key)
    flat, place, rest, _ = _flat(view, found)
    picked = FUNCTIONS["index_select"](flat, 0, place.reshape(-1)).reshape((*place._s, *rest))
    dims = list(found)
    if dims[0] and dims == list(range(dims[0], dims[-1] + 1)):
        n = len(place._s)
        return picked.movedim(list(range(n)), list(range(dims[0], dims[0] + n)))
    return picked


def setitem(t: Any, key: Any, value: Any) -> None:
    """t[key] = value where the key has batched tensors."""
    view, found = _split(t, key)
    flat, place, rest, order = _flat(view, found)
    if not isinstance(value, Tensor):
        value = FUNCTIONS["full_like"](flat[:1].reshape(rest), value) if rest else value
    if not isinstance(value, Tensor):
        value = FUNCTIONS["tensor"](value, dtype=t._d)
    dims = list(found)
    n = len(place._s)
    if (
        dims[0]
        and dims == list(range(dims[0], dims[-1] + 1))
        and len(value._s) > len(rest) - dims[0]
    ):
        value = value.expand((*rest[: dims[0]], *place._s, *rest[dims[0] :]))
        value = value.movedim(list(range(dims[0], dims[0] + n)), list(range(n)))
    value = value.expand((*place._s, *rest)).reshape(-1, *rest)
    index = place.reshape(-1, *(1,) * len(rest)).expand(-1, *rest)
    filled = FUNCTIONS["scatter"](flat, 0, index, value.to(t._d))
    back = filled.reshape([view._s[d] for d in order])
    view.copy_(back.permute([order.index(d) for d in range(len(order))]))
