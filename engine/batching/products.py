"""Batching rules of products of matrices and vectors, and of linear algebra."""

from __future__ import annotations

from typing import Any

from engine.ops.api import FUNCTIONS
from engine.ops.table import Op

from .dispatch import Part, each, parts
from .rules import rule, spread


def _matmul(a: Any, b: Any) -> Any:
    return FUNCTIONS["matmul"](a, b)


@rule("mm", "bmm")
def _mm(op: Op, values: list[Any], size: int) -> Any:
    a, b = values
    return _matmul(a.value, b.value)


@rule("mv")
def _mv(op: Op, values: list[Any], size: int) -> Any:
    a, v = values
    if not v.mapped:
        return _matmul(a.value, v.value)
    return _matmul(a.value, v.value.unsqueeze(-1)).squeeze(-1)


@rule("dot")
def _dot(op: Op, values: list[Any], size: int) -> Any:
    a, b = values
    if a.mapped and b.mapped:
        return _matmul(a.value.unsqueeze(1), b.value.unsqueeze(2)).squeeze(-1).squeeze(-1)
    return _matmul(a.value, b.value) if a.mapped else _matmul(b.value, a.value)


@rule("vdot")
def _vdot(op: Op, values: list[Any], size: int) -> Any:
    return (values[0].value.conj() * values[1].value).sum(-1)


@rule("outer")
def _outer(op: Op, values: list[Any], size: int) -> Any:
    a, b = values
    return a.value.unsqueeze(-1) * b.value.unsqueeze(-2)


def _sum(c: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """beta * c + alpha * product, as PyTorch takes it apart."""
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    c = spread(c, len(product._s) - 1)
    return product + (c if beta == 1 else c * beta)


@rule("addmm", "baddbmm")
def _addmm(op: Op, values: list[Any], size: int) -> Any:
    c, a, b, beta, alpha = values
    if not (a.mapped or b.mapped):
        return _sum(c, Part(_matmul(a.value, b.value), False).full(size), beta, alpha)
    return _sum(c, _mm(op, [a, b], size), beta, alpha)


@rule("addmv")
def _addmv(op: Op, values: list[Any], size: int) -> Any:
    c, a, b, beta, alpha = values
    if not (a.mapped or b.mapped):
        return each(op, values, size)
    return _sum(c, _mv(op, [a, b], size), beta, alpha)


@rule("addr")
def _addr(op: Op, values: list[Any], size: int) -> Any:
    c, a, b, beta, alpha = values
    if not (a.mapped or b.mapped):
        return each(op, values, size)
    return _sum(c, _outer(op, [a, b], size), beta, alpha)


@rule(
    "linalg_inv_ex", "linalg_det", "linalg_slogdet", "matrix_exp", "linalg_cholesky_ex", "linalg_eigh", "linalg_svd", "linalg_qr",
    "linalg_eig", "linalg_lu_factor_ex", "linalg_lu", "tril", "triu", "view_as_real", "view_as_complex",
    "real", "imag", "constant_pad_nd", "_diag_part",
)  # fmt: skip
def _in_front(op: Op, values: list[Any], size: int) -> Any:
    """Rows that take any dimensions in front of those they work on."""
    return op.way(*[v.value if v is values[0] else v for v in values])


@rule(
    "linalg_solve",
    "linalg_solve_triangular",
    "_cdist_forward",
    "linalg_lu_solve",
    "cholesky_solve",
    "triangular_solve",
)
def _systems(op: Op, values: list[Any], size: int) -> Any:
    given = parts(values)
    if any(p.rank < 2 for p in given) or len({p.rank for p in given}) > 1:
        return each(op, values, size)
    return op.way(*[v.full(size) if v in given else v for v in values])
