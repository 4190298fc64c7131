"""Small algebra on rows: cross and Kronecker products, grids, differences, combinations."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from engine.ops.api import FUNCTIONS, publish
from engine.ops.helpers import axis
from engine.ops.shape import UNSAFE_VIEW
from engine.ops.table import (
    PROMOTE,
    define,
    run,
)
from engine.tensor import Tensor, wrap
from engine.warning import warn

Raw = Any


def _cross(a: Raw, b: Raw, dim: int) -> Raw:
    return np.cross(a, b, axis=dim)


CROSS = define(
    "linalg_cross(self, other, dim=-1)",
    _cross,
    PROMOTE,
    family="pointwise",
    self=lambda F, g, other, dim: F.linalg_cross(F.conj(other), g, dim),
    other=lambda F, g, self, dim: F.linalg_cross(g, F.conj(self), dim),
)


@functools.cache
def _warn_about_cross() -> None:
    warn(
        "Using torch.cross without specifying the dim arg is deprecated.\n"
        "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
        "The default value of dim will change to agree with that of linalg.cross in a future "
        "release. (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Cross.cpp:63.)"
    )


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of vectors of 3 along `dim`."""
    if dim is None:
        _warn_about_cross()
        dim = next((i for i, s in enumerate(input._s) if s == 3), -1)
    if input._s[axis(dim, len(input._s))] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._s[dim]} and {other._s[dim]}"
        )
    return run(CROSS, [input, other, dim])


publish("cross", cross, F=False)


def kron(input: Any, other: Any) -> Any:
    """The Kronecker product: each element of input times all of `other`."""
    n = max(len(input._s), len(other._s))
    a = input.reshape((1,) * (n - len(input._s)) + tuple(input._s))
    b = other.reshape((1,) * (n - len(other._s)) + tuple(other._s))
    x = a.reshape([v for s in a._s for v in (s, 1)])
    y = b.reshape([v for s in b._s for v in (1, s)])
    return run(UNSAFE_VIEW, [x * y, tuple(p * q for p, q in zip(a._s, b._s, strict=True))])


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Grids of the coordinates that vectors span."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
        )
    ts = list(tensors)
    if indexing not in (None, "xy", "ij"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    places = list(range(len(ts)))
    if indexing == "xy" and len(ts) >= 2:
        places[:2] = [1, 0]
    shape = [ts[p].numel() for p in places]
    return tuple(
        t.reshape([-1 if k == p else 1 for k in range(len(ts))]).expand(*shape)
        for t, p in zip(ts, places, strict=True)
    )


def _vector(t: Any) -> None:
    if len(t._s) != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(t._s)}")


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element from each vector, as rows."""
    for t in tensors:
        _vector(t)
    if len(tensors) == 1:
        return tensors[0]
    return FUNCTIONS["stack"]([g.reshape(-1) for g in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All combinations of r elements of a vector, as rows."""
    _vector(input)
    pick = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = list(pick(range(input.numel()), r))
    return input[wrap(np.array(index, np.int64).reshape(-1, r))]


def block_diag(*tensors: Any) -> Any:
    """A matrix with the given matrices along its diagonal, zeros elsewhere."""
    for i, t in enumerate(tensors):
        if len(t._s) > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {i} has {len(t._s)} dimensions"
            )
    ts = [t.reshape(1, -1) if len(t._s) < 2 else t for t in tensors]
    width = sum(t._s[1] for t in ts)
    rows, start = [], 0
    for t in ts:
        left = FUNCTIONS["zeros"](t._s[0], start, dtype=t._d)
        right = FUNCTIONS["zeros"](t._s[0], width - start - t._s[1], dtype=t._d)
        rows.append(FUNCTIONS["cat"]([left, t, right], 1))
        start += t._s[1]
    return FUNCTIONS["cat"](rows, 0)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of the elements as columns, a Vandermonde matrix."""
    if len(x._s) != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x._s[0] if N is None else N
    cols = [x**i for i in range(n)]
    return FUNCTIONS["stack"](cols if increasing else cols[::-1], -1)


def atleast(n: int) -> Any:
    from engine.ops.joining import _atleast

    def call(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return _atleast(n, tensors[0])
        items = tensors[0] if len(tensors) == 1 else tensors
        return tuple(_atleast(n, t) for t in items)

    return call


for _n in ("kron",):
    publish(_n, globals()[_n], F=False)
for _n in ("meshgrid", "cartesian_prod", "combinations", "block_diag", "vander"):
    publish(_n, globals()[_n], method=False, F=False)
for _i, _doc in (
    (1, "The tensors, with one dimension where they have none."),
    (2, "The tensors, with dimensions of size 1 put in front up to 2."),
    (3, "The tensors, with dimensions of size 1 put around up to 3."),
):
    publish(f"atleast_{_i}d", atleast(_i), method=False, F=False, doc=_doc)
