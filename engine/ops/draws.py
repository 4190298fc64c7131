"""Filling tensors with random numbers in place, from PyTorch's streams."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import FLOAT, FROM_NP, cast
from engine.ops import inplace
from engine.ops.api import publish
from engine.ops.helpers import drawing
from engine.ops.randomness import need_float, source
from engine.ops.strides import is_contiguous
from engine.ops.table import define
from engine.tensor import Tensor


def _put(t: Any, values: Any, name: str, params: dict[str, Any]) -> Any:
    """Write drawn values in memory order."""
    op = _WRITES[name]
    v = np.asarray(values).reshape(t._s) if is_contiguous(t) else _in_memory_order(t, values)
    return inplace.store(op, [t, *params.values()], v, t._g is not None)


def _in_memory_order(t: Any, values: Any) -> Any:
    out = np.empty_like(t._a)
    order = np.argsort([-s for s in t._a.strides], kind="stable")
    out.transpose(order)[...] = np.asarray(values).reshape([t._s[i] for i in order])
    return out


def _zero(F: Any, g: Any) -> Any:
    return F.zeros_like(g)


_WRITES = {
    name: define(f"{name}(self{args})", lambda a, *rest: a, family="random", self=_zero)
    for name, args in {
        "uniform": ", low, high",
        "normal": ", mean, std",
        "random": ", low, high",
        "bernoulli_fill": ", p",
        "exponential": ", lambd",
        "geometric": ", p",
        "cauchy": ", median, sigma",
        "log_normal": ", mean, std",
    }.items()
}


def _begin(t: Any, name: str) -> None:
    inplace.check(t, name)


@drawing("in place")
def uniform_(self: Any, a: float = 0.0, b: float = 1.0, *, generator: Any = None, **kw: Any) -> Any:
    a, b = kw.get("from", a), kw.get("to", b)
    _begin(self, "uniform_")
    need_float(self._d, "check_uniform_bounds")
    v = source(generator).uniform(self._s, self._d.name, float(a), float(b))
    return _put(self, v, "uniform", {"low": a, "high": b})


@drawing("in place")
def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
    _begin(self, "normal_")
    need_float(self._d, "normal_kernel_cpu")
    v = source(generator).normal(
        self._s, self._d.name, float(mean), float(std), is_contiguous(self)
    )
    return _put(self, v, "normal", {"mean": mean, "std": std})


@drawing("in place")
def random_(
    self: Any, low: Any = None, high: Any = None, *, generator: Any = None, **kw: Any
) -> Any:
    low, high = kw.get("from", low), kw.get("to", high)
    _begin(self, "random_")
    stream = source(generator)
    if low is None:
        v = stream.random_full_range(self._d.name, self._s)
    else:
        low, high = (0, low) if high is None else (low, high)
        v = stream.randint(int(low), int(high), self._s)
    return _put(self, cast(v, FROM_NP[v.dtype], self._d), "random", {"low": low, "high": high})


@drawing("in place")
def bernoulli_(self: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    _begin(self, "bernoulli_")
    stream = source(generator)
    v = (
        stream.bernoulli_tensor(np.broadcast_to(p._a, self._s))
        if isinstance(p, Tensor)
        else stream.bernoulli(float(p), self._s)
    )
    return _put(self, v.astype(self._d.np), "bernoulli_fill", {"p": p})


#: How C++ spells integer types where PyTorch prints the type itself.
_LONG_NAMES = {"int64": "long int", "int32": "int", "int16": "short int", "uint8": "unsigned char"}


def _continuous(t: Any, name: str, shown: str) -> None:
    if t._d.category < FLOAT:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {shown}"
        )


@drawing("in place")
def exponential_(self: Any, lambd: float = 1.0, *, generator: Any = None) -> Any:
    _begin(self, "exponential_")
    _continuous(self, "Exponential", self._d.display)
    return _put(
        self,
        source(generator).exponential(self._s, self._d.name, lambd),
        "exponential",
        {"lambd": lambd},
    )


@drawing("in place")
def geometric_(self: Any, p: float, *, generator: Any = None) -> Any:
    _begin(self, "geometric_")
    return _put(self, source(generator).geometric(p, self._s, self._d.name), "geometric", {"p": p})


@drawing("in place")
def cauchy_(self: Any, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Any:
    _begin(self, "cauchy_")
    _continuous(self, "Cauchy", _LONG_NAMES.get(self._d.name, self._d.display))
    return _put(
        self,
        source(generator).cauchy(self._s, self._d.name, median, sigma),
        "cauchy",
        {"median": median, "sigma": sigma},
    )


@drawing("in place")
def log_normal_(self: Any, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Any:
    _begin(self, "log_normal_")
    return _put(
        self,
        source(generator).log_normal(self._s, self._d.name, mean, std),
        "log_normal",
        {"mean": mean, "std": std},
    )


for _name in (
    "uniform_", "normal_", "random_", "bernoulli_", "exponential_", "geometric_", "cauchy_",
    "log_normal_",
):  # fmt: skip
    publish(_name, globals()[_name], function=False, F=False)
