"""Views by one index or a slice along a dimension: select, narrow, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import INT
from engine.ops.api import publish
from engine.ops.helpers import axis, whole
from engine.ops.table import GRAPH, define, run
from engine.tensor import Tensor

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
    if not input._s:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
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


publish("select", select)
publish("narrow", narrow)
