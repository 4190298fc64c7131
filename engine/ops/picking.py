"""Whole slices, and flat elements, by index: index_select and its kin, take, nonzero."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from engine.autograd import mode
from engine.batching.levels import elements, level_of
from engine.dtype import int32, int64
from engine.ops import inplace
from engine.ops.adding import add_at
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.helpers import axis
from engine.ops.scattering import one
from engine.ops.table import RAW, define, run
from engine.tensor import Tensor, wrap

Raw = Any


# --- whole slices by index -----------------------------------------------------------------------
def _index_select(a: Raw, dim: int, index: Raw) -> Raw:
    return np.take(one(a), one(index), dim).reshape(
        np.shape(a)
        if not np.ndim(a)
        else (*a.shape[:dim], one(index).shape[0], *a.shape[dim + 1 :])
    )


def _index_add(a: Raw, dim: int, index: Raw, source: Raw, alpha: Any = 1) -> Raw:
    out = np.array(a, order="C")
    place: Any = (slice(None),) * dim + (one(index),)
    add_at(one(out), place, source if alpha == 1 else source * alpha)
    return out


INDEX_SELECT = define(
    "index_select(self, dim, index)",
    _index_select,
    family="indexing",
    self=lambda F, g, self_sizes, self_dtype, dim, index: F.index_add(
        F.zeros(self_sizes, self_dtype), dim, index, g
    ),
    doc="The slices along `dim` that `index` names.",
)
INDEX_ADD = define(
    "index_add(self, dim, index, source, *, alpha=1)",
    _index_add,
    family="indexing",
    self=lambda F, g: g,
    source=lambda F, g, dim, index, alpha: F.index_select(g, dim, index) * alpha,
    doc="A copy with alpha * source added to the slices that `index` names along `dim`.",
)


def _index_copy(a: Raw, dim: int, index: Raw, source: Raw) -> Raw:
    out = np.array(a, order="C")
    one(out)[(slice(None),) * dim + (one(index),)] = source
    return out


INDEX_COPY = define(
    "index_copy(self, dim, index, source)",
    _index_copy,
    family="indexing",
    self=lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
    source=lambda F, g, dim, index: F.index_select(g, dim, index),
    doc="A copy in which `source` replaces the slices that `index` names along `dim`.",
)
INDEX_FILL = define(
    "index_fill(self, dim, index, value)",
    _index_copy,
    family="indexing",
    self=lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
    doc="A copy in which `value` fills the slices that `index` names along `dim`.",
)
INDEX_FILL_TENSOR = define(
    "index_fill(self, dim, index, value)",
    _index_copy,
    family="indexing",
    key="index_fill_tensor",
    node="IndexFillBackward1",
    self=lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
    value=lambda F, g, dim, index: F.index_select(g, dim, _once(index)).sum(),
)


def _once(index: Any) -> Any:
    """Each index once, a tensor or an array as the given one."""
    if isinstance(index, Tensor):
        return wrap(np.unique(elements(index)))
    return np.unique(index)


def _check_slices(name: str, values: list[Any]) -> None:
    t, index = values[0], values[2]
    values[1] = axis(values[1], len(t._s))
    if len(index._s) > 1:
        raise _NOT_VECTORS[name]
    if index._d not in (int64, int32):
        raise _NOT_INDICES[name](index._d.display)
    dim, source = values[1], values[3] if len(values) > 3 else None
    if isinstance(source, Tensor) and name == "index_fill" and source._s:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{len(source._s)} dimension(s)."
        )
    if isinstance(source, Tensor) and name != "index_fill":
        _check_source(name, t, dim, index, source)
    n = t._s[dim] if t._s else 1
    a = np.asarray(elements(index))
    if a.size and (a.min() < 0 or a.max() >= n):
        bad = a[(a < 0) | (a >= n)].ravel()[0]
        text = f"index {bad} is out of bounds for dimension {dim} with size {n}"
        if name == "index_add":
            raise RuntimeError(text)
        if name == "index_select" and not n:
            raise RuntimeError("index_select(): self indexing axis dim should be positive")
        if name == "index_select" and dim == 1:
            raise RuntimeError(f"INDICES element is out of DATA bounds, id={bad} axis_dim={n}")
        raise IndexError(
            "index out of range in self"
            if name == "index_select"
            else f"index_copy_(): {text}"
            if name == "index_copy"
            else text
        )


_NOT_INDICES: dict[str, Any] = {
    "index_select": lambda kind: RuntimeError(
        "index_select(): Expected dtype int32 or int64 for index"
    ),
    "index_fill": lambda kind: IndexError("index_fill_(): Expected dtype int64 for index."),
    "index_add": lambda kind: RuntimeError(
        f"index_add_(): Expected dtype int32/int64 for index but got: {kind}"
    ),
    "index_copy": lambda kind: RuntimeError(
        f"index_copy_(): Expected a long tensor for index, but got {kind}"
    ),
}
_NOT_VECTORS: dict[str, Exception] = {
    "index_select": IndexError("index_select(): Index is supposed to be a vector"),
    "index_fill": RuntimeError("Index has to be a vector/scalar"),
    "index_add": IndexError("index_add_(): Index is supposed to be a vector"),
    "index_copy": IndexError("index_copy_(): Index should have dimension 1 or 0 (got 2)"),
}


def _check_source(name: str, t: Any, dim: int, index: Any, source: Any) -> None:
    have, given = index._s.numel(), source._s[dim] if source._s else 1
    if name == "index_add" and t._d is not source._d:
        raise RuntimeError(
            f"index_add_(): self ({t._d.display}) and source ({source._d.display}) must have the "
            "same scalar type"
        )
    if have != given:
        if name == "index_copy":
            raise IndexError(
                f"index_copy_(): Number of indices ({have}) should be equal to source.size(dim) ({given})"
            )
        raise RuntimeError(
            f"index_add_(): Number of indices ({have}) should be equal to source.size(dim): ({given}), "
            f"for dim: {dim}"
        )
    if t._d is not source._d:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{t._d.display} and (source) {source._d.display}"
        )
    slices = [s[:dim] + s[dim + 1 :] for s in (tuple(t._s), tuple(source._s))]
    if (
        slices[0] != slices[1]
        and (name == "index_add" or len(t._s) == len(source._s))
        and source._s
    ):
        if name == "index_add":
            raise RuntimeError(
                "source tensor shape must match self tensor shape, excluding the specified "
                f"dimension. Got self.shape = {list(t._s)} source.shape = {list(source._s)}"
            )
        have_, given_ = (" ".join(map(str, s)) for s in slices)
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination "
            f"slice shape: {have_} at dimension {dim} and source slice shape: {given_} at dimension 0."
        )


for _op in (INDEX_SELECT, INDEX_ADD, INDEX_COPY):
    expose(_op, inplace=_op is not INDEX_SELECT, check=partial(_check_slices, _op.name))


def _fill_values(*values: Any) -> tuple[Any, list[Any]]:
    filled = list(values)
    _check_slices("index_fill", filled)
    return INDEX_FILL_TENSOR if isinstance(filled[3], Tensor) else INDEX_FILL, filled


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy in which `value` fills the slices that `index` names along `dim`."""
    return run(*_fill_values(input, dim, index, value))


