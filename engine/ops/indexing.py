"""Taking out and putting in elements: indexing with everything PyTorch accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import errors, version
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.batching.levels import elements
from engine.dtype import COMPLEX, FLOAT, INT, bool_, cast, int32, int64, uint8
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.conversion import warn_discards
from engine.ops.copying import COPY, copy_, fill_
from engine.ops.helpers import axis, whole
from engine.ops.shape import ALIAS
from engine.ops.table import GRAPH, define, run
from engine.tensor import Tensor, array, wrap

Raw = Any


def _at(dim: int, what: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * dim, what)


# --- basic parts: select, slice ------------------------------------------------------------------
def _select(a: Raw, dim: int, index: int) -> Raw:
    if dim == 0:
        return a[index] if a.ndim > 1 else a[index, ...]
    return a[(*_at(dim, index), ...)]


def _placed(F: Any, g: Any, sizes: Any, place: Any) -> Any:
    return F.put_part(g, sizes, place)


SELECT = define(
    "select(self, dim, index)",
    _select,
    family="indexing",
    view=True,
    self=lambda F, g, self_sizes, dim, index: F.put_one(g, self_sizes, _at(dim, index)),
)
SLICE = define(
    "slice(self, dim=0, start=None, end=None, step=1)",
    lambda a, dim, start, end, step: a[_at(dim, slice(start, end, step))],
    family="indexing",
    view=True,
    self=lambda F, g, self_sizes, dim, start, end, step: F.put_part(
        g, self_sizes, _at(dim, slice(start, end, step))
    ),
)


def _put_part(g: Raw, sizes: Any, place: Any) -> Raw:
    out = np.zeros(sizes, g.dtype)
    out[place] = g
    return out


PUT_PART = define(
    "_put_part(self, sizes, place)",
    _put_part,
    family="indexing",
    key="put_part",
    node="SliceBackwardBackward0",
    self=lambda F, g, place: F.part(g, place),
)
PUT_ONE = define(
    "_put_one(self, sizes, place)",
    _put_part,
    family="indexing",
    key="put_one",
    node="SelectBackwardBackward0",
    self=lambda F, g, place: F.part(g, place),
)
PART = define(
    "_part(self, place)",
    lambda a, place: np.array(a[place]),
    family="indexing",
    key="part",
    self=lambda F, g, self_sizes, place: F.put_part(g, self_sizes, place),
)
GRAPH.put_part = lambda g, sizes, place: run(PUT_PART, [g, sizes, place])
GRAPH.put_one = lambda g, sizes, place: run(PUT_ONE, [g, sizes, place])
GRAPH.part = lambda g, place: run(PART, [g, place])


def select(input: Any, dim: int, index: Any) -> Any:
    """The slice at one place of a dimension, without that dimension."""
    if not input._s:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d, i = axis(dim, len(input._s)), whole(index)
    n = input._s[d]
    if not -n <= i < n:
        raise IndexError(
            f"select(): index {i} out of range for tensor of size {list(input._s)} at dimension {d}"
        )
    return run(SELECT, [input, d, i % n])


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """A view of `length` elements along `dim`, from `start`."""
    if isinstance(start, Tensor) and (start._s or start._d.category != INT):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    d, start, length = axis(dim, len(input._s)), whole(start), whole(length)
    n = input._s[d]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -n <= start <= n:
        raise IndexError(
            f"start out of range (expected to be in range of [{-n}, {n}], but got {start})"
        )
    start = start + n if start < 0 else start
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return run(SLICE, [input, d, start, start + length, 1])


# --- advanced: index arrays and masks ------------------------------------------------------------
def _index(a: Raw, indices: Any) -> Raw:
    r = np.asarray(a)[indices]
    return r if r.flags.c_contiguous else r.copy()


def _index_put(a: Raw, indices: Any, values: Raw, accumulate: bool = False) -> Raw:
    out = np.array(a)
    if accumulate:
        np.add.at(out, indices, values)
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


def _is_index(item: Any) -> bool:
    if isinstance(item, np.ndarray) and not item.ndim:
        return bool(item.dtype == bool)
    return isinstance(item, (list, tuple, np.ndarray, range)) or bool(
        isinstance(item, Tensor) and (bool(item._s) or item._d in (bool_, uint8))
    )


def _as_index(item: Any) -> Any:
    """A tensor, list or array as an integer or bool array."""
    if isinstance(item, Tensor):
        if item._d is uint8:
            import warnings

            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                UserWarning, stacklevel=5,
            )  # fmt: skip
            return np.asarray(item._a).astype(bool)
        if item._d not in (int64, int32, bool_):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return np.asarray(item._a)
    if isinstance(item, np.ndarray):
        return item
    a = np.asarray(FUNCTIONS["tensor"](list(item))._a)
    return a if a.dtype == bool else a.astype(np.int64)


def _normal(key: Any) -> list[Any]:
    if isinstance(key, tuple):
        return list(key)
    return [key]


def _rank(item: Any) -> int:
    """How many dimensions an index item uses up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, (Tensor, np.ndarray)) and _is_index(item):
        bools = item._d in (bool_, uint8) if isinstance(item, Tensor) else item.dtype == bool
        return len(item.shape) if bools else 1
    if isinstance(item, (list, tuple)) and item and isinstance(item[0], bool):
        return 1
    return 1


