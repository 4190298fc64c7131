"""Linear algebra beyond products: solving, decomposing, einsum."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from engine.dtype import FLOAT
from engine.errors import LinAlgError
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.extremes import returns
from engine.ops.norms import norm_vjp, vector_norm_raw
from engine.ops.reduction import products_of_others
from engine.ops.table import RAW, define, run
from engine.tensor import Tensor, wrap

Raw = Any


def _square(name: str, t: Any) -> None:
    if len(t._s) < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if t._s[-1] != t._s[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {t._s[-2]} by {t._s[-1]} matrices"
        )
    if t._d.category < FLOAT:
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
RAW.matmul, RAW.pinv = np.matmul, np.linalg.pinv


def _least_squares(a: Raw, b: Raw, rcond: float | None, driver: str) -> tuple[Raw, Raw]:
    """The solution, and the squares that remain where the driver tells them."""
    inverse = np.linalg.pinv(a, rcond) if rcond else np.linalg.pinv(a)
    x = inverse @ b
    rest = np.zeros(0, a.dtype)
    if driver != "gelsy" and a.shape[-2] > a.shape[-1]:
        rest = (np.abs(a @ x - b) ** 2).sum(-2)
    return x, rest


def _least_squares_vjp(F: Any, g: Any, self: Any, b: Any, result0: Any, needs: Any) -> Any:
    """Through the pseudo-inverse P, whose differential is
    -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P; what remains of b is orthogonal to A's
    columns, so that X is a constant there."""
    gx, gr = g
    p = F.pinv(self)
    out_a = out_b = None
    if gx is not None:
        gp = F.matmul(gx, _t(F, b))
        ph, ah = _t(F, p), _t(F, gp)
        beside = ah - F.matmul(self, F.matmul(p, ah))
        across = ah - F.matmul(ah, F.matmul(p, self))
        out_a = F.matmul(beside, F.matmul(p, ph)) + F.matmul(F.matmul(ph, p), across)
        out_a = out_a - F.matmul(F.matmul(ph, gp), ph)
        out_b = F.matmul(ph, gx)
    if gr is not None and gr.shape[-1:] != (0,):
        rest = (F.matmul(self, result0) - b) * gr.reshape((*gr.shape[:-1], 1, gr.shape[-1])) * 2
        more = F.matmul(rest, _t(F, result0))
        out_a = more if out_a is None else out_a + more
        out_b = -rest if out_b is None else out_b - rest
    return (out_a if needs[0] else None, out_b if needs[1] else None)


LSTSQ = define(
    "linalg_lstsq(self, b, rcond, driver)",
    _least_squares,
    family="matmul",
    outputs=2,
    joint=_least_squares_vjp,
    wrt="self b",
    node="LinalgLstsqBackward0",
)


def _det_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    a = F.array(self)
    if not F.raw:
        return _det_graph(F, g, self, result)
    if np.all(np.asarray(F.array(result)) != 0):
        return _t(F, F.inverse(self)) * (g * F.conj(result)).reshape((*g.shape, 1, 1))
    return F.const(_cofactors(a)) * g.reshape((*g.shape, 1, 1))


def _det_graph(F: Any, g: Any, self: Any, result: Any) -> Any:
    """The gradient as operations that can be differentiated again, singular or not."""
    det = np.abs(np.asarray(F.array(result)))
    singular = det < 100 * np.finfo(det.dtype).eps
    if not singular.any():
        return _t(F, F.inverse(self)) * (g * F.conj(result)).reshape((*g.shape, 1, 1))
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


def _solve(a: Raw, b: Raw) -> Raw:
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    try:
        return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise _singular("torch.linalg.solve", a) from None


def _solve_b(F: Any, g: Any, self: Any) -> Any:
    return F.linalg_solve(_t(F, self), g)


def _solve_a(F: Any, g: Any, self: Any, result: Any) -> Any:
    gb = F.linalg_solve(_t(F, self), g)
    if len(result.shape) == len(self.shape) - 1:
        return -F.matmul(
            gb.reshape((*gb.shape, 1)),
            F.conj(result.reshape((*result.shape[:-1], 1, result.shape[-1]))),
        )
    return -F.matmul(gb, _t(F, result))


SOLVE = define(
    "linalg_solve(self, other)",
    _solve,
    family="matmul",
    node="LinalgSolveExBackward0",
    self=_solve_a,
    other=lambda F, g, self, other_sizes: F.sum_to(_solve_b(F, g, self), other_sizes),
)


def _cholesky(a: Raw, upper: bool = False) -> Raw:
    try:
        low = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the leading minor of order {_minor(a)} is not positive-definite)."
        ) from None
    return np.swapaxes(low, -1, -2).conj() if upper else low


def _minor(a: Raw) -> int:
    while a.ndim > 2:
        a = a[0]
    for k in range(1, len(a) + 1):
        try:
            np.linalg.cholesky(a[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return len(a)


def _cholesky_vjp(F: Any, g: Any, result: Any, upper: bool) -> Any:
    low, g = (_t(F, result), _t(F, g)) if upper else (result, g)
    phi = F.tril(F.matmul(_t(F, low), g), 0)
    half = phi - F.diag_part(phi) * 0.5
    inv = F.inverse(low)
    s = F.matmul(_t(F, inv), F.matmul(half, inv))
    return (s + _t(F, s)) * 0.5


def _diag_part(a: Raw) -> Raw:
    return a * np.eye(a.shape[-1], dtype=a.dtype)


define(
    "_diag_part(self)",
    _diag_part,
    family="matmul",
    key="diag_part",
    self=lambda F, g: F.diag_part(g),
)
CHOLESKY = define(
    "linalg_cholesky_ex(self, upper=False)",
    _cholesky,
    family="matmul",
    node="LinalgCholeskyExBackward0",
    key="cholesky_row",
    self=_cholesky_vjp,
)


# --- eigen and singular values -------------------------------------------------------------------
def _eigh(a: Raw, uplo: Literal["L", "U"] = "L") -> tuple[Raw, Raw]:
    values, vectors = np.linalg.eigh(a, uplo)
    return values, vectors


def _safe(F: Any, d: Any) -> Any:
    zero = d == 0
    return F.where(zero, F.zeros_like(d), 1.0 / F.where(zero, F.ones_like(d), d))


def _col(v: Any) -> Any:
    return v.reshape((*v.shape, 1))


def _row(v: Any) -> Any:
    return v.reshape((*v.shape[:-1], 1, v.shape[-1]))


def _eigh_vjp(F: Any, g: Any, result0: Any, result1: Any) -> Any:
    gl, gv = g
    v = result1
    inner = None
    if gv is not None:
        gap = _safe(F, _row(result0) - _col(result0))
        inner = F.matmul(_t(F, v), gv) * gap
    if gl is not None:
        d = F.diagonal_back(gl, (*gl.shape, gl.shape[-1]), 0, len(gl.shape) - 1, len(gl.shape))
        inner = d if inner is None else inner + d
    return F.matmul(v, F.matmul(inner, _t(F, v)))


EIGH = define(
    "linalg_eigh(self, UPLO='L')",
    _eigh,
    family="matmul",
    outputs=2,
    node="LinalgEighBackward0",
    pack=returns("linalg_eigh", "eigenvalues eigenvectors"),
    self=_eigh_vjp,
)


def _svd(a: Raw, full_matrices: bool = False) -> tuple[Raw, Raw, Raw]:
    u, s, vh = np.linalg.svd(a, full_matrices=full_matrices)
    return u, s, vh


def _svd_vjp(F: Any, g: Any, result0: Any, result1: Any, result2: Any, self_sizes: Any) -> Any:
    gu, gs, gvh = g
    u, s, vh = result0, result1, result2
    k = s.shape[-1]
    m, n = self_sizes[-2:]
    inner = None
    if gs is not None:
        inner = F.diagonal_back(gs, (*gs.shape, k), 0, len(gs.shape) - 1, len(gs.shape))
    gap = None
    if gu is not None or gvh is not None:
        e = _row(s) * _row(s) - _col(s) * _col(s)
        gap = _safe(F, e)
    if gu is not None:
        w = F.matmul(_t(F, u), gu)
        part = ((w - _t(F, w)) * gap) * _row(s)
        inner = part if inner is None else inner + part
    if gvh is not None:
        w = F.matmul(vh, _t(F, gvh))
        part = _col(s) * ((w - _t(F, w)) * gap)
        inner = part if inner is None else inner + part
    out = F.matmul(u, F.matmul(inner, vh))
    if gu is not None and m > k:
        rest = gu / _row(s)
        out = out + F.matmul(rest - F.matmul(u, F.matmul(_t(F, u), rest)), vh)
    if gvh is not None and n > k:
        rest = gvh / _col(s)
        out = out + F.matmul(u, rest - F.matmul(F.matmul(rest, _t(F, vh)), vh))
    return out


SVD = define(
    "linalg_svd(self, full_matrices=False)",
    _svd,
    family="matmul",
    outputs=3,
    node="LinalgSvdBackward0",
    pack=returns("linalg_svd", "U S Vh"),
    self=_svd_vjp,
)


def _qr(a: Raw, mode: Literal["reduced", "complete", "r"] = "reduced") -> tuple[Raw, Raw]:
    q, r = np.linalg.qr(a, mode)
    return q, r


def _qr_vjp(F: Any, g: Any, result0: Any, result1: Any) -> Any:
    gq, gr = g
    q, r = result0, result1
    m = None
    if gr is not None:
        m = F.matmul(r, _t(F, gr))
    if gq is not None:
        part = F.matmul(_t(F, gq), q)
        m = -part if m is None else m - part
    low = F.tril(m, -1)
    sym = F.tril(m, 0) + _t(F, low)
    rhs = F.matmul(q, sym) if gq is None else gq + F.matmul(q, sym)
    return F.matmul(rhs, _t(F, F.inverse(r)))


QR = define(
    "linalg_qr(self, mode='reduced')",
    _qr,
    family="matmul",
    outputs=2,
    node="LinalgQrBackward0",
    pack=returns("linalg_qr", "Q R"),
    self=_qr_vjp,
)


def _eig(a: Raw) -> tuple[Raw, Raw]:
    kind = np.complex64 if a.dtype in (np.float32, np.complex64) else np.complex128
    w, v = np.linalg.eig(a)
    return w.astype(kind), v.astype(kind)


def _eig_vjp(F: Any, g: Any, result0: Any, result1: Any) -> Any:
    gl, gv = g
    v = result1
    inner = None
    if gv is not None:
        w = F.matmul(_t(F, v), gv)
        gap = F.conj(_row(result0) - _col(result0))
        vv = F.matmul(_t(F, v), v)
        diag = F.diag_part(w)
        inner = (w - F.matmul(vv, F.to_complex(F.real(diag)))) * _safe(F, gap)
    if gl is not None:
        d = F.diagonal_back(gl, (*gl.shape, gl.shape[-1]), 0, len(gl.shape) - 1, len(gl.shape))
        inner = d if inner is None else inner + d
    vh = _t(F, v)
    return F.linalg_solve(vh, F.matmul(inner, vh))


EIG = define(
    "linalg_eig(self)",
    _eig,
    family="matmul",
    outputs=2,
    node="LinalgEigBackward0",
    pack=returns("linalg_eig", "eigenvalues eigenvectors"),
    self=_eig_vjp,
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
    _square("linalg.matrix_exp", input)
    return run(MATRIX_EXP, [input])


def inverse(input: Any) -> Any:
    _square("linalg.inv", input)
    return run(INV, [input])


def det(input: Any) -> Any:
    _square("linalg.det", input)
    return run(DET, [input])


def slogdet(input: Any) -> Any:
    _square("linalg.slogdet", input)
    return run(SLOGDET, [input])


def logdet(input: Any) -> Any:
    sign, value = slogdet(input)
    return FUNCTIONS["where"](sign < 0, math.nan, value)


def solve(A: Any, B: Any) -> Any:
    _square("linalg.solve", A)
    return run(SOLVE, [A, B])


def cholesky(input: Any, upper: bool = False) -> Any:
    _square("linalg.cholesky", input)
    return run(CHOLESKY, [input, upper])


def eigh(input: Any, UPLO: str = "L") -> Any:
    _square("linalg.eigh", input)
    return run(EIGH, [input, UPLO])


def svd(input: Any, full_matrices: bool = True) -> Any:
    return run(SVD, [input, full_matrices])


def svd_old(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    u, s, vh = run(SVD, [input, not some])
    return returns("svd", "U S V")((u, s, vh.mH))


def qr(input: Any, mode: str = "reduced") -> Any:
    return run(QR, [input, mode])


def eig(input: Any) -> Any:
    _square("linalg.eig", input)
    return run(EIG, [input])


def matrix_power(input: Any, n: int) -> Any:
    _square("linalg.matrix_power", input)
    if n == 0:
        return wrap(
            np.broadcast_to(np.eye(input._s[-1], dtype=input._d.np), input._s).copy(), input._d
        )
    base = inverse(input) if n < 0 else input
    out = None
    n = abs(n)
    while n:
        if n & 1:
            out = base if out is None else out @ base
        n >>= 1
        if n:
            base = base @ base
    return out


# --- contractions --------------------------------------------------------------------------------
def einsum(equation: str, *operands: Any) -> Any:
    """Sums of products by index letters, as permutations, products and sums of the table."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    for i, o in enumerate(operands):
        if not isinstance(o, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 1, but got {type(o).__name__}"
            )
    from engine.ops.contraction import contract

    return contract(equation, operands)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    if isinstance(dims, int):
        da, db = list(range(len(a._s) - dims, len(a._s))), list(range(dims))
    else:
        da, db = ([d] if isinstance(d, int) else list(d) for d in dims)
    for x, y in zip(da, db, strict=True):
        if a._s[x] != b._s[y]:
            at = (x - len(a._s), y) if isinstance(dims, int) else (x, y)
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a._s[x]} in dim {at[0]} and second has "
                f"size {b._s[y]} in dim {at[1]}"
            )
    da, db = [d % len(a._s) for d in da], [d % len(b._s) for d in db]
    fa = [d for d in range(len(a._s)) if d not in da]
    fb = [d for d in range(len(b._s)) if d not in db]
    n = math.prod(a._s[d] for d in da)
    left = a.permute(*fa, *da).reshape(-1, n)
    right = b.permute(*db, *fb).reshape(n, -1)
    return left.mm(right).reshape([*(a._s[d] for d in fa), *(b._s[d] for d in fb)])


