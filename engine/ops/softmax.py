"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import FLOAT
from engine.ops.api import publish
from engine.ops.formula import ON_ARRAYS
from engine.ops.helpers import axis, in_rows
from engine.ops.table import GRAPH, RAW, define, run
from engine.ops.twice import name_kernel
from engine.tensor import Tensor

Raw = Any


#: NumPy is slow at the elements of many short rows; row by row it compares them quicker.
_SHORT, _MANY = 32, 64


def _highest(a: Raw, dim: int) -> Raw:
    """The maxima along a dimension, which stays."""
    n = a.shape[dim]
    if (
        n > 2 * _SHORT or a.size < _MANY * n or dim not in (-1, a.ndim - 1)
        or (n > _SHORT and n % 2) or not a.flags.c_contiguous
    ):  # fmt: skip
        return np.maximum.reduce(a, dim, keepdims=True)
    rows = a.reshape(-1, n)
    if n > _SHORT:
        rows = np.maximum(rows[:, : n // 2], rows[:, n // 2 :])
    found = np.maximum.reduce(np.ascontiguousarray(rows.T), 0)
    return found.reshape(*a.shape[:-1], 1)


def _softmax(a: Raw, dim: int) -> Raw:
    if not np.ndim(a):
        return np.exp(a - a)
    if not a.size:
        return a.copy()
    a = in_rows(a)
    e = a - _highest(a, dim)
    np.exp(e, e)
    e /= np.add.reduce(e, dim, keepdims=True)
    return e


def _log_softmax(a: Raw, dim: int) -> Raw:
    if not np.ndim(a):
        return a - a
    if not a.size:
        return a.copy()
    a = in_rows(a)
    d = a - _highest(a, dim)
    d -= np.log(np.add.reduce(np.exp(d), dim, keepdims=True))
    return d


def _raw_total(v: Raw, dim: int) -> Raw:
    return np.add.reduce(v, dim, keepdims=True) if np.ndim(v) else v


RAW.total = _raw_total
GRAPH.total = lambda v, dim: GRAPH.sum(v, [dim], True) if v._s else v


def _softmax_slope(g: Raw, result: Raw, dim: int) -> Raw:
    v = g * result
    if type(v) is not np.ndarray:
        return result * (g - v)
    np.subtract(g, _raw_total(v, dim), v)
    v *= result
    return v


def _log_softmax_slope(g: Raw, result: Raw, dim: int) -> Raw:
    v = RAW.exp(result)
    if type(v) is not np.ndarray:
        return g - v * g
    v *= _raw_total(g, dim)
    return np.subtract(g, v, v)


RAW.softmax_slope, RAW.log_softmax_slope = _softmax_slope, _log_softmax_slope
_SLOPE, _LOG_SLOPE = "result * (g - total(g * result, dim))", "g - exp(result) * total(g, dim)"
ON_ARRAYS[_SLOPE] = "softmax_slope(g, result, dim)"
ON_ARRAYS[_LOG_SLOPE] = "log_softmax_slope(g, result, dim)"

SOFTMAX = define(
    "_softmax(self, dim)",
    _softmax,
    family="activation",
    node="SoftmaxBackward0",
    self=_SLOPE,
)
LOG_SOFTMAX = define(
    "_log_softmax(self, dim)",
    _log_softmax,
    family="activation",
    node="LogSoftmaxBackward0",
    self=_LOG_SLOPE,
)
name_kernel(SOFTMAX, "SoftmaxBackwardData", "result")
name_kernel(LOG_SOFTMAX, "LogSoftmaxBackwardData", "result")


def _make(name: str, op: Any, kernel: str, doc: str) -> Any:
    def call(input: Any, dim: Any = None, dtype: Any = None, *, _stacklevel: int = 3) -> Any:
        if not isinstance(input, Tensor):
            raise errors.not_tensor(name, "input", 1, input)
        if dim is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        t = input if dtype is None else input.to(dtype)
        d = axis(dim, len(t._s))
        if t._d.category != FLOAT:
            last = "lastdim_" if d == max(len(t._s) - 1, 0) else ""
            raise errors.not_implemented(f"{kernel}_{last}kernel_impl", t._d.display)
        return run(op, [t, d])

    call.__name__ = call.__qualname__ = name
    publish(name, call, doc=doc)
    return call


softmax = _make("softmax", SOFTMAX, "softmax", doc="exp(x) divided by its sum along `dim`.")
log_softmax = _make(
    "log_softmax",
    LOG_SOFTMAX,
    "log_softmax",
    doc="log(softmax(x)) along `dim`, without overflow.",
)