def _expand_ellipsis(items: list[Any], ndim: int) -> list[Any]:
    used = sum(map(_rank, items))
    if not ndim and len(items) == 1 and isinstance(items[0], slice):
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    places = [i for i, item in enumerate(items) if item is Ellipsis]
    if places:
        i = places[0]
        rest = items[i + 1 :] if len(places) == 1 else _behind(items, i, ndim, ndim - used)
        return [*items[:i], *[slice(None)] * (ndim - used), *rest]
    return items


def _behind(items: list[Any], first: int, ndim: int, width: int) -> list[Any]:
    """What follows the first of several ellipses: each further one skips `width` dimensions more,
    so that what stands behind it may lie outside of the tensor."""
    kept = []
    dim = 0
    for place, item in enumerate(items):
        inside = dim < ndim
        if item is Ellipsis:
            dim += width
            continue
        if item is None:
            if dim > ndim:
                raise IndexError(
                    f"Dimension out of range (expected to be in range of [{-ndim - 1}, {ndim}], "
                    f"but got {dim})"
                )
            ndim += 1
            dim += 1
        elif isinstance(item, slice):
            dim += 1
        elif not inside:
            raise IndexError(f"index {item} is out of bounds for dimension {place} with size 0")
        else:
            ndim -= 1
        if place > first and (inside or item is None):
            kept.append(item)
    return kept


def _slice_bounds(s: slice) -> tuple[Any, Any, int]:
    def bound(v: Any) -> Any:
        if v is None:
            return None
        if not hasattr(v, "__index__"):
            raise TypeError("slice indices must be integers or None or have an __index__ method")
        return v.__index__()

    step = 1 if s.step is None else bound(s.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step <= 0:
        raise ValueError("step must be greater than zero")
    return bound(s.start), bound(s.stop), step


def _bad_index(item: Any) -> Exception:
    if isinstance(item, str):
        return TypeError("new(): invalid data type 'str'")
    if isinstance(item, float):
        return IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
            "indices (got float)"
        )
    return IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(item).__name__})"
    )


def _apply_basic(t: Any, items: list[Any], positions: list[int]) -> tuple[Any, list[Any]]:
    """Apply ints, slices and None; returns the view and the remaining advanced items by dimension."""
    dim = 0
    rest: list[Any] = []
    for item, place in zip(items, positions, strict=True):
        if isinstance(item, bool):
            t = t.unsqueeze(dim)
            rest.append(np.array([item]))
            dim += 1
        elif item is None:
            t = t.unsqueeze(dim)
            rest.append(None)
            dim += 1
        elif isinstance(item, slice):
            start, stop, step = _slice_bounds(item)
            n = t._s[dim]
            a, b, _ = slice(start, stop, step).indices(n)
            if (a, b, step) != (0, n, 1) or (start or 0) < 0:
                t = run(SLICE, [t, dim, a, max(a, b), step])
            rest.append(None)
            dim += 1
        elif _is_index(item):
            index = _as_index(item)
            rest.append(index)
            dim += index.ndim if index.dtype == bool else 1
        else:
            t = _select_item(t, item, dim, place)
    return t, rest


def _select_item(t: Any, item: Any, dim: int, place: int | None = None) -> Any:
    """One integer item; `place` is its dimension as the person counts them."""
    if not hasattr(item, "__index__"):
        raise _bad_index(item)
    if isinstance(item, Tensor) and item._d.category >= FLOAT:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    i = item.__index__()
    if not -(2**63) <= i < 2**63:
        raise ValueError("Overflow when unpacking long long")
    n = t._s[dim]
    if not -n <= i < n:
        raise IndexError(
            f"index {i} is out of bounds for dimension {dim if place is None else place} with size {n}"
        )
    return run(SELECT, [t, dim, i % n])


def _check_bounds(t: Any, index: tuple[Any, ...]) -> None:
    dim = found = 0
    _check_together(index)
    for item in index:
        if isinstance(item, slice):
            dim += 1
        elif item.dtype == bool:
            for k, n in enumerate(item.shape):
                if n != t._s[dim + k]:
                    raise IndexError(
                        f"The shape of the mask {list(item.shape)} at index {k} does not match the shape "
                        f"of the indexed tensor {list(t._s)} at index {dim + k}"
                    )
            dim += item.ndim
            found += 1
        else:
            n = t._s[dim]
            if item.size and (item.min() < -n or item.max() >= n):
                bad = item[(item < -n) | (item >= n)].ravel()[0]
                raise IndexError(
                    f"index {bad} is out of bounds for dimension {found} with size {n}"
                )
            dim += 1
            found += 1


