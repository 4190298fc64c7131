"""Cholesky, eigenvalues, singular values and QR with their gradients."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from engine import errors
from engine.errors import LinAlgError
from engine.ops.api import publish
from engine.ops.extremes import returns
from engine.ops.linalg import _square, _t, at_least_matrix
from engine.ops.table import define, run
from engine.warning import succeeded

Raw = Any


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
    return failing_minor(a) or len(a)


def failing_minor(a: Raw) -> int:
    """The order of the first leading minor of a matrix that is not positive definite, or 0."""
    for k in range(1, len(a) + 1):
        try:
            np.linalg.cholesky(a[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0


def _cholesky_vjp(F: Any, g: Any, result: Any, upper: bool) -> Any:
    low, g = (_t(F, result), _t(F, g)) if upper else (result, g)
    phi = F.tril(F.matmul(_t(F, low), g), 0)
    half = phi - F.diag_part(phi) * 0.5
    inv = F.inverse(low)
    s = F.matmul(_t(F, inv), F.matmul(half, inv))
    return (s + _t(F, s)) * 0.5


CHOLESKY = define(
    "linalg_cholesky_ex(self, upper=False)",
    _cholesky,
    family="matmul",
    node="LinalgCholeskyExBackward0",
    key="cholesky_row",
    self=_cholesky_vjp,
)


CHOLESKY_OLD = define("cholesky(self, upper=False)", _cholesky, family="matmul", self=_cholesky_vjp)


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
    """Hermitian, as the matrix is."""
    gl, gv = g
    v = result1
    inner = None
    if gv is not None:
        gap = _safe(F, _row(result0) - _col(result0))
        inner = F.matmul(_t(F, v), gv) * gap
    if gl is not None:
        d = F.diagonal_back(gl, (*gl.shape, gl.shape[-1]), 0, len(gl.shape) - 1, len(gl.shape))
        inner = d if inner is None else inner + d
    out = F.matmul(v, F.matmul(inner, _t(F, v)))
    return out if gv is None else (out + _t(F, out)) * 0.5


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
    try:
        u, s, vh = np.linalg.svd(a, full_matrices=full_matrices)
    except np.linalg.LinAlgError:
        raise errors.LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        ) from None
    return u, s, vh


def _svd_vjp(F: Any, g: Any, result0: Any, result1: Any, result2: Any, self_sizes: Any) -> Any:
    gu, gs, gvh = g
    u, s, vh = result0, result1, result2
    k = s.shape[-1]
    m, n = self_sizes[-2:]
    # Of full matrices the vectors beyond the values do not count.
    u, vh = u[..., :, :k], vh[..., :k, :]
    gu = None if gu is None else gu[..., :, :k]
    gvh = None if gvh is None else gvh[..., :k, :]
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


_QR_MODES = ("reduced", "r", "complete")


def _qr(a: Raw, mode: Any = "reduced") -> tuple[Raw, Raw]:
    if mode == "r":
        return np.empty(0, a.dtype), np.linalg.qr(a, "r")
    q, r = np.linalg.qr(a, mode)
    return q, r


def _qr_vjp(F: Any, g: Any, result0: Any, result1: Any, mode: str) -> Any:
    """The first columns as those of a square or tall matrix; the others are Q times theirs in R."""
    gq, gr = g
    q, r = result0, result1
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
            "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    n, last = q.shape[-2], len(r.shape) - 1
    if n > r.shape[-1] and mode == "complete":
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
        )
    if n >= r.shape[-1]:
        return _tall_qr_vjp(F, gq, gr, q, r)
    first = F.slice_one(r, last, 0, n)
    if gr is None:
        part = _tall_qr_vjp(F, gq, None, q, first)
        return F.cat([part, F.zeros_like(F.slice_one(r, last, n, None))], last)
    rest, g_rest = F.slice_one(r, last, n, None), F.slice_one(gr, last, n, None)
    through = F.matmul(q, F.matmul(rest, _t(F, g_rest)))
    gq = through if gq is None else gq + through
    part = _tall_qr_vjp(F, gq, F.slice_one(gr, last, 0, n), q, first)
    return F.cat([part, F.matmul(q, g_rest)], last)


def _tall_qr_vjp(F: Any, gq: Any, gr: Any, q: Any, r: Any) -> Any:
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
    if not np.isfinite(a).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
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


def cholesky(input: Any, upper: bool = False) -> Any:
    """The triangular L of a positive definite matrix L Lᴴ."""
    _square("linalg.cholesky", input)
    return run(CHOLESKY, [input, upper])


def cholesky_old(input: Any, upper: bool = False) -> Any:
    """The triangular L of a positive definite matrix L Lᴴ; torch.linalg.cholesky is its successor."""
    succeeded(
        "cholesky", "torch.linalg.cholesky and",
        "L = torch.cholesky(A)", "should be replaced with", "L = torch.linalg.cholesky(A)", "and",
        "U = torch.cholesky(A, upper=True)", "should be replaced with",
        "U = torch.linalg.cholesky(A).mH",
        "This transform will produce equivalent results for all valid (symmetric positive definite) "
        "inputs.",
    )  # fmt: skip
    at_least_matrix("cholesky", input)
    _square("cholesky", input)
    return run(CHOLESKY_OLD, [input, upper])


def eigh(input: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, smallest first, and eigenvectors of each Hermitian matrix."""
    _square("linalg.eigh", input)
    return run(EIGH, [input, UPLO])


def svd(input: Any, full_matrices: bool = True) -> Any:
    """U, S and Vᴴ whose product is the matrix."""
    at_least_matrix("linalg.svd", input)
    return run(SVD, [input, full_matrices])


def svd_old(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S and V with U diag(S) Vᴴ = input."""
    if len(input._s) < 2:
        raise RuntimeError(
            f"linalg.svd: input should have at least 2 dimensions, but has {len(input._s)} dimensions instead"
        )
    u, s, vh = run(SVD, [input, not some])
    return returns("svd", "U S V")((u, s, vh.mH))


def qr(input: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and triangular R, whose product is input."""
    at_least_matrix("linalg.qr", input)
    if mode not in _QR_MODES:
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
            "'complete'"
        )
    return run(QR, [input, mode])


_qr_fields = returns("qr", "Q R")


def qr_old(input: Any, some: bool = True) -> Any:
    """Q with orthonormal columns and triangular R; torch.linalg.qr is the successor."""
    succeeded(
        "qr", "torch.linalg.qr and", "The boolean parameter 'some' has been replaced with a string "
        "parameter 'mode'.", "Q, R = torch.qr(A, some)", "should be replaced with",
        "Q, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
    )  # fmt: skip
    return _qr_fields(qr(input, "reduced" if some else "complete"))


def eig(input: Any) -> Any:
    """Eigenvalues and eigenvectors of each square matrix, complex."""
    _square("linalg.eig", input)
    return run(EIG, [input])


publish("cholesky", cholesky_old, F=False)
publish("svd", svd_old, F=False)
publish("qr", qr_old, F=False)
