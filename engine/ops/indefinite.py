"""Symmetric and Hermitian matrices that need not be definite: L D Lᵀ with pivots, and what it solves.

D has blocks of one or two rows (Bunch and Kaufman, 1977). LD and pivots are laid out as LAPACK's
sytrf does for the lower triangle: a positive pivot p exchanges its row with row p, a negative pair
stands for a block of two, whose second row is exchanged.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtype import INT
from engine.ops.extremes import returns
from engine.ops.linalg import _square
from engine.ops.table import define, run, undifferentiable
from engine.tensor import Tensor

Raw = Any
#: How large a diagonal element must be beside its column to be a block of its own.
_ALPHA = (1 + math.sqrt(17)) / 8


def _size(v: Raw) -> Raw:
    return np.abs(v.real) + np.abs(v.imag) if v.dtype.kind == "c" else np.abs(v)


def _largest(v: Raw) -> tuple[int, float]:
    sizes = _size(v)
    place = int(sizes.argmax()) if sizes.size else 0
    return place, float(sizes[place]) if sizes.size else 0.0


def _choose(a: Raw, k: int) -> tuple[int, int]:
    """The row to exchange for the block that begins at `k`, and how many rows the block has."""
    own = float(_size(a[k, k]))
    place, column = _largest(a[k + 1 :, k])
    if max(own, column) == 0 or own >= _ALPHA * column:
        return k, 1
    i = k + 1 + place
    row = max(_largest(a[i, k:i])[1], _largest(a[i + 1 :, i])[1])
    if own >= _ALPHA * column * (column / row):
        return k, 1
    return (i, 1) if float(_size(a[i, i])) >= _ALPHA * row else (i, 2)


def _exchange(a: Raw, k: int, at: int, i: int, hermitian: bool) -> None:
    """Exchange the rows and columns `at` and `i` of what is left of the lower triangle from `k` on."""
    below, between = slice(i + 1, None), slice(at + 1, i)
    a[below, [at, i]] = a[below, [i, at]]
    kept = a[between, at].copy()
    a[between, at] = a[i, between].conj() if hermitian else a[i, between]
    a[i, between] = kept.conj() if hermitian else kept
    if hermitian:
        a[i, at] = a[i, at].conj()
    a[[at, i], [at, i]] = a[[i, at], [i, at]]
    if at > k:
        a[[at, i], k] = a[[i, at], k]


def _block(a: Raw, k: int, hermitian: bool) -> Raw:
    """The block of two rows that begins at `k`."""
    other = a[k + 1, k].conj() if hermitian else a[k + 1, k]
    return np.array([[a[k, k], other], [a[k + 1, k], a[k + 1, k + 1]]], a.dtype)


def _reduce(a: Raw, k: int, rows: int, hermitian: bool) -> None:
    """Subtract a block's part from the rest, and put its columns of L in their place."""
    rest = slice(k + rows, None)
    old = a[rest, k : k + rows].copy()
    turned = old.T.conj() if hermitian else old.T
    if rows == 1:
        new = old / a[k, k]
    else:
        new = np.linalg.solve(_block(a, k, hermitian).T, old.T).T
    a[rest, rest] -= np.tril(new @ turned)
    a[rest, k : k + rows] = new
    if hermitian and a.dtype.kind == "c":
        n = np.arange(k + rows, len(a))
        a[n, n] = a[n, n].real


def _factor_one(a: Raw, pivots: Raw, hermitian: bool) -> int:
    """Factor one matrix in place; the place (from 1) of a zero on the diagonal of D, or 0."""
    k = bad = 0
    while k < len(a):
        i, rows = _choose(a, k)
        at = k + rows - 1
        if i != at:
            _exchange(a, k, at, i, hermitian)
        if rows == 1 and a[k, k] == 0:
            bad = bad or k + 1
        elif k + rows < len(a):
            _reduce(a, k, rows, hermitian)
        pivots[k : k + rows] = i + 1 if rows == 1 else -(i + 1)
        k += rows
    return bad


def _factor(a: Raw, hermitian: bool) -> tuple[Raw, Raw, Raw]:
    ld = np.tril(a)
    if hermitian and ld.dtype.kind == "c":
        n = np.arange(ld.shape[-1])
        ld[..., n, n] = ld[..., n, n].real
    pivots, info = np.zeros(a.shape[:-1], np.int32), np.zeros(a.shape[:-2], np.int32)
    for place in np.ndindex(*a.shape[:-2]):
        info[place] = _factor_one(ld[place], pivots[place], hermitian)
    return ld, pivots, info


