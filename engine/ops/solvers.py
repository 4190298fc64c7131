"""Triangular factors: LU with row exchange and Cholesky, and solving with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.api import publish
from engine.ops.extremes import returns
from engine.ops.helpers import from_arrays
from engine.ops.linalg import _square, _t, at_least_matrix
from engine.ops.table import define, run
from engine.tensor import wrap
from engine.warning import succeeded

Raw = Any


# --- LU ------------------------------------------------------------------------------------------
def _lu_factor(a: Raw) -> tuple[Raw, Raw, Raw]:
    """L below the diagonal and U from it on, the rows exchanged (from 1), the first zero pivot."""
    k = min(a.shape[-2:])
    lu = np.array(a, np.result_type(a, np.float64))
    pivots = np.zeros((*a.shape[:-2], k), np.int32)
    info = np.zeros(a.shape[:-2], np.int32)
    for at in np.ndindex(a.shape[:-2]):
        info[at] = _eliminate(lu[at], pivots[at])
    return lu.astype(a.dtype), pivots, info


def _eliminate(m: Raw, pivots: Raw) -> int:
    zero = 0
    for k in range(len(pivots)):
        p = k + int(np.argmax(np.abs(m[k:, k].real) + np.abs(m[k:, k].imag)))  # as LAPACK
        pivots[k] = p + 1
        m[[k, p]] = m[[p, k]]
        if m[k, k] == 0:
            zero = zero or k + 1
            continue
        m[k + 1 :, k] /= m[k, k]
        m[k + 1 :, k + 1 :] -= np.outer(m[k + 1 :, k], m[k, k + 1 :])
    return zero


def _permutation(pivots: Raw, m: int, kind: Any) -> Raw:
    """The matrices P with A = P L U, from the exchanges of rows."""
    out = np.zeros((*pivots.shape[:-1], m, m), kind)
    for at in np.ndindex(pivots.shape[:-1]):
        order = np.arange(m)
        for i, p in enumerate(pivots[at] - 1):
            order[[i, p]] = order[[p, i]]
        out[at][order, np.arange(m)] = 1
    return out


def _permuting(F: Any, pivots: Any, like: Any) -> Any:
    return F.const(_permutation(F.array(pivots), like.shape[-2], F.array(like).dtype))


def _cut(F: Any, a: Any, rows: Any = (0, None), columns: Any = (0, None)) -> Any:
    n = len(a.shape)
    return F.slice_one(F.slice_one(a, n - 2, *rows), n - 1, *columns)


def _both(low: Raw, up: Raw) -> tuple[Raw, Raw]:
    return np.ascontiguousarray(low), np.ascontiguousarray(up)


def _unpack(lu: Raw, pivots: Raw = None) -> tuple[Raw, Raw]:
    k = min(lu.shape[-2:])
    low = np.tril(lu[..., :k], -1) + np.eye(lu.shape[-2], k, dtype=lu.dtype)
    return _both(low, np.triu(lu[..., :k, :]))


def _lu(a: Raw) -> tuple[Raw, Raw, Raw]:
    lu, pivots, _ = _lu_factor(a)
    return (*_unpack(lu), pivots)


def _plu_vjp(F: Any, gl: Any, gu: Any, low: Any, up: Any, pivots: Any) -> Any:
    """Through A = P L U; what is beyond the square part of L or U comes from it.

    With A' = Pᵀ A = [A1 A2] it is U2 = L⁻¹ A2, with A' = [A1; A2] it is L2 = A2 U⁻¹.
    """
    k, m, n = low.shape[-1], low.shape[-2], up.shape[-1]
    gl = F.zeros_like(low) if gl is None else F.tril(gl, -1)
    gu = F.zeros_like(up) if gu is None else F.triu(gu, 0)
    lower, upper = _cut(F, low, (0, k)), _cut(F, up, (0, None), (0, k))
    in_l = F.matmul(_t(F, lower), _cut(F, gl, (0, k)))
    in_u = F.matmul(_cut(F, gu, (0, None), (0, k)), _t(F, upper))
    if n > k:
        rest = _cut(F, gu, (0, None), (k, None))
        in_l = in_l - F.matmul(rest, _t(F, _cut(F, up, (0, None), (k, None))))
    if m > k:
        below = _cut(F, gl, (k, None))
        in_u = in_u - F.matmul(_t(F, _cut(F, low, (k, None))), below)
    inner = F.tril(in_l, -1) + F.triu(in_u, 0)
    inner = F.solve_triangular(_t(F, upper), inner, False, False, False)
    out = F.solve_triangular(_t(F, lower), inner, True, True, True)
    if n > k:
        right = F.solve_triangular(_t(F, lower), rest, True, True, True)
        out = F.cat([out, right], len(out.shape) - 1)
    if m > k:
        down = F.solve_triangular(_t(F, upper), below, False, False, False)
        out = F.cat([out, down], len(out.shape) - 2)
    return F.matmul(_permuting(F, pivots, low), out)


def _halves(F: Any, lu: Any) -> tuple[Any, Any]:
    k = min(lu.shape[-2:])
    low = F.tril(_cut(F, lu, (0, None), (0, k)), -1)
    return low + F.const(np.eye(*low.shape[-2:], dtype=F.array(lu).dtype)), F.triu(
        _cut(F, lu, (0, k)), 0
    )


def _lu_factor_vjp(F: Any, g: Any, result0: Any, result1: Any) -> Any:
    k = min(result0.shape[-2:])
    low, up = _halves(F, result0)
    gl, gu = _cut(F, g[0], (0, None), (0, k)), _cut(F, g[0], (0, k))
    return _plu_vjp(F, gl, gu, low, up, result1)


LU_FACTOR = define(
    "linalg_lu_factor_ex(self)",
    _lu_factor,
    family="matmul",
    outputs=3,
    pack=returns("linalg_lu_factor_ex", "LU pivots info"),
    self=_lu_factor_vjp,
)
LU = define(
    "linalg_lu(self)",
    _lu,
    family="matmul",
    outputs=3,
    self=lambda F, g, result0, result1, result2: _plu_vjp(F, g[0], g[1], result0, result1, result2),
)


def _unpack_vjp(F: Any, g: Any, self_sizes: Any) -> Any:
    gl, gu = g
    m, n = self_sizes[-2:]
    k = min(m, n)
    parts = []
    if gl is not None:
        low, last = F.tril(gl, -1), len(gl.shape) - 1
        lacking = F.zeros((*gl.shape[:-1], n - k), None if F.raw else gl._d)
        parts.append(F.cat([low, lacking], last) if n > k else low)
    if gu is not None:
        up, last = F.triu(gu, 0), len(gu.shape) - 2
        lacking = F.zeros((*gu.shape[:-2], m - k, n), None if F.raw else gu._d)
        parts.append(F.cat([up, lacking], last) if m > k else up)
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


LU_UNPACK = define("lu_unpack(self)", _unpack, family="matmul", outputs=2, self=_unpack_vjp)


def _lu_solve(lu: Raw, pivots: Raw, b: Raw, left: bool, adjoint: bool) -> Raw:
    low, up = _unpack(lu)
    a = _permutation(pivots, lu.shape[-2], lu.dtype) @ (low @ up)
    a = np.swapaxes(a, -1, -2).conj() if adjoint else a
    if left:
        return np.linalg.solve(a, b)
    return np.swapaxes(np.linalg.solve(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)), -1, -2)


def _lu_solve_b(F: Any, g: Any, self: Any, pivots: Any, left: bool, adjoint: bool) -> Any:
    return F.linalg_lu_solve(self, pivots, g, left, not adjoint)


def _lu_solve_lu(
    F: Any, g: Any, self: Any, pivots: Any, result: Any, left: bool, adjoint: bool
) -> Any:
    """Through the two triangular systems in which the right-hand side becomes the result."""
    x, adjoint = (result, adjoint) if left else (_t(F, result), not adjoint)
    g = g if left else _t(F, g)
    low, up = _halves(F, self)
    p = _permuting(F, pivots, self)
    if not adjoint:
        y = F.matmul(up, x)
        gy = F.solve_triangular(_t(F, up), g, False, True, False)
        gu = F.matmul(gy, _t(F, x))
        gl = F.matmul(F.solve_triangular(_t(F, low), gy, True, True, True), _t(F, y))
    else:
        v, gv = F.matmul(_t(F, p), x), F.matmul(_t(F, p), g)
        w, gw = F.matmul(_t(F, low), v), F.solve_triangular(low, gv, False, True, True)
        gl = F.matmul(v, _t(F, gw))
        gu = F.matmul(w, _t(F, F.solve_triangular(up, gw, True, True, False)))
    return -(F.tril(gl, -1) + F.triu(gu, 0))


LU_SOLVE = define(
    "linalg_lu_solve(self, pivots, B, left=True, adjoint=False)",
    _lu_solve,
    family="matmul",
    self=_lu_solve_lu,
    B=_lu_solve_b,
)


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """L and U in one matrix, the exchanges of rows, and the place of the first zero pivot."""
    at_least_matrix("torch.linalg.lu_factor", A)
    _pivoting(pivot)
    return run(LU_FACTOR, [A])


def _pivoting(pivot: bool) -> None:
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


_lu_factor_fields = returns("linalg_lu_factor", "LU pivots")
_lu_fields = returns("linalg_lu", "P L U")
_lu_unpack_fields = returns("lu_unpack", "P L U")
_with_info = returns("_lu_with_info", "LU pivots info")


def lu_factor(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """L and U in one matrix, and the exchanges of rows (counted from 1)."""
    return _lu_factor_fields(tuple(lu_factor_ex(A, pivot=pivot))[:2])


def lu(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """P, L and U whose product is the matrix: a permutation and two triangular ones."""
    at_least_matrix("linalg.lu", A)
    _pivoting(pivot)
    low, up, pivots = run(LU, [A])
    p = from_arrays(lambda a: _permutation(a, A._s[-2], A._d.np), pivots)
    return _lu_fields((p, low, up))


def lu_old(input: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """L and U in one matrix, and the exchanges of rows; torch.linalg.lu_factor is its successor."""
    succeeded(
        "lu", "torch.linalg.lu_factor / torch.linalg.lu_factor_ex and",
        "LU, pivots = torch.lu(A, compute_pivots)", "should be replaced with",
        "LU, pivots = torch.linalg.lu_factor(A, compute_pivots)", "and",
        "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)",
        "should be replaced with",
        "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
    )  # fmt: skip
    found = tuple(lu_factor_ex(input, pivot=pivot))
    return _with_info(found) if get_infos else found[:2]


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True,
    *, out: Any = None,
) -> Any:  # fmt: skip
    """P, L and U from what lu_factor gives."""
    nothing = wrap(np.zeros(0, LU_data._d.np))
    low, up = run(LU_UNPACK, [LU_data]) if unpack_data else (nothing, nothing)
    if not unpack_pivots:
        return _lu_unpack_fields((nothing, low, up))
    p = from_arrays(lambda a: _permutation(a, LU_data._s[-2], LU_data._d.np), LU_pivots)
    p = p.to(LU_data._d)
    return _lu_unpack_fields((p, low, up))


def lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False, out: Any = None
) -> Any:
    """The X with A X = B, or X A = B, from what lu_factor gives for A."""
    _square("torch.linalg.lu_solve", LU)
    return run(LU_SOLVE, [LU, pivots, B, left, adjoint])


def lu_solve_old(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """The X with A X = b, from what lu_factor gives for A."""
    succeeded(
        "lu_solve", "torch.linalg.lu_solveand",
        "Note that torch.linalg.lu_solve has its arguments reversed.",
        "X = torch.lu_solve(B, LU, pivots)", "should be replaced with",
        "X = torch.linalg.lu_solve(LU, pivots, B)",
    )  # fmt: skip
    return lu_solve(LU_data, LU_pivots, b)


# --- Cholesky ------------------------------------------------------------------------------------
def _whole(low: Raw, upper: bool) -> Raw:
    triangle = np.swapaxes(np.triu(low), -1, -2).conj() if upper else np.tril(low)
    return triangle @ np.swapaxes(triangle, -1, -2).conj()


def _of_factor(F: Any, common: Any, factor: Any, upper: bool) -> Any:
    """The gradient of a Cholesky factor from that of A⁻¹, already between two A⁻¹."""
    common = common + _t(F, common)
    return -F.matmul(factor, common) if upper else -F.matmul(common, factor)


CHOLESKY_SOLVE = define(
    "cholesky_solve(self, L, upper=False)",
    lambda b, low, upper=False: np.linalg.solve(_whole(low, upper), b),
    family="matmul",
    self=lambda F, g, L, upper, self_sizes: F.sum_to(F.cholesky_solve(g, L, upper), self_sizes),
    L=lambda F, g, L, result, upper, L_sizes: F.sum_to(
        _of_factor(F, F.matmul(F.cholesky_solve(g, L, upper), _t(F, result)), L, upper), L_sizes
    ),
    doc="The X with A X = input, from the Cholesky factor L of A.",
)
CHOLESKY_INVERSE = define(
    "cholesky_inverse(self, upper=False)",
    lambda low, upper=False: np.linalg.inv(_whole(low, upper)),
    family="matmul",
    self=lambda F, g, self, result, upper: _of_factor(
        F, F.matmul(F.matmul(result, g), result), self, upper
    ),
    doc="The inverse of A, from its Cholesky factor.",
)


def cholesky_solve(B: Any, L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The X with A X = B, from the Cholesky factor L of A."""
    return run(CHOLESKY_SOLVE, [B, L, upper])


