"""Functions whose float32 results for few elements are those of float64, rounded: PyTorch's digits.

NumPy's own are off by a unit in the last place more often than PyTorch's. For many elements speed
counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Raw = Any

_FEW = 512  # elements
_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
_UNIT = np.float32(1)  # times a number: what rounds it quickest

#: What the lines of `inline` refer to.
SCOPE = {"FEW": _FEW, "SINGLE": _SINGLE, "DOUBLE": _DOUBLE, "UNIT": _UNIT, "float32": np.float32}


def exact(fn: Callable[..., Raw], one: Callable[[float], float] | None = None) -> Any:
    """The function of arrays; `one` computes a single number quicker, if NumPy's does not.

    It keeps both as `ufunc` and `one`.
    """

    def compute(a: Raw) -> Raw:
        if one is not None and type(a) is np.float32:
            try:
                return _UNIT * one(a)  # type: ignore[arg-type]
            except ValueError:  # of an infinity
                return np.float32(math.nan)
        if a.dtype is _SINGLE and a.size <= _FEW:
            return fn(a.astype(_DOUBLE)).astype(_SINGLE)
        return fn(a)

    compute.ufunc, compute.one = fn, one  # type: ignore[attr-defined]
    return compute


def inline(fn: Any, result: str, a: str, scope: dict[str, Any]) -> str:
    """Lines of generated code that compute result = fn(a), for what `exact` has made without a call;
    `scope` gets what they refer to."""
    if not hasattr(fn, "ufunc"):
        return f"\n{result} = forward({a})"
    scope.update(SCOPE, ufunc=fn.ufunc)
    lines = f"""
if {a}.dtype is SINGLE and {a}.size <= FEW:
    {result} = ufunc({a}.astype(DOUBLE)).astype(SINGLE)
else:
    {result} = ufunc({a})"""
    if fn.one is None:
        return lines
    scope.update(one_number=fn.one, compute=fn)
    return f"""
if {a}.__class__ is float32:
    try:
        {result} = UNIT * one_number({a})
    except ValueError:
        {result} = compute({a})
el{lines.lstrip()}"""
