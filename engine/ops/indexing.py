"""Taking out and putting in elements: indexing with everything PyTorch accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import errors
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.batching.levels import elements
from engine.dtype import COMPLEX, uint8
from engine.ops import inplace
from engine.ops.adding import add_at
from engine.ops.api import FUNCTIONS, publish
from engine.ops.conversion import warn_discards
from engine.ops.copying import copy_, fill_
from engine.ops.shape import ALIAS
from engine.ops.slicing import SELECT, SLICE
from engine.ops.subscripts import as_index, check_bounds, normal, resolve
from engine.ops.table import GRAPH, define, run
from engine.tensor import Tensor, wrap

Raw = Any


# --- advanced: index arrays and masks ------------------------------------------------------------
def _index(a: Raw, indices: Any) -> Raw:
    r = np.asarray(a)[indices]
    return r if r.flags.c_contiguous else r.copy()


def _index_put(a: Raw, indices: Any, values: Raw, accumulate: bool = False) -> Raw:
    out = np.array(a)
    if accumulate:
        add_at(out, indices, values)
    else:
        out[indices] = values
    return out


INDEX = define(
    "index(self, indices)",
    _index,
    family="indexing",
    self=lambda F, g, self_sizes, indices: F.put_at(g, self_sizes, indices),
)
PUT_AT = define(
    "_put_at(self, sizes, indices)",
    lambda g, sizes, indices: _index_put(np.zeros(sizes, g.dtype), indices, g, True),
    family="indexing",
    key="put_at",
    node="IndexPutImplBackward0",
    self=lambda F, g, indices: F.index(g, indices),
)
GRAPH.put_at = lambda g, sizes, indices: run(PUT_AT, [g, sizes, indices])
GRAPH.index = lambda a, indices: run(INDEX, [a, indices])
INDEX_PUT = define(
    "index_put(self, indices, values, accumulate=False)",
    _index_put,
    family="indexing",
    self=lambda F, g, indices, accumulate: g if accumulate else F.clear_at(g, indices),
    values=lambda F, g, indices, values_sizes: F.sum_to(F.index(g, indices), values_sizes),
)
CLEAR_AT = define(
    "_clear_at(self, indices)",
    lambda g, indices: _index_put(g, indices, 0),
    family="indexing",
    key="clear_at",
    self=lambda F, g, indices: F.clear_at(g, indices),
)
GRAPH.clear_at = lambda g, indices: run(CLEAR_AT, [g, indices])


def getitem(self: Any, key: Any) -> Any:
    """self[key]: a view for ints and slices, a copy for index arrays and masks."""
    if type(key) is int and self._s:
        n = self._s[0]
        if -n <= key < n:
            return SELECT.way(self, 0, key % n)
    if mode.batching is not None and mode.batching.deepest(normal(key)):
        return mode.batching.getitem(self, key)
    view, index = resolve(self, key)
    if index is not None:
        return run(INDEX, [view, index])
    if view is not self:
        return view
    if isinstance(key, slice):
        return run(SLICE, [self, 0, 0, self._s[0], 1])
    return run(ALIAS, [self])


def setitem(self: Any, key: Any, value: Any) -> None:
    """self[key] = value: copy into the view, or index_put."""
    if mode.enabled and self._g is LEAF:
        with mode.no_grad():
            resolve(self, key)  # a wrong index comes first
        everything = isinstance(key, (Tensor, list, type(...))) or key == slice(None)
        raise RuntimeError(errors.LEAF_INPLACE if everything else errors.LEAF_VIEW_INPLACE)
    inplace.check(self, "setitem")
    if not isinstance(value, Tensor):
        value = _value(value, self._d)
    elif type(value).is_meta:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")
    if key is False:
        return
    if mode.batching is not None and mode.batching.deepest(normal(key)):
        mode.batching.setitem(self, key, value)
        return
    if value._s.numel() == 1 and any(isinstance(k, Tensor) and k._d is uint8 for k in normal(key)):
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char"
        )
    view, index = resolve(self, None if key is True else key)
    if value._d.category == COMPLEX and self._d.category != COMPLEX:
        warn_discards()
    if index is None:
        if len(value._s) > len(view._s):
            value = _drop_ones(value, len(view._s))
            if len(value._s) > len(view._s):
                raise RuntimeError(
                    f"expand({value._d.legacy}{{{list(value._s)}}}, size={list(view._s)}): the number of sizes "
                    f"provided ({len(view._s)}) must be greater or equal to the number of dimensions in the tensor "
                    f"({len(value._s)})"
                )
        if view is self and not value._s:
            fill_(self, value)
        else:
            if errors.unbroadcastable([view._s, value._s]) is not None:
                raise errors.unexpandable(value._s, view._s)
            copy_(view, value)
        return
    if value._s[:1] == (1,):
        value = value.view(_without_ones(value._s))
    masked = any(isinstance(i, np.ndarray) and i.dtype.kind == "b" for i in index)
    if masked and value._d is not view._d and not value._s:
        value = value.to(view._d)
    _put(view, index, value)


def _without_ones(shape: Any) -> list[int]:
    """A shape without the ones that it begins with."""
    ones = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return list(shape[ones:])


def _value(value: Any, d: Any) -> Any:
    if isinstance(value, (bool, int, float, complex)):
        from engine.ops.copying import _number

        return wrap(_number(value, d), d)
    if isinstance(value, np.generic):
        return FUNCTIONS["as_tensor"](value)
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    raise TypeError(f"can't assign a {name} to a {d.legacy}")


def _drop_ones(value: Any, ndim: int) -> Any:
    while len(value._s) > ndim and value._s[0] == 1:
        value = value.squeeze(0)
    return value


def _check_put_shape(t: Any, index: Any, value: Any) -> None:
    nothing = np.empty(())
    shape = np.broadcast_to(nothing, t._s)[index].shape
    try:
        np.broadcast_to(np.broadcast_to(nothing, value._s), shape)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value._s)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        ) from None


def _check_put(t: Any, index: Any, value: Any, copied: bool = False) -> None:
    _check_put_shape(t, index, value)
    if value._d is not t._d:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{t._d.display} for the destination and {value._d.display} for the source."
        )
    if not copied and value._s.numel() and np.may_share_memory(elements(t), elements(value)):
        raise RuntimeError(inplace.OVERLAP)


def _put(t: Any, index: Any, value: Any, accumulate: bool = False) -> Any:
    inplace.check(t, "index_put_")
    done = inplace.mapped(INDEX_PUT, [t, index, value, accumulate])
    if done is not NotImplemented:
        return done
    _check_put(t, index, value)
    raw = _index_put(t._a, index, value._a, accumulate)
    need = t._g is not None or value._g is not None
    return inplace.store(INDEX_PUT, [t, index, value, accumulate], raw, need)


def index_put_(self: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    index = tuple(slice(None) if i is None else as_index(i) for i in indices)
    check_bounds(self, index)
    return _put(self, index, values, accumulate)


def index_put(input: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """A copy with `values` put, or added, at the places of `indices`."""
    index = tuple(slice(None) if i is None else as_index(i) for i in indices)
    check_bounds(input, index)
    _check_put(input, index, values, copied=True)
    return run(INDEX_PUT, [input, index, values, accumulate])


def _delitem(self: Any, key: Any) -> None:
    raise TypeError("Tensor does not support deleting items")


def install() -> None:
    """Publish what this module defines."""
    publish("index_put", index_put, F=False)
    publish("index_put_", index_put_, F=False)
    for name, fn in (("get", getitem), ("set", setitem), ("del", _delitem)):
        setattr(Tensor, f"__{name}item__", fn)


install()