def cholesky_inverse(L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The inverse of A, from its Cholesky factor L."""
    _square("cholesky_inverse", L)
    return run(CHOLESKY_INVERSE, [L, upper])


# --- one triangle --------------------------------------------------------------------------------
def _triangular(b: Raw, a: Raw, upper: bool, transpose: bool, unitriangular: bool) -> Any:
    m = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        m = m * (1 - np.eye(m.shape[-1], dtype=m.dtype)) + np.eye(m.shape[-1], dtype=m.dtype)
    return np.linalg.solve(np.swapaxes(m, -1, -2) if transpose else m, b), np.array(a)


def _triangular_vjp(
    F: Any, g: Any, self: Any, A: Any, result0: Any, upper: bool, transpose: bool,
    unitriangular: bool, needs: Any,
) -> Any:  # fmt: skip
    gx, ga = g
    if gx is None:
        return None, ga
    gb = F.solve_triangular(
        F.conj(A) if transpose else _t(F, A),
        gx,
        upper if transpose else not upper,
        True,
        unitriangular,
    )
    inner = -F.matmul(gb, _t(F, result0))
    inner = inner.mT if transpose else inner
    k = int(unitriangular)
    inner = F.triu(inner, k) if upper else F.tril(inner, -k)
    return gb if needs[0] else None, inner if ga is None else inner + ga


TRIANGULAR_SOLVE = define(
    "triangular_solve(self, A, upper=True, transpose=False, unitriangular=False)",
    _triangular,
    family="matmul",
    outputs=2,
    joint=_triangular_vjp,
    wrt="self A",
    pack=returns("triangular_solve", "solution cloned_coefficient"),
)


def triangular_solve(
    b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False,
    *, out: Any = None,
) -> Any:  # fmt: skip
    """The X with A X = b for a triangular A; torch.linalg.solve_triangular is its successor."""
    _square("triangular_solve", A)
    succeeded(
        "triangular_solve", "torch.linalg.solve_triangularand",
        "torch.linalg.solve_triangular has its arguments reversed and does not return a copy of one "
        "of the inputs.",
        "X = torch.triangular_solve(B, A).solution", "should be replaced with",
        "X = torch.linalg.solve_triangular(A, B).",
    )  # fmt: skip
    return run(TRIANGULAR_SOLVE, [b, A, upper, transpose, unitriangular])


publish("cholesky_solve", cholesky_solve, F=False)
publish("cholesky_inverse", cholesky_inverse, F=False)
publish("lu", lu_old, F=False)
publish("lu_unpack", lu_unpack, method=False, F=False)
publish("lu_solve", lu_solve_old, F=False)
publish("triangular_solve", triangular_solve, F=False)
