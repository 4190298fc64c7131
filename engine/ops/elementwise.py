"""What rows of one tensor share: how they are defined, how exactly they are computed."""

from __future__ import annotations

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
