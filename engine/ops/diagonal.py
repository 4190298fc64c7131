"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.device import placed
from engine.dtype import INT
from engine.ops.api import expose, publish
from engine.ops.helpers import axis
from engine.ops.table import define, run
from engine.tensor import wrap

Raw = Any


# --- triangles and diagonals ---------------------------------------------------------------------
def _triangle(name: str, fn: Any, doc: str) -> None:
    def check(values: list[Any]) -> None:
        if not isinstance(values[1], int):
            raise TypeError(
                f"{name}(): argument 'diagonal' (position 1) must be int, not {type(values[1]).__name__}"
            )
        if len(values[0]._s) < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")

    expose(
        define(
            f"{name}(self, diagonal=0)",
            fn,
            family="shape",
            doc=doc,
            self=lambda F, g, diagonal: getattr(F, name)(g, diagonal),
        ),
        inplace=True,
        check=check,
    )


_triangle("tril", np.tril, doc="The lower triangle, zeros above the given diagonal.")
_triangle("triu", np.triu, doc="The upper triangle, zeros below the given diagonal.")


def _diagonal(a: Raw, offset: int, dim1: int, dim2: int) -> Raw:
    return _writable_diagonal(a, offset, axis(dim1, a.ndim), axis(dim2, a.ndim))


def _writable_diagonal(a: Raw, offset: int, dim1: int, dim2: int) -> Raw:
    """np.diagonal, but writable: strides add up along the diagonal."""
    start = [slice(None)] * a.ndim
    if offset >= 0:
        start[dim2] = slice(min(offset, a.shape[dim2]), None)
    else:
        start[dim1] = slice(min(-offset, a.shape[dim1]), None)
    part = a[tuple(start)]
    rest = [d for d in range(a.ndim) if d not in (dim1, dim2)]
    shape = [part.shape[d] for d in rest] + [min(part.shape[dim1], part.shape[dim2])]
    strides = [part.strides[d] for d in rest] + [part.strides[dim1] + part.strides[dim2]]
    return np.lib.stride_tricks.as_strided(part, shape, strides)


def _diagonal_back(g: Raw, sizes: Any, offset: int, dim1: int, dim2: int) -> Raw:
    out = np.zeros(sizes, g.dtype)
    _writable_diagonal(out, offset, dim1, dim2)[...] = g
    return out


DIAGONAL = define(
    "diagonal(self, offset=0, dim1=0, dim2=1)",
    _diagonal,
    family="shape",
    view=True,
    self=lambda F, g, self_sizes, offset, dim1, dim2: F.diagonal_back(
        g, self_sizes, offset, axis(dim1, len(self_sizes)), axis(dim2, len(self_sizes))
    ),
    doc="A view of a diagonal of two dimensions, as the last dimension.",
)
define(
    "_diagonal_back(self, sizes, offset, dim1, dim2)",
    _diagonal_back,
    family="shape",
    key="diagonal_back",
    self=lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2),
)


def _check_diagonal(values: list[Any]) -> None:
    n = len(values[0]._s)
    if axis(values[2], n) == axis(values[3], n):
        raise RuntimeError(f"diagonal dimensions cannot be identical {values[2]}, {values[3]}")


expose(DIAGONAL, check=_check_diagonal)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension on a diagonal."""
    d1, d2 = axis(dim1, len(input._s) + 1), axis(dim2, len(input._s) + 1)
    n = input._s[-1] + abs(offset)
    if d1 == d2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    out = run(DIAG_EMBED, [input, (*input._s[:-1], n, n), offset])
    last = len(out._s)
    return out if (d1, d2) == (last - 2, last - 1) else out.movedim((-2, -1), (d1, d2))


DIAG_EMBED = define(
    "diag_embed(self, sizes, offset)",
    lambda a, sizes, offset: _diagonal_back(a, sizes, offset, len(sizes) - 2, len(sizes) - 1),
    family="shape",
    self=lambda F, g, offset, sizes: F.diagonal(g, offset, len(sizes) - 2, len(sizes) - 1),
)


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or a matrix with a vector on its diagonal."""
    if len(input._s) == 1:
        return diag_embed(input, diagonal)
    if len(input._s) == 2:
        return run(DIAGONAL_COPY, [input, diagonal, 0, 1])
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {len(input._s)}D")


DIAGONAL_COPY = define(
    "diagonal_copy(self, offset=0, dim1=0, dim2=1)",
    lambda a, o, d1, d2: np.array(np.diagonal(a, o, d1, d2)),
    family="shape",
    node="DiagonalBackward0_copy",
    self=lambda F, g, self_sizes, offset, dim1, dim2: F.diagonal_back(
        g, self_sizes, offset, dim1, dim2
    ),
)


def diagflat(input: Any, offset: int = 0) -> Any:
    """A matrix with all elements on a diagonal."""
    return diag_embed(input.reshape(-1), offset)


def _check_trace(values: list[Any]) -> None:
    if len(values[0]._s) != 2:
        raise RuntimeError(
            "trace: expected a matrix, but got tensor with dim " + str(len(values[0]._s))
        )


def _trace_vjp(F: Any, g: Any, self_sizes: Any) -> Any:
    n = min(self_sizes)
    return F.diagonal_back(F.expand(g, (n,)), self_sizes, 0, 0, 1)


expose(
    define(
        "trace(self)",
        lambda a: np.trace(a, dtype=np.int64 if a.dtype.kind in "iu" else None),
        family="reduction",
        self=_trace_vjp,
        doc="The sum of the diagonal of a matrix.",
    ),
    check=_check_trace,
)
for _n in ("diag_embed", "diag", "diagflat"):
    publish(_n, globals()[_n], F=False)


def _indices(find: Any, row: int, col: int, offset: int, dtype: Any) -> Any:
    if dtype is not None and dtype.category != INT:
        raise errors.not_implemented(
            "tril_indices" if find is np.tril_indices else "triu_indices", dtype.display
        )
    for name, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{name} must be non-negative, got{n}")
    found = wrap(np.stack(find(row, offset, col)))
    return found if dtype is None else found.to(dtype)


@placed
def tril_indices(row: int, col: int, offset: int = 0, **kwargs: Any) -> Any:
    """Rows and columns of the lower triangle of a matrix: (2, n)."""
    return _indices(np.tril_indices, row, col, offset, kwargs.get("dtype"))


@placed
def triu_indices(row: int, col: int, offset: int = 0, **kwargs: Any) -> Any:
    """Rows and columns of the upper triangle of a matrix: (2, n)."""
    return _indices(np.triu_indices, row, col, offset, kwargs.get("dtype"))


publish("tril_indices", tril_indices, method=False, F=False)
publish("triu_indices", triu_indices, method=False, F=False)
