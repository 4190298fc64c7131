"""torch.linalg."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import later
from engine.dtype import FLOAT, complex64, complex128, float32, float64, int64
from engine.errors import LinAlgError
from engine.ops.api import FUNCTIONS
from engine.ops.combining import CROSS
from engine.ops.decompositions import cholesky, eig, eigh, failing_minor, qr, svd  # noqa: F401
from engine.ops.extremes import returns
from engine.ops.guards import in_namespace
from engine.ops.helpers import axis
from engine.ops.indefinite import ldl_factor, ldl_factor_ex, ldl_solve  # noqa: F401
from engine.ops.linalg import (  # noqa: F401
    TRIANGULAR,
    at_least_matrix,
    det,
    inverse,
    matrix_exp,
    matrix_power,
    slogdet,
    solve,
)
from engine.ops.matmul import matmul, vdot  # noqa: F401
from engine.ops.norms import VECTOR_NORM
from engine.ops.products import multi_dot  # noqa: F401
from engine.ops.pseudoinverse import LSTSQ, PINV
from engine.ops.solvers import LU_FACTOR, lu, lu_factor, lu_factor_ex, lu_solve  # noqa: F401
from engine.ops.table import run
from engine.tensor import Tensor, wrap

inv = inverse


diagonal = FUNCTIONS["diagonal"]


def vector_norm(
    x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm of all elements, or over `dim`."""
    t = x if dtype is None else x.to(dtype)
    if t._d.category < FLOAT:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {t._d.display}"
        )
    return run(
        VECTOR_NORM,
        [
            t,
            float(ord),
            None if dim is None else [dim] if isinstance(dim, int) else list(dim),
            keepdim,
        ],
    )


def norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The norm of vectors or matrices, as `ord` and `dim` say."""
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None and len(A._s) > 2:
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{len(A._s)}D."
        )
    n = len(A._s) if dim is None else 1 if isinstance(dim, int) else len(dim)
    if n == 2 or isinstance(ord, str):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Norms of matrices: "fro", "nuc", inf, 1, 2 and their negatives."""
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    at_least_matrix("linalg.matrix_norm", A)
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(
            "linalg.matrix_norm: dim must be a 2-tuple. Got " + " ".join(map(str, dim))
        )
    if ord not in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    A = A if dtype is None else A.to(dtype)
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim)
    i, j = (d % len(A._s) for d in dim)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (i, j) if abs(ord) == 1 else (j, i)
        sums = vector_norm(A, 1, first, keepdim)
        d = second - (second > first and not keepdim)
        return sums.amax(d, keepdim) if ord > 0 else sums.amin(d, keepdim)
    s = svdvals(A.movedim((i, j), (-2, -1)))
    out = (
        s.sum(-1, keepdim)
        if ord == "nuc"
        else s.amax(-1, keepdim)
        if ord == 2
        else s.amin(-1, keepdim)
    )
    return out.unsqueeze(-1).movedim((-2, -1), (i, j)) if keepdim else out


