"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import FLOAT
from engine.ops.api import publish
from engine.ops.helpers import axis
from engine.ops.table import define, run
from engine.tensor import Tensor

Raw = Any


def _softmax(a: Raw, dim: int) -> Raw:
    if not np.ndim(a):
        return np.exp(a - a)
    e = np.exp(a - a.max(dim, keepdims=True))
    e /= e.sum(dim, keepdims=True)
    return e


def _log_softmax(a: Raw, dim: int) -> Raw:
    if not np.ndim(a):
        return a - a
    d = a - a.max(dim, keepdims=True)
    return d - np.log(np.exp(d).sum(dim, keepdims=True))


def _total(F: Any, v: Any, dim: int) -> Any:
    return F.sum(v, [dim], True) if len(v.shape) else v


SOFTMAX = define(
    "_softmax(self, dim)",
    _softmax,
    family="activation",
    node="SoftmaxBackward0",
    self=lambda F, g, result, dim: result * (g - _total(F, g * result, dim)),
)
LOG_SOFTMAX = define(
    "_log_softmax(self, dim)",
    _log_softmax,
    family="activation",
    node="LogSoftmaxBackward0",
    self=lambda F, g, result, dim: g - F.exp(result) * _total(F, g, dim),
)


def _make(name: str, op: Any, kernel: str) -> Any:
    def call(input: Any, dim: Any = None, dtype: Any = None, *, _stacklevel: int = 3) -> Any:
        if not isinstance(input, Tensor):
            raise errors.not_tensor(name, "input", 1, input)
        if dim is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        t = input if dtype is None else input.to(dtype)
        d = axis(dim, len(t._s))
        if t._d.category < FLOAT:
            raise errors.not_implemented(kernel, t._d.display)
        return run(op, [t, d])

    call.__name__ = call.__qualname__ = name
    publish(name, call)
    return call


softmax = _make("softmax", SOFTMAX, "softmax_lastdim_kernel_impl")
log_softmax = _make("log_softmax", LOG_SOFTMAX, "log_softmax_lastdim_kernel_impl")