def inner(input: Any, other: Any) -> Any:
    if not input._s or not other._s:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


def chain_matmul(*matrices: Any) -> Any:
    out = matrices[0]
    for m in matrices[1:]:
        out = out @ m
    return out


def _cdist(a: Raw, b: Raw, p: float) -> Raw:
    return vector_norm_raw(a[..., :, None, :] - b[..., None, :, :], p, -1, False)


def _cdist_vjp(F: Any, g: Any, self: Any, other: Any, result: Any, p: float, first: bool) -> Any:
    a = self.reshape((*self.shape[:-1], 1, self.shape[-1]))
    b = other.reshape((*other.shape[:-2], 1, *other.shape[-2:]))
    d = a - b
    v = norm_vjp(F, g, d, result, d.shape, p, -1, False)
    return F.sum(v, [len(d.shape) - 2], False) if first else -F.sum(v, [len(d.shape) - 3], False)


CDIST = define(
    "_cdist_forward(self, other, p)",
    _cdist,
    family="reduction",
    node="CdistBackward0",
    key="cdist",
    self=lambda F, g, self, other, result, p, self_sizes: F.sum_to(
        _cdist_vjp(F, g, self, other, result, p, True), self_sizes
    ),
    other=lambda F, g, self, other, result, p, other_sizes: F.sum_to(
        _cdist_vjp(F, g, self, other, result, p, False), other_sizes
    ),
)


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    return run(CDIST, [x1, x2, float(p)])


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
VDOT = define(
    "vdot(self, other)",
    lambda a, b: np.vdot(a, b),
    family="matmul",
    self=lambda F, g, other: F.conj(g) * other,
    other=lambda F, g, self: g * self,
)


for _n in (
    "inverse",
    "det",
    "slogdet",
    "logdet",
    "cholesky",
    "matrix_exp",
    "matrix_power",
    "inner",
):
    publish(_n, globals()[_n], F=_n in ("inverse", "matrix_exp"))
publish("svd", svd_old, F=False)
publish("qr", lambda self, some=True: qr(self), F=False)
for _n in ("einsum", "tensordot", "chain_matmul", "cdist"):
    publish(_n, globals()[_n], method=False, F=False)
Tensor.mH = property(lambda self: self.mT.conj())  # type: ignore[attr-defined]
__all__ = ["expose"]