def svdvals(A: Any) -> Any:
    """The singular values of each matrix, largest first."""
    at_least_matrix("linalg.svd", A)
    return svd(A, False)[1]


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of each Hermitian matrix, smallest first."""
    return eigh(A, UPLO)[0]


def eigvals(A: Any) -> Any:
    """The eigenvalues of each square matrix, complex."""
    at_least_matrix("linalg.eigvals", A)
    return eig(A)[0]


def pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """The pseudoinverse of each matrix: (*, m, n) for (*, n, m)."""
    if len(A._s) < 2 or A._d.category < FLOAT:
        raise RuntimeError(
            f"linalg.pinv({A._d.display}{{{list(A._s)}}}): expected a tensor with 2 or more dimensions of "
            "float, double, cfloat or cdouble types"
        )
    rtol = rcond if rtol is None else rtol
    tolerance = rtol._a if isinstance(rtol, Tensor) else rtol
    if atol is not None:
        values = eigvalsh(A.detach()).abs() if hermitian else svdvals(A.detach())
        tolerance = _relative(values, atol, rtol)
    return run(PINV, [A, tolerance, hermitian])


def _relative(s: Any, atol: Any, rtol: Any) -> Any:
    """max(atol, rtol * the largest singular value) as a part of that value, as an array."""
    top = s.amax(-1)
    least = FUNCTIONS["maximum"](_as(s, atol), _as(s, 0.0 if rtol is None else rtol) * top)
    return np.asarray((least / top.clamp_min(float(np.finfo(s._d.np).tiny)))._a)


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """How many singular values are above max(atol, rtol * the largest); `tol` is the old atol."""
    at_least_matrix("torch.linalg.matrix_rank", A, "input")
    values = eigvalsh(A).abs() if hermitian else svdvals(A)
    if tol is not None:
        atol, rtol = tol, 0.0
    if rtol is None:
        eps = max(A._s[-2:]) * float(np.finfo(values._d.np).eps)
        rtol = eps if atol is None else FUNCTIONS["where"](_as(values, atol) > 0, 0.0, eps)
    if not values._s[-1]:
        return FUNCTIONS["zeros"](values._s[:-1], dtype=int64)
    least = _as(values, 0.0 if atol is None else atol)
    limit = FUNCTIONS["maximum"](least, _as(values, rtol) * values.amax(-1))
    return (values > limit.unsqueeze(-1)).sum(-1)


def _as(values: Any, number: Any) -> Any:
    """A tolerance as a tensor of the type of singular values."""
    if isinstance(number, Tensor):
        return number.to(values._d)
    return FUNCTIONS["tensor"](number, dtype=values._d)


def cond(A: Any, p: Any = None) -> Any:
    """The condition number of each matrix, in a given norm."""
    if len(A._s) < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or p in (2, -2):
        s = svdvals(A)
        ends = s.narrow(-1, 0, 1), s.narrow(-1, s._s[-1] - 1, 1)
        return (ends[1] / ends[0] if p == -2 else ends[0] / ends[1]).squeeze(-1)
    if A._s[-1] != A._s[-2]:
        raise RuntimeError(
            f"linalg.cond(ord={p}): A must be batches of square matrices, but they are {A._s[-2]} by "
            f"{A._s[-1]} matrices"
        )
    return matrix_norm(A, p) * matrix_norm(inv(A), p)


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: Any = None) -> Any:
    """The X that makes |A X - B| least; what else is returned depends on LAPACK's `driver`."""
    driver = "gelsy" if driver is None else driver
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of "
            f"(gels, gelsy, gelsd, gelss), not {driver}"
        )
    if A._d not in (float32, float64, complex64, complex128):
        raise RuntimeError("This function doesn't handle types other than float and double")
    if len(A._s) < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if not B._s:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    vector = len(B._s) == 1 or (len(B._s) == len(A._s) - 1 and B._s == A._s[:-1])
    if A._s[-2] != (B._s[-1] if vector else B._s[-2]):
        raise RuntimeError(
            "torch.linalg.lstsq: input.size(-2) should match other.size(-"
            + ("1)" if vector else "2)")
        )
    x, residuals = run(LSTSQ, [A, B.unsqueeze(-1) if vector else B, rcond, driver])
    x = x.squeeze(-1) if vector else x
    plain = A.detach()
    rank = wrap(np.zeros(0, np.int64)) if driver == "gels" else matrix_rank(plain)
    values = (
        svdvals(plain) if driver in ("gelsd", "gelss") else wrap(np.zeros(0, A._d.to_real().np))
    )
    return returns("linalg_lstsq", "solution residuals rank singular_values")(
        (x, residuals, rank, values)
    )


