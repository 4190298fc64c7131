"""Small algebra on rows: cross and Kronecker products, grids, differences, combinations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, FLOAT, int64, promote_types
from engine.errors import type_name
from engine.ops.api import FUNCTIONS, publish
from engine.ops.helpers import axis
from engine.ops.promote import result_dtype
from engine.ops.shape import UNSAFE_VIEW
from engine.ops.table import (
    PROMOTE,
    define,
    run,
)
from engine.tensor import Tensor, wrap
from engine.warning import once, warn

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


def _warn_about_cross() -> None:
    once(
        "Using torch.cross without specifying the dim arg is deprecated.\n"
        "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
        "The default value of dim will change to agree with that of linalg.cross in a future "
        "release. (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Cross.cpp:63.)"
    )


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of vectors of 3 along `dim`."""
    if len(input._s) != len(other._s):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if dim is None:
        _warn_about_cross()
        found = next((i for i, s in enumerate(input._s) if s == 3), None)
        if found is None:
            raise RuntimeError("no dimension of size 3 in input")
        dim = found
    if input._s[axis(dim, len(input._s))] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._s[dim]} and {other._s[dim]}"
        )
    if input._d is not other._d:
        raise RuntimeError(f"expected scalar type {input._d.display} but found {other._d.display}")
    wrong = errors.unbroadcastable([input._s, other._s])
    if wrong is not None:
        raise wrong
    return run(CROSS, [input, other, dim])


publish("cross", cross, F=False)


def kron(input: Any, other: Any) -> Any:
    """The Kronecker product: each element of input times all of `other`."""
    n = max(len(input._s), len(other._s))
    a = (1,) * (n - len(input._s)) + tuple(input._s)
    b = (1,) * (n - len(other._s)) + tuple(other._s)
    x = run(UNSAFE_VIEW, [input, tuple(v for s in a for v in (s, 1))])
    y = run(UNSAFE_VIEW, [other, tuple(v for s in b for v in (1, s))])
    return run(UNSAFE_VIEW, [x * y, tuple(p * q for p, q in zip(a, b, strict=True))])


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Grids of the coordinates that vectors span."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type_name(t)}")
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
        )
    ts = list(tensors)
    if indexing not in (None, "xy", "ij"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if not ts:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for t in ts:
        if len(t._s) > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: " + _in_c(t)
            )
        if t._d is not ts[0]._d:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    places = list(range(len(ts)))
    if indexing == "xy" and len(ts) >= 2:
        places[:2] = [1, 0]
    shape = [ts[p].numel() for p in places]
    return tuple(
        t.reshape([-1 if k == p else 1 for k in range(len(ts))]).expand(shape)
        for t, p in zip(ts, places, strict=True)
    )


def _in_c(t: Any) -> str:
    """A matrix as C++ prints it."""
    a = np.asarray(t._a, np.float64).reshape(t._s[0], -1) if len(t._s) > 1 else np.atleast_2d(t._a)
    whole = bool((a == np.floor(a)).all())
    digits = len(str(int(np.abs(a).max()))) if a.size else 1
    width = digits + 1 if whole else digits + 6
    rows = [" ".join(f"{v:{width}.{0 if whole else 4}f}" for v in row) for row in a]
    return "\n".join(rows) + f"\n[ {t._d.legacy}{{{','.join(map(str, t._s))}}} ]"


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
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if not r:
        return FUNCTIONS["empty"](0, dtype=input._d)
    n = input.numel()
    chosen = np.zeros((n,) * r, bool)
    for index in pick(range(n), r):
        chosen[index] = True
    mask = wrap(chosen)
    return FUNCTIONS["stack"](
        [g.masked_select(mask) for g in meshgrid(*[input] * r, indexing="ij")], 1
    )


def _corners(sizes: Sequence[Sequence[int]]) -> Iterator[tuple[slice, slice, tuple[int, ...]]]:
    """Where each block lies: its rows, its columns, its own shape."""
    row = col = 0
    for size in sizes:
        n, m = (1,) * (2 - len(size)) + tuple(size)
        yield slice(row, row + n), slice(col, col + m), tuple(size)
        row, col = row + n, col + m


def _block_diag(blocks: Sequence[Raw]) -> Raw:
    places = list(_corners([np.shape(b) for b in blocks]))
    shape = (places[-1][0].stop, places[-1][1].stop) if places else (1, 0)
    out = np.zeros(shape, blocks[0].dtype if blocks else np.float32)
    for (rows, cols, _), b in zip(places, blocks, strict=True):
        out[rows, cols] = b
    return out


def _block_diag_vjp(F: Any, g: Any, tensors_sizes: Any, needs: Any) -> list[Any]:
    return [
        g[rows, cols].reshape(size) if need else None
        for (rows, cols, size), need in zip(_corners(tensors_sizes), needs, strict=True)
    ]


BLOCK_DIAG = define(
    "block_diag(tensors)", _block_diag, family="shape", listed=True, tensors=_block_diag_vjp
)


def block_diag(*tensors: Any) -> Any:
    """A matrix with the given matrices along its diagonal, zeros elsewhere."""
    for i, t in enumerate(tensors):
        if len(t._s) > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {i} has {len(t._s)} dimensions"
            )
    d = result_dtype(list(tensors)) if tensors else None
    return run(BLOCK_DIAG, [[t if t._d is d else t.to(d) for t in tensors]])


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of the elements as columns, a Vandermonde matrix."""
    if len(x._s) != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x._s[0] if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if x._d.category <= BOOL:
        x = x.to(int64)
    out = FUNCTIONS["empty"](
        x._s[0], n, dtype=promote_types(x._d, int64) if x._d.category < FLOAT else x._d
    )
    if n > 0:
        out.select(1, 0).fill_(1)
    if n > 1:
        rest = out.narrow(1, 1, n - 1)
        rest.copy_(x.unsqueeze(1))
        rest.copy_(rest.cumprod(1))
    return out if increasing else out.flip(1)


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