def _check_together(index: tuple[Any, ...]) -> None:
    shapes = [
        (int(i.sum()),) if i.dtype == bool else i.shape for i in index if not isinstance(i, slice)
    ]
    if len(shapes) < 2:
        return
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(str(list(s)) for s in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        ) from None


def _advanced(rest: list[Any]) -> tuple[Any, ...]:
    return tuple(slice(None) if r is None else r for r in rest)


def _means_tuple(key: Any) -> bool:
    """Whether a sequence that is no tuple is taken for one, by what it holds."""
    if not isinstance(key, (list, str)) or len(key) >= 32:
        return False
    return any(
        k is None
        or k is Ellipsis
        or isinstance(k, (Tensor, slice, list, tuple, str, range, np.ndarray))
        for k in key
    )


def _positions(key: Any, n: int) -> list[int]:
    """For each item, without an ellipsis, where the person wrote it."""
    if not isinstance(key, tuple):
        return [0] * n
    out: list[int] = []
    for i, item in enumerate(key):
        out += [i] * (n - len(key) + 1) if item is Ellipsis else [i]
    return (out + [len(key) - 1] * n)[:n]


def _resolve(t: Any, key: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """The view by the basic items, and the advanced index into it (None if there is none)."""
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        if not t._s and key:
            raise IndexError(f"index {key} is out of bounds for dimension 0 with size 0")
        if not t._s:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                "C++ to convert a 0-dim tensor to a number"
            )
        return _select_item(t, key, 0), None
    if _means_tuple(key):
        import warnings

        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch "
            "2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
            "x[torch.tensor(seq)], which will result either in an error or a different result", UserWarning, stacklevel=3,
        )  # fmt: skip
        key = tuple(key)
    items = _expand_ellipsis(_normal(key), len(t._s))
    view, rest = _apply_basic(t, items, _positions(key, len(items)))
    if all(r is None for r in rest):
        return view, None
    index = _advanced(rest)
    _check_bounds(view, index)
    return view, index


def getitem(self: Any, key: Any) -> Any:
    """self[key]: a view for ints and slices, a copy for index arrays and masks."""
    if type(key) is int and self._s:
        n = self._s[0]
        if -n <= key < n:
            return SELECT.way(self, 0, key % n)
    if mode.batching is not None and mode.batching.deepest(_normal(key)):
        return mode.batching.getitem(self, key)
    view, index = _resolve(self, key)
    if index is not None:
        return run(INDEX, [view, index])
    if view is not self:
        return view
    if isinstance(key, slice) or (
        isinstance(key, tuple) and any(isinstance(k, slice) for k in key)
    ):
        return run(SLICE, [self, 0, 0, self._s[0], 1])
    return run(ALIAS, [self])


def setitem(self: Any, key: Any, value: Any) -> None:
    """self[key] = value: copy into the view, or index_put."""
    if mode.enabled and self._g is LEAF:
        with mode.no_grad():
            _resolve(self, key)  # a wrong index comes first
        everything = isinstance(key, (Tensor, list, type(...))) or key == slice(None)
        raise RuntimeError(errors.LEAF_INPLACE if everything else errors.LEAF_VIEW_INPLACE)
    inplace.check(self, "setitem")
    if not isinstance(value, Tensor):
        value = _value(value, self._d)
    if key is False:
        return
    if mode.batching is not None and mode.batching.deepest(_normal(key)):
        mode.batching.setitem(self, key, value)
        return
    view, index = _resolve(self, None if key is True else key)
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
    if value._d is not view._d and not value._s:
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
    index = tuple(slice(None) if i is None else _as_index(i) for i in indices)
    _check_bounds(self, index)
    return _put(self, index, values, accumulate)


def index_put(input: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """A copy with `values` put, or added, at the places of `indices`."""
    index = tuple(slice(None) if i is None else _as_index(i) for i in indices)
    _check_bounds(input, index)
    _check_put(input, index, values, copied=True)
    return run(INDEX_PUT, [input, index, values, accumulate])


def _delitem(self: Any, key: Any) -> None:
    raise TypeError("Tensor does not support deleting items")


def install() -> None:
    """Publish what this module defines."""
    publish("select", select)
    publish("narrow", narrow)
    publish("index_put", index_put, F=False)
    publish("index_put_", index_put_, F=False)
    for name, fn in (("get", getitem), ("set", setitem), ("del", _delitem)):
        setattr(Tensor, f"__{name}item__", fn)


install()

__all__ = ["COPY", "array", "cast", "version"]
