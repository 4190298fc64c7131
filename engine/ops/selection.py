"""Choosing between values by a condition, and how shapes go together."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import bool_, uint8
from engine.ops.api import FUNCTIONS, publish
from engine.ops.promote import result_dtype
from engine.ops.table import GRAPH, define, run
from engine.size import intern
from engine.tensor import Tensor, wrap
from engine.warning import warn

Raw = Any


def _broadcast(*raws: Raw) -> None:
    try:
        np.broadcast_shapes(*(np.shape(r) for r in raws))
    except ValueError:
        a, b = [r for r in raws if np.ndim(r)][:2]
        try:
            np.broadcast_shapes(np.shape(a), np.shape(b))
        except ValueError:
            raise errors.mismatch(np.shape(a), np.shape(b)) from None
        raise errors.mismatch(
            np.broadcast_shapes(np.shape(a), np.shape(b)), np.shape(raws[-1])
        ) from None


def _where(c: Raw, a: Raw, b: Raw) -> Raw:
    _broadcast(c, a, b)
    return np.where(c, a, b)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where the condition holds, else other; with one argument the places where it holds."""
    if not isinstance(condition, Tensor):
        raise errors.not_tensor("where", "condition", 1, condition)
    if input is None and other is None:
        return FUNCTIONS["nonzero"](condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where() takes a value for true and one for false")
    if condition._d not in (bool_, uint8):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition._d.display}"
        )
    if condition._d is uint8:
        warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed "
            "in a future version of PyTorch. Use a boolean condition instead."
        )
    for v in (input, other):
        if not isinstance(v, (Tensor, int, float, complex, np.generic)):
            raise TypeError(f"a value must be Tensor or a number, not {type(v).__name__}")
    d = result_dtype([input, other])
    a, b = (
        v if isinstance(v, Tensor) else wrap(np.asarray(v).astype(d.np), d) for v in (input, other)
    )
    return _run_where(condition, a, b, d)


def _run_where(c: Any, a: Any, b: Any, d: Any) -> Any:
    c = c if c._d is bool_ else c.to(bool_)
    a = a if a._d is d else a.to(d)
    b = b if b._d is d else b.to(d)
    return run(WHERE, [c, a, b])


WHERE = define(
    "where(condition, self, other)",
    _where,
    family="pointwise",
    self=lambda F, g, condition, self_sizes: F.sum_to(
        F.where(condition, g, F.zeros_like(g)), self_sizes
    ),
    other=lambda F, g, condition, other_sizes: F.sum_to(
        F.where(condition, F.zeros_like(g), g), other_sizes
    ),
)
publish("where", where, method=False)
publish(
    "where", lambda self, condition, other: where(condition, self, other), function=False, F=False
)
GRAPH.where = where


# --- comparisons of whole tensors ----------------------------------------------------------------


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that shapes broadcast to."""
    whole: list[int] = []
    for at, shape in enumerate(shapes):
        one = (shape,) if isinstance(shape, int) else tuple(shape)
        if any(n < 0 for n in one):
            raise ValueError("Attempting to broadcast a dimension with negative length!")
        whole = [1] * (len(one) - len(whole)) + whole
        for i in range(-1, -len(one) - 1, -1):
            if one[i] in (1, whole[i]):
                continue
            if whole[i] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {one[i]} at {i}! Mismatching argument "
                    f"at index {at} had {one}; but expected shape should be broadcastable to {whole}"
                )
            whole[i] = one[i]
    return intern(tuple(whole))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Views of the tensors, expanded to the shape they broadcast to."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    try:
        shape = np.broadcast_shapes(*(t._s for t in tensors))
    except ValueError:
        raise errors.mismatch(tensors[0]._s, tensors[1]._s) from None
    return tuple(t if t._s == shape else t.expand(shape) for t in tensors)


def broadcast_to(input: Any, *shape: Any, size: Any = None) -> Any:
    """A view expanded to a shape, without copying."""
    return input.expand(*shape) if size is None else input.expand(size)


publish("broadcast_shapes", broadcast_shapes, method=False, F=False)
publish("broadcast_tensors", broadcast_tensors, method=False, F=False)
publish("broadcast_to", broadcast_to)
publish(
    "expand_as",
    lambda self, other: self.expand(other._s),
    function=False,
    doc="A view expanded to the shape of `other`.",
)
publish(
    "reshape_as",
    lambda self, other: self.reshape(other._s),
    function=False,
    doc="The same elements in the shape of `other`.",
)
publish(
    "result_type",
    lambda a, b: result_dtype([a, b]),
    method=False,
    F=False,
    doc="The element type that arithmetic with both gives.",
)
publish("is_nonzero", lambda self: bool(self), doc="Whether the only element is not zero.")
publish(
    "is_same_size", lambda self, other: self._s == other._s, doc="Whether both have the same shape."
)
