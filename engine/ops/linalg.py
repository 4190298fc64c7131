"""Linear algebra on matrices: solving, determinants, powers and exponentials, distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtype import FLOAT
from engine.errors import LinAlgError
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.extremes import returns
from engine.ops.reduction import products_of_others
from engine.ops.table import define, run
from engine.tensor import wrap

Raw = Any


def at_least_matrix(name: str, t: Any, argument: str = "A") -> None:
    """Raise if a tensor is no matrix or batch of matrices."""
    if len(t._s) < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")


def _square(name: str, t: Any) -> None:
    at_least_matrix(name, t)
    if t._s[-1] != t._s[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {t._s[-2]} by {t._s[-1]} matrices"
        )
    if t._d.category < FLOAT:
        _refuse_integers(name, t)


def _refuse_integers(name: str, t: Any) -> None:
    raise RuntimeError(
        f"{name}: Expected a floating point or complex tensor as input. Got {t._d.display}"
    )


def _singular(name: str, a: Raw) -> LinAlgError:
    if a.ndim == 2:
        n = _zero_pivot(a)
        return LinAlgError(
            f"{name}: The diagonal element {n} is zero, the inversion could not be completed because the input matrix is singular."
            if "inv" in name
            else f"{name}: The solver failed because the input matrix is singular."
        )
    return LinAlgError(
        f"{name}: (Batch element 0): The solver failed because the input matrix is singular."
    )


def _zero_pivot(a: Raw) -> int:
    """The 1-based place of the first zero pivot of Gaussian elimination with row exchange."""
    m = np.array(a, np.complex128 if a.dtype.kind == "c" else np.float64)
    n = len(m)
    for k in range(n):
        p = k + int(np.argmax(np.abs(m[k:, k])))
        if m[p, k] == 0:
            return k + 1
        m[[k, p]] = m[[p, k]]
        m[k + 1 :, k:] -= np.outer(m[k + 1 :, k] / m[k, k], m[k, k:])
    return n


def _t(F: Any, a: Any) -> Any:
    return F.conj(a.mT)


def _inv(a: Raw) -> Raw:
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        raise _singular("linalg.inv", a) from None


INV = define(
    "linalg_inv_ex(self)",
    _inv,
    family="matmul",
    node="LinalgInvExBackward0",
    key="inverse",
    self=lambda F, g, result: -F.matmul(_t(F, result), F.matmul(g, _t(F, result))),
)


def _det_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    if not F.raw:
        return _det_graph(F, g, self, result)
    a = F.array(self)
    if np.all(np.asarray(F.array(result)) != 0):
        return _t(F, F.inverse(self)) * (g * F.conj(result)).reshape((*g.shape, 1, 1))
    return F.const(_cofactors(a)) * g.reshape((*g.shape, 1, 1))


def _det_graph(F: Any, g: Any, self: Any, result: Any) -> Any:
    """The gradient as operations that can be differentiated again, singular or not."""
    det = np.abs(np.asarray(F.elements(result)))
    singular = det < 100 * np.finfo(det.dtype).eps
    if not singular.any():
        return _t(F, F.inverse(self)) * (g * F.conj(result)).reshape((*g.shape, 1, 1))
    F.array(result)  # for singular matrices one by one, inside of a map too
    if not det.ndim:
        return _adjugate(F, g, self)
    parts = [_det_graph(F, g[i], self[i], result[i]) for i in range(len(det))]
    return FUNCTIONS["stack"](parts)


def _adjugate(F: Any, g: Any, a: Any) -> Any:
    """`g` times the adjugate, conjugated and transposed, through the singular values.

    https://nhigham.com/2020/06/16/what-is-the-adjugate-of-a-matrix/
    """
    u, s, vh = F.linalg_svd(a)
    alpha = F.conj(F.linalg_det(u) * F.linalg_det(vh)) * g
    return (u * (alpha * products_of_others(F, s, 0))).matmul(vh)


def _cofactors(a: Raw) -> Raw:
    out = np.zeros_like(a)
    n = a.shape[-1]
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(a, i, -2), j, -1)
            out[..., i, j] = (-1) ** (i + j) * (np.linalg.det(minor) if n > 1 else 1)
    return out


DET = define(
    "linalg_det(self)",
    lambda a: np.linalg.det(a),
    family="matmul",
    node="LinalgDetBackward0",
    self=_det_vjp,
)
SLOGDET = define(
    "linalg_slogdet(self)",
    lambda a: tuple(np.linalg.slogdet(a)),
    family="matmul",
    outputs=2,
    pack=returns("linalg_slogdet", "sign logabsdet"),
    node="LinalgSlogdetBackward0",
    self=lambda F, g, self: _slogdet_vjp(F, g, self),
)


def _slogdet_vjp(F: Any, g: Any, self: Any) -> Any:
    v = g[1]
    return _t(F, F.inverse(self)) * v.reshape((*v.shape, 1, 1)) if v is not None else None


def _solve(a: Raw, b: Raw, left: bool = True) -> Raw:
    if not left:
        a, b = np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)
        return np.swapaxes(_solve(a, b), -1, -2)
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    try:
        return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise _singular("torch.linalg.solve", a) from None


def _solve_b(F: Any, g: Any, self: Any, left: bool) -> Any:
    return F.linalg_solve(_t(F, self), g, left)


def _solve_a(F: Any, g: Any, self: Any, result: Any, left: bool) -> Any:
    gb = F.linalg_solve(_t(F, self), g, left)
    if not left:
        return -F.matmul(_t(F, result), gb)
    if len(result.shape) == len(self.shape) - 1:
        return -F.matmul(
            gb.reshape((*gb.shape, 1)),
            F.conj(result.reshape((*result.shape[:-1], 1, result.shape[-1]))),
        )
    return -F.matmul(gb, _t(F, result))


SOLVE = define(
    "linalg_solve(self, other, left=True)",
    _solve,
    family="matmul",
    node="LinalgSolveExBackward0",
    self=_solve_a,
    other=lambda F, g, self, other_sizes, left: F.sum_to(_solve_b(F, g, self, left), other_sizes),
)


def _diag_part(a: Raw) -> Raw:
    return a * np.eye(a.shape[-1], dtype=a.dtype)


define(
    "_diag_part(self)",
    _diag_part,
    family="matmul",
    key="diag_part",
    self=lambda F, g: F.diag_part(g),
)


# --- exponential ---------------------------------------------------------------------------------
def _expm(a: Raw) -> Raw:
    """The matrix exponential by scaling, a Padé quotient of order 13 in double precision, squaring."""
    x = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    norm = np.abs(x).sum(-2).max() if x.size else 0.0
    s = max(0, math.ceil(math.log2(norm / 5.37)) if norm > 5.37 else 0)
    x = x / 2**s
    c = [1.0]
    for k in range(1, 14):
        c.append(c[-1] * (14 - k) / (k * (27 - k)))
    eye = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    p, q, power = c[0] * eye, c[0] * eye, eye
    for k in range(1, 14):
        power = power @ x
        p = p + c[k] * power
        q = q + (-1) ** k * c[k] * power
    r = np.linalg.solve(q, p)
    for _ in range(s):
        r = r @ r
    return r.astype(a.dtype)


def _expm_vjp(F: Any, g: Any, self: Any) -> Any:
    n = self.shape[-1]
    ah = _t(F, self)
    zero = F.zeros_like(ah)
    top = F.cat([ah, g], len(ah.shape) - 1)
    bottom = F.cat([zero, ah], len(ah.shape) - 1)
    big = F.matrix_exp(F.cat([top, bottom], len(ah.shape) - 2))
    return F.slice_one(F.slice_one(big, len(ah.shape) - 2, 0, n), len(ah.shape) - 1, n, None)


MATRIX_EXP = define(
    "matrix_exp(self)", _expm, family="matmul", node="LinalgMatrixExpBackward0", self=_expm_vjp
)


def matrix_exp(input: Any) -> Any:
    """The exponential of each square matrix (*, n, n)."""
    _square("linalg.matrix_exp", input)
    return run(MATRIX_EXP, [input])


def inverse(input: Any) -> Any:
    """The inverse of each square matrix (*, n, n)."""
    _square("linalg.inv", input)
    return run(INV, [input])


def det(input: Any) -> Any:
    """The determinant of each square matrix (*, n, n)."""
    _square("linalg.det", input)
    return run(DET, [input])


def slogdet(input: Any) -> Any:
    """Sign and logarithm of the absolute value of the determinant."""
    _square("linalg.slogdet", input)
    return run(SLOGDET, [input])


def logdet(input: Any) -> Any:
    """The logarithm of the determinant; nan where that is negative."""
    _square("logdet", input)
    sign, value = slogdet(input)
    return FUNCTIONS["where"](sign < 0, math.nan, value)


def solve(A: Any, B: Any, *, left: bool = True, out: Any = None) -> Any:
    """The X with A X = B, or with X A = B, for each square A (*, n, n)."""
    if A._d.category < FLOAT:
        _refuse_integers("linalg.solve", A)
    if A._d is not B._d:
        raise RuntimeError(
            "linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{A._d.display} and B of type {B._d.display} instead"
        )
    _square("linalg.solve", A)
    vector = len(B._s) == 1 or (len(B._s) == len(A._s) - 1 and B._s == A._s[:-1])
    if left and (B._s[-1] if vector else B._s[-2]) != A._s[-1]:
        n = A._s[-1]
        shape = f"{B._s[-1]}x1" if vector else f"{B._s[-2]}x{B._s[-1]}"
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B ({n}x{n} and {shape})"
        )
    if not left and (len(B._s) < 2 or B._s[-1] != A._s[-1]):
        n, m = A._s[-1], " by ".join(map(str, B._s[-2:])).replace(" by ", "x")
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation XA = B "
            f"({n}x{n} and {m if len(B._s) > 1 else f'{m}x1'})"
        )
    return run(SOLVE, [A, B, left])


def matrix_power(input: Any, n: int) -> Any:
    """The n-th power of each square matrix; a negative n inverts it."""
    at_least_matrix("linalg.matrix_power", input)
    if n < 0 or input._s[-1] != input._s[-2]:
        _square("linalg.inv" if n < 0 else "linalg.matrix_power", input)
    if n == 0:
        identity = wrap(np.eye(input._s[-1], dtype=input._d.np), input._d)
        return input.clone().copy_(identity)
    base = inverse(input) if n < 0 else input
    out = None
    n = abs(n)
    if n == 3:
        return (base @ base) @ base
    while n:
        if n & 1:
            out = base if out is None else out @ base
        n >>= 1
        if n:
            base = base @ base
    return out


def _triangular(a: Raw, b: Raw, upper: bool, left: bool, unitriangular: bool) -> Raw:
    m = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        m = m - _diag_part(m) + np.eye(m.shape[-1], dtype=m.dtype)
    if left:
        return np.linalg.solve(m, b)
    return np.swapaxes(np.linalg.solve(np.swapaxes(m, -1, -2), np.swapaxes(b, -1, -2)), -1, -2)


def _triangular_b(F: Any, g: Any, self: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    return F.solve_triangular(_t(F, self), g, not upper, left, unitriangular)


def _triangular_a(
    F: Any, g: Any, self: Any, result: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    gb = _triangular_b(F, g, self, upper, left, unitriangular)
    ga = -F.matmul(gb, _t(F, result)) if left else -F.matmul(_t(F, result), gb)
    k = int(unitriangular)
    return F.triu(ga, k) if upper else F.tril(ga, -k)


TRIANGULAR = define(
    "linalg_solve_triangular(self, other, upper, left, unitriangular)",
    _triangular,
    family="matmul",
    key="solve_triangular",
    self=_triangular_a,
    other=lambda F, g, self, other_sizes, upper, left, unitriangular: F.sum_to(
        _triangular_b(F, g, self, upper, left, unitriangular), other_sizes
    ),
)


for _n in (
    "inverse",
    "det",
    "logdet",
    "matrix_exp",
    "matrix_power",
):
    publish(_n, globals()[_n], F=_n in ("inverse", "matrix_exp"))
__all__ = ["expose"]
publish(
    "slogdet",
    lambda input: returns("slogdet", "sign logabsdet")(tuple(slogdet(input))),
    F=False,
    doc=slogdet.__doc__ or "",
)