def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The X with A X = B for a triangular A."""
    at_least_matrix("linalg.solve_triangular", A)
    if A._s[-1] != A._s[-2]:
        raise RuntimeError(
            "linalg.solve_triangular: A must be batches of square matrices, but they are "
            f"{A._s[-2]} by {A._s[-1]} matrices"
        )
    return run(TRIANGULAR, [A, B, upper, left, unitriangular])


_cholesky_fields = returns("linalg_cholesky_ex", "L info")
_inverse_fields = returns("linalg_inv_ex", "inverse info")
_solution_fields = returns("linalg_solve_ex", "result info")


def _with_place(compute: Any, nothing: Any, place: Any, A: Any, check_errors: bool) -> Any:
    """A result and zeros, or where matrices fail nothing and the places at which they do."""
    try:
        out = compute()
        return out, wrap(np.zeros(A._s[:-2], np.int32))
    except LinAlgError:
        if check_errors:
            raise
        return nothing(), wrap(place(np.asarray(A._a)))


def _minors(a: Any) -> Any:
    out = np.zeros(a.shape[:-2], np.int32)
    for at in np.ndindex(out.shape):
        out[at] = failing_minor(a[at])
    return out


def _singular_at(a: Any) -> Any:
    return LU_FACTOR.forward(a)[2]


def _nan(t: Any) -> Any:
    return t * math.nan


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """The Cholesky factor, and the order of the minor that is not positive definite, or 0."""
    found = _with_place(
        lambda: cholesky(A, upper=upper), lambda: _nan(A).tril(), _minors, A, check_errors
    )
    return _cholesky_fields(found)


def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse, and the place of the first pivot that is zero, or 0."""
    return _inverse_fields(
        _with_place(lambda: inv(A), lambda: _nan(A), _singular_at, A, check_errors)
    )


def solve_ex(
    A: Any, B: Any, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """The X with A X = B, and the place of the first pivot of A that is zero, or 0."""
    return _solution_fields(
        _with_place(lambda: solve(A, B, left=left), lambda: _nan(B), _singular_at, A, check_errors)
    )


def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """The X whose tensordot with A is B."""
    if dims is not None:
        A = A.movedim(list(dims), [*range(len(A._s) - len(dims), len(A._s))])
    rest = list(A._s[len(B._s) :])
    n, m = math.prod(rest), math.prod(A._s[: len(B._s)])
    if not n == m == B._s.numel():
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {n} != {B._s.numel()}"
        )
    return solve(A.reshape(m, n), B.reshape(-1)).reshape(rest)


def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of a tensor under tensordot over `ind` dimensions."""
    n = math.prod(A._s[:ind])
    return inv(A.reshape(n, -1)).reshape([*A._s[ind:], *A._s[:ind]])


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product of vectors of 3 along `dim`."""
    if len(input._s) != len(other._s):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis(dim, len(input._s))
    if input._s[dim] != 3 or other._s[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._s[dim]} and {other._s[dim]}"
        )
    return run(CROSS, [input, other, dim])


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Dot products along `dim`, conjugating the first."""
    if len(x._s) == len(y._s) == 1:
        return vdot(x, y)
    return (x.conj() * y).sum(dim)


def vander(x: Any, *, N: int | None = None) -> Any:
    """Powers of the elements as columns, a Vandermonde matrix."""
    n = (x._s[-1] if x._s else 1) if N is None else N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    x = x if x._s else x.unsqueeze(0)
    powers = x.unsqueeze(-1).expand(*x._s, n - 1).cumprod(-1)
    return FUNCTIONS["cat"]([powers.new_ones((*x._s, 1)), powers], -1)


def householder_product(A: Any, tau: Any, *, out: Any = None) -> Any:
    """The first columns of the product of Householder reflections."""
    return FUNCTIONS["orgqr"](A, tau)


in_namespace("linalg_", globals())


def __getattr__(name: str) -> Any:
    return later.load(__name__, {}, name)


__all__ = ["LinAlgError"]
