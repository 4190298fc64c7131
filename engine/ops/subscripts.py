"""What stands between the brackets of t[...]: reading its items, and the views that they give."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import FLOAT, bool_, int32, int64, uint8
from engine.ops.api import FUNCTIONS
from engine.ops.slicing import SELECT, SLICE
from engine.ops.table import run
from engine.tensor import Tensor

Raw = Any


def _is_index(item: Any) -> bool:
    if isinstance(item, np.ndarray) and not item.ndim:
        return bool(item.dtype == bool)
    return isinstance(item, (list, tuple, np.ndarray, range)) or bool(
        isinstance(item, Tensor) and (bool(item._s) or item._d in (bool_, uint8))
    )


def as_index(item: Any) -> Any:
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


def normal(key: Any) -> list[Any]:
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


def expand_ellipsis(items: list[Any], ndim: int) -> list[Any]:
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


def slice_bounds(s: slice) -> tuple[Any, Any, int]:
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
            start, stop, step = slice_bounds(item)
            n = t._s[dim]
            a, b, _ = slice(start, stop, step).indices(n)
            if (a, b, step) != (0, n, 1) or (start or 0) < 0:
                t = run(SLICE, [t, dim, a, max(a, b), step])
            rest.append(None)
            dim += 1
        elif _is_index(item):
            index = as_index(item)
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


def check_bounds(t: Any, index: tuple[Any, ...]) -> None:
    dim = found = 0
    _check_together(index)
    if sum(i.ndim if i.dtype == bool else 1 for i in index if not isinstance(i, slice)) > len(t._s):
        raise IndexError(f"too many indices for tensor of dimension {len(t._s)} (got {len(index)})")
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


def resolve(t: Any, key: Any) -> tuple[Any, tuple[Any, ...] | None]:
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
    items = expand_ellipsis(normal(key), len(t._s))
    view, rest = _apply_basic(t, items, _positions(key, len(items)))
    if all(r is None for r in rest):
        return view, None
    index = _advanced(rest)
    check_bounds(view, index)
    return view, index
