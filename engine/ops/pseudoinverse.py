"""The pseudoinverse of matrices, and least squares with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.table import GRAPH, RAW, define, run

Raw = Any
RAW.pinv = np.linalg.pinv


def _t(F: Any, a: Any) -> Any:
    return F.conj(a.mT)


def _pinv(a: Raw, tolerance: float | None, hermitian: bool) -> Raw:
    if hermitian:  # the lower triangle says it all
        a = np.tril(a) + np.swapaxes(np.tril(a, -1), -2, -1).conj()
    if tolerance is None:
        tolerance = max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
    return np.linalg.pinv(a, tolerance)


def _pinv_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    """The differential of P is -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P."""
    ph, gh = _t(F, result), _t(F, g)
    beside = gh - F.matmul(self, F.matmul(result, gh))
    across = gh - F.matmul(F.matmul(gh, result), self)
    out = F.matmul(beside, F.matmul(result, ph)) + F.matmul(F.matmul(ph, result), across)
    return out - F.matmul(F.matmul(ph, g), ph)


PINV = define(
    "linalg_pinv(self, tolerance, hermitian=False)",
    _pinv,
    family="matmul",
    node="LinalgPinvBackward0",
    self=_pinv_vjp,
)


def _graph_pinv(t: Any) -> Any:
    return run(PINV, [t, None, False])


GRAPH.pinv = _graph_pinv


def _least_squares(a: Raw, b: Raw, rcond: float | None, driver: str) -> tuple[Raw, Raw]:
    """The solution, and the squares that remain where the driver tells them."""
    inverse = np.linalg.pinv(a, rcond) if rcond else np.linalg.pinv(a)
    x = inverse @ b
    rest = np.zeros(0, a.real.dtype)
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
