"""Comparisons, logical and bitwise operations on two tensors, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT
from engine.ops.api import expose, publish
from engine.ops.operands import (
    broadcastable,
    broadcasting,
    number_first,
    refusal,
)
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, define
from engine.tensor import Tensor

Raw = Any


_fn: Callable[..., Raw]


def _writes(name: str, fn: Callable[..., Raw]) -> Callable[[list[Any]], Any]:
    """What a comparison in place is: an operation whose gradients are zeros."""
    number, tensor = (
        define(
            f"{name}(self, other)",
            broadcasting(fn),
            PROMOTE,
            family="pointwise",
            key=f"_{name}_{key}",
            node=f"{name.capitalize()}Backward{i}",
            self=lambda F, g: F.zeros_like(g),
            other=lambda F, g: F.zeros_like(g),
        )
        for i, key in enumerate(("number", "tensor"))
    )
    return lambda values: tensor if isinstance(values[1], Tensor) else number


for _name, _fn, _also, _doc in (
    ("eq", np.equal, "", "Whether input == other, element by element."),
    ("ne", np.not_equal, "not_equal", "Whether input != other, element by element."),
    ("lt", np.less, "less", "Whether input < other, element by element."),
    ("le", np.less_equal, "less_equal", "Whether input <= other, element by element."),
    ("gt", np.greater, "greater", "Whether input > other, element by element."),
    ("ge", np.greater_equal, "greater_equal", "Whether input >= other, element by element."),
    ("logical_and", np.logical_and, "", "Whether both are true."),
    ("logical_or", np.logical_or, "", "Whether at least one is true."),
    ("logical_xor", np.logical_xor, "", "Whether exactly one is true."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        also=_also,
        check=refusal(_name),
        writes=None if "logical" in _name else _writes(_name, _fn),
    )


def _bits_check(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = result_dtype(values[:2])
        if d.category >= FLOAT or ("shift" in name and d.category == BOOL):
            broadcastable(values)
            raise errors.not_implemented(f"{name}_cpu", d.display)

    return check


for _name, _fn, _doc in (
    ("bitwise_and", np.bitwise_and, "The bits that both have; of booleans the logical and."),
    ("bitwise_or", np.bitwise_or, "The bits that either has; of booleans the logical or."),
    ("bitwise_xor", np.bitwise_xor, "The bits that only one has; of booleans the exclusive or."),
    ("bitwise_left_shift", np.left_shift, "input with its bits moved left by `other` places."),
    ("bitwise_right_shift", np.right_shift, "input with its bits moved right by `other` places."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        check=_bits_check(
            {"bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift"}.get(_name, _name)
        ),
    )
    publish(_name, number_first(_name), method=False, F=False)


def refuse_order(name: str, a: Any, b: Any) -> None:
    """Raise if complex numbers are to be put in order."""
    if result_dtype([a, b]).category == COMPLEX:
        broadcastable([a, b])
        raise errors.not_implemented(f"{name}_cpu", result_dtype([a, b]).display)