def _swap(b: Raw, i: int, k: int) -> None:
    if i != k:
        b[[i, k]] = b[[k, i]]


def _solve_one(a: Raw, pivots: Raw, b: Raw, hermitian: bool) -> None:
    """Solve for one matrix, in place of its right-hand sides."""
    turned = a.conj() if hermitian else a
    k, n = 0, len(a)
    while k < n:
        rows = 1 if pivots[k] > 0 else 2
        _swap(b, k + rows - 1, abs(int(pivots[k])) - 1)
        block = slice(k, k + rows)
        b[k + rows :] -= a[k + rows :, block] @ b[block]
        b[block] = (
            b[block] / a[k, k] if rows == 1 else np.linalg.solve(_block(a, k, hermitian), b[block])
        )
        k += rows
    while k > 0:
        rows = 1 if pivots[k - 1] > 0 else 2
        k -= rows
        block = slice(k, k + rows)
        b[block] -= turned[k + rows :, block].T @ b[k + rows :]
        _swap(b, k + rows - 1, abs(int(pivots[k])) - 1)


def _solve(ld: Raw, pivots: Raw, b: Raw, hermitian: bool) -> Raw:
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    ld = np.broadcast_to(ld, (*batch, *ld.shape[-2:]))
    pivots = np.broadcast_to(pivots, (*batch, pivots.shape[-1]))
    out = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    for place in np.ndindex(*batch):
        _solve_one(ld[place], pivots[place], out[place], hermitian)
    return out


FACTOR = define(
    "linalg_ldl_factor_ex(self, hermitian)", _factor, family="matmul", outputs=3,
    node="NotImplemented", pack=returns("linalg_ldl_factor_ex", "LD pivots info"),
    self=undifferentiable("linalg_ldl_factor_ex"),
    doc="L D L^T of symmetric matrices, with pivots.",
)  # fmt: skip
SOLVE = define(
    "linalg_ldl_solve(self, pivots, B, hermitian)", _solve, family="matmul", node="NotImplemented",
    self=undifferentiable("linalg_ldl_solve"), B=undifferentiable("linalg_ldl_solve"),
    doc="X with A X = B, from the factors of A.",
)  # fmt: skip
_fields = returns("linalg_ldl_factor", "LD pivots")


def _factored(name: str, A: Any, hermitian: bool, check_errors: bool) -> Any:
    _square("torch.linalg.ldl_factor_ex", A)
    result = run(FACTOR, [A, hermitian])
    bad = int(result.info.max()) if check_errors and result.info.numel() else 0
    if bad:
        raise RuntimeError(f"torch.linalg.{name}: the element {bad} on the diagonal of D is zero.")
    return result


def ldl_factor(A: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """LD and pivots of symmetric (or Hermitian) matrices."""
    return _fields(_factored("ldl_factor", A, hermitian, True)[:2])


def ldl_factor_ex(
    A: Any, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """LD and pivots, and where D has a zero."""
    return _factored("ldl_factor_ex", A, hermitian, check_errors)


def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False, out: Any = None) -> Tensor:
    """X with A X = B, from what `ldl_factor` gave for A."""
    if len(B._s) < 2:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got -2)")
    if LD._s[-1] != B._s[-2]:
        raise RuntimeError(
            "Incompatible matrix sizes for torch.linalg.ldl_solve: each A matrix is "
            f"{LD._s[-1]} by {LD._s[-1]} but each b matrix is {B._s[-2]} by {B._s[-1]}"
        )
    if tuple(LD._s[:-1]) != tuple(pivots._s):
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected LD.shape[:-1] and pivots.shape to be the same, but "
            f"got pivots with shape {list(pivots._s)} instead"
        )
    if pivots._d.category != INT:
        raise RuntimeError(
            f"torch.linalg.ldl_solve: Expected pivots to be integers. Got {pivots._d.display}"
        )
    if LD._d is not B._d:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {B._d.display} and A of "
            f"type {LD._d.display} instead."
        )
    return run(SOLVE, [LD, pivots, B, hermitian])  # type: ignore[no-any-return]