def index_fill_(self: Any, dim: int, index: Any, value: Any) -> Any:
    return inplace.run_inplace(*_fill_values(self, dim, index, value))


publish("index_fill", index_fill)
publish("index_fill_", index_fill_, function=False, F=False)


# --- flat and along ------------------------------------------------------------------------------
TAKE = define(
    "take(self, index)",
    lambda a, i: np.asarray(a).reshape(-1)[i],
    family="indexing",
    self=lambda F, g, self_sizes, index: F.scatter_into(
        g.reshape((-1,)), index.reshape((-1,)), self_sizes.numel()
    ).reshape(self_sizes),
    doc="The elements at places of the flat tensor.",
)


def _check_take(values: list[Any]) -> None:
    t, index = values
    if index._d is not int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index._d.display}")
    n = t._s.numel()
    a = np.asarray(elements(index))
    if a.size and not n:
        raise IndexError("take(): tried to take from an empty tensor")
    if a.size and (a.min() < -n or a.max() >= n):
        bad = a[(a < -n) | (a >= n)].ravel()[0]
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {n} elements.")


expose(TAKE, check=_check_take)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """Elements picked along `dim` by `indices`, which broadcast."""
    if dim is None:
        return input.reshape(-1).gather(0, indices.reshape(-1))
    d = axis(dim, len(input._s))
    full = [max(a, b) for a, b in zip(input._s, indices._s, strict=True)]
    x = input.expand([input._s[i] if i == d else full[i] for i in range(len(full))])
    if indices._s.numel() and np.asarray(elements(indices)).min() < 0:
        indices = FUNCTIONS["where"](indices < 0, indices + input._s[d], indices)
    i = indices.expand([indices._s[k] if k == d else full[k] for k in range(len(full))])
    return x.gather(d, i)


publish("take_along_dim", take_along_dim, F=False)


def nonzero(input: Any, *, as_tuple: bool = False, out: Any = None) -> Any:
    """The places of elements that are not zero, one row each: (n, dimensions)."""
    if level_of(input):
        raise RuntimeError(mode.batching.dynamic.format("nonzero"))
    a = np.asarray(input._a)
    places = np.nonzero(one(a)) if a.ndim or as_tuple else ()
    if as_tuple:
        return tuple(wrap(p) for p in places)
    if not a.ndim:
        return wrap(np.zeros((int(bool(a)), 0), np.int64))
    return wrap(
        np.ascontiguousarray(np.stack(places, 1)) if places else np.zeros((0, a.ndim), np.int64)
    )


def argwhere(input: Any) -> Any:
    """The places of elements that are not zero, one row each: (n, dimensions)."""
    return nonzero(input)


publish("nonzero", nonzero, F=False)
publish("argwhere", argwhere, F=False)
RAW.index_fill = _index_copy
