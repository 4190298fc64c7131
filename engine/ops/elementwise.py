"""What rows of one tensor share: how they are defined, how exactly they are computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX
from engine.ops.api import expose
from engine.ops.quick import unary
from engine.ops.table import TO_FLOAT, Op, define

Raw = Any


def define_unary(
    name: str, forward: Callable[..., Any], vjp: Callable[..., Any] | str, *, kind: int = TO_FLOAT,
    also: str = "", inplace: bool = True, node: str | None = None, check: Any = None, doc: str,
) -> Op:  # fmt: skip
    """A row of one tensor; with a formula as its gradient it gets a quick way."""
    op = define(f"{name}(self)", forward, kind, family="pointwise", node=node, doc=doc, self=vjp)
    quick = partial(unary, vjp=vjp) if isinstance(vjp, str) else None
    expose(op, also=also, inplace=inplace, check=check, quick=quick)
    return op


def zero(F: Any, g: Any) -> Any:
    return F.zeros_like(g)


def refuse(*categories: int, kernel: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = values[0]._d
        if d.category in categories:
            raise errors.not_implemented(kernel, d.display)

    return check


#: Elements up to which functions are computed in float64 and rounded; beyond, speed counts.
_FEW = 512
_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def exact(fn: Callable[..., Raw]) -> Callable[[Raw], Raw]:
    """A NumPy function whose float32 results are off by a unit in the last place more often than
    PyTorch's: for few elements from float64, so that they are PyTorch's digits."""

    def compute(a: Raw) -> Raw:
        if a.dtype is _SINGLE and a.size <= _FEW:
            return fn(a.astype(_DOUBLE)).astype(_SINGLE)
        return fn(a)

    compute.ufunc = fn  # type: ignore[attr-defined]  # for many elements
    return compute


def wave(fn: Callable[..., Raw], one: Callable[[float], float]) -> Callable[[Raw], Raw]:
    """Sine or cosine, which for a single number the standard library computes quickest."""
    single = np.float32
    unit = single(1)  # times a number: what rounds it quickest

    def compute(a: Raw) -> Raw:
        if type(a) is single:
            try:
                return unit * one(a)  # type: ignore[arg-type]
            except ValueError:  # of an infinity
                return single(math.nan)
        if a.dtype is _SINGLE and a.size <= _FEW:
            return fn(a.astype(_DOUBLE)).astype(_SINGLE)
        return fn(a)

    compute.ufunc = fn  # type: ignore[attr-defined]
    return compute


def rounds(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = values[0]._d
        if d.category == COMPLEX:
            raise NotImplementedError(f"{name} is not supported for complex inputs")
        if d.category == BOOL:
            raise errors.not_implemented(f"{name}_vml_cpu", "Bool")

    return check


def keep_int(fn: Callable[[Raw], Raw]) -> Callable[[Raw], Raw]:
    return lambda a: np.array(a)[()] if a.dtype.kind in "iub" else fn(a)
