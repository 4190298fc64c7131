"""Comparisons of whole tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import recording
from engine.batching.levels import level_of
from engine.ops.api import publish
from engine.ops.helpers import by_example
from engine.ops.selection import _broadcast
from engine.tensor import wrap


@by_example
def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Whether |input - other| <= atol + rtol * |other|, element by element."""
    if input._d is not other._d:
        raise RuntimeError(f"{input._d.display} did not match {other._d.display}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")
    _broadcast(input._a, other._a)
    return wrap(np.asarray(np.isclose(input._a, other._a, rtol, atol, equal_nan)))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all |input - other| <= atol + rtol * |other|."""
    if level_of(input) or level_of(other):
        raise RuntimeError(
            "vmap over torch.allclose isn't supported yet. Please file an issue at "
            "https://github.com/pytorch/pytorch/issues if you need this feature."
        )
    if input._d is not other._d:
        raise RuntimeError(f"{input._d.display} did not match {other._d.display}")
    _broadcast(input._a, other._a)
    _read(input, other, "allclose")
    return bool(np.allclose(input._a, other._a, rtol, atol, equal_nan))


def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same elements."""
    if level_of(input) or level_of(other):
        raise RuntimeError(
            "Batching rule not implemented for aten::equal. We could not generate a fallback."
        )
    _read(input, other, "equal")
    return input._s == other._s and bool(np.array_equal(input._a, other._a))


def _read(input: Any, other: Any, how: str) -> None:
    recording.read(input, how)
    recording.read(other, how)


for _n in ("isclose", "allclose", "equal"):
    publish(_n, globals()[_n], F=False)
