"""Products of matrices and vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import float32, float64
from engine.ops import fitting
from engine.ops.api import expose, publish
from engine.ops.helpers import scaled
from engine.ops.shape import EXPAND, SQUEEZE_MM, UNSAFE_VIEW, reshaped
from engine.ops.table import RAW, define, run
from engine.tensor import Tensor

Raw = Any


_mm = np.ndarray.dot  # quicker than `@` for what is not a batch

MM = define(
    "mm(self, mat2)",
    _mm,
    family="matmul",
    self="mm(g, conj(mat2.T))",
    mat2="mm(conj(self.T), g)",
    doc="The product of two matrices: (n, m) @ (m, p) is (n, p).",
)
MV = define(
    "mv(self, vec)",
    _mm,
    family="matmul",
    self="outer(g, conj(vec))",
    vec="mv(conj(self.T), g)",
    doc="A matrix times a vector: (n, m) @ (m,) is (n,).",
)
DOT = define(
    "dot(self, tensor)",
    _mm,
    family="matmul",
    self="g * conj(tensor)",
    tensor="g * conj(self)",
    doc="The sum of the products of two vectors.",
)


def _bmm(a: Raw, b: Raw) -> Raw:
    """The products; BLAS takes longer with the transpose of a small matrix than to copy it."""
    if b.strides[-1] != b.itemsize and b.strides[-2] == b.itemsize:
        b = np.ascontiguousarray(b)
    return np.matmul(a, b)


BMM = define(
    "bmm(self, mat2)",
    _bmm,
    family="matmul",
    self="bmm(g, conj(mat2.mT))",
    mat2="bmm(conj(self.mT), g)",
    doc="Matrix products batch by batch: (b, n, m) @ (b, m, p) is (b, n, p).",
)
RAW.matmul, RAW.outer = np.matmul, lambda a, b: a[:, None] * b[None, :]


#: Elements up to which products of columns and rows are rounded once; beyond, speed counts.
_FEW = 32768


def _is_fused(c: Raw, a: Raw, b: Raw) -> bool:
    """Whether PyTorch's kernel multiplies a column by a row and adds with one rounding."""
    n, p = len(a), b.shape[1]
    return n > 1 and p > 1 and n * p <= _FEW and a.dtype == c.dtype == np.float32


def _addmm(c: Raw, a: Raw, b: Raw, beta: Any = 1, alpha: Any = 1) -> Raw:
    if a.shape[1] == 1 and beta == alpha == 1 and _is_fused(c, a, b):
        return (a.astype(np.float64) * b + c).astype(np.float32)
    out = a.dot(b)
    if alpha != 1:
        out *= alpha
    if beta == 0:
        return out
    if c.dtype == out.dtype and beta == 1:
        out += c
        return out
    return out + beta * c


def _blend(c: Raw, product: Raw, beta: Any, alpha: Any) -> Raw:
    """beta c + alpha product; numbers become integers, or truths, beside such."""
    if product.dtype.kind == "b":
        both = product & bool(alpha)
        return both | c if beta else both
    if product.dtype.kind in "iu":
        beta, alpha = int(beta), int(alpha)
    return alpha * product if beta == 0 else beta * c + alpha * product


ADDMM = define(
    "addmm(self, mat1, mat2, *, beta=1, alpha=1)",
    _addmm,
    family="matmul",
    self="sum_to(scaled(g, beta), self_sizes)",
    mat1="scaled(mm(g, conj(mat2.T)), alpha)",
    mat2="scaled(mm(conj(mat1.T), g), alpha)",
    doc="beta * input + alpha * (mat1 @ mat2); input broadcasts to (n, p).",
)
#: The same for a matrix that is the transpose of a parameter, whose gradient is laid out like it.
ADDMM_T = define(
    "addmm(self, mat1, mat2, *, beta=1, alpha=1)",
    _addmm,
    family="matmul",
    key="addmm_t",
    self="sum_to(scaled(g, beta), self_sizes)",
    mat1="scaled(mm(g, conj(mat2.T)), alpha)",
    mat2="scaled(mm(g.T, conj(mat1)).T, alpha)",
)
BADDBMM = define(
    "baddbmm(self, batch1, batch2, *, beta=1, alpha=1)",
    lambda c, a, b, beta=1, alpha=1: _blend(c, np.matmul(a, b), beta, alpha),
    family="matmul",
    self=lambda F, g, self_sizes, beta: F.sum_to(scaled(g, beta), self_sizes),
    batch1=lambda F, g, batch2, alpha: scaled(F.bmm(g, F.conj(batch2.mT)), alpha),
    batch2=lambda F, g, batch1, alpha: scaled(F.bmm(F.conj(batch1.mT), g), alpha),
    doc="beta * input + alpha * (batch1 @ batch2), batch by batch: (b, n, p).",
)
ADDBMM = define(
    "addbmm(self, batch1, batch2, *, beta=1, alpha=1)",
    lambda c, a, b, beta=1, alpha=1: _blend(c, np.matmul(a, b).sum(0), beta, alpha),
    family="matmul",
    self=lambda F, g, self_sizes, beta: F.sum_to(scaled(g, beta), self_sizes),
    batch1=lambda F, g, batch1_sizes, batch2, alpha: scaled(
        F.bmm(F.expand(g, (batch1_sizes[0], *g.shape)), F.conj(batch2.mT)), alpha
    ),
    batch2=lambda F, g, batch2_sizes, batch1, alpha: scaled(
        F.bmm(F.conj(batch1.mT), F.expand(g, (batch2_sizes[0], *g.shape))), alpha
    ),
    doc="beta * input + alpha * the sum of batch1[i] @ batch2[i] over the batch.",
)
ADDMV = define(
    "addmv(self, mat, vec, *, beta=1, alpha=1)",
    lambda c, a, b, beta=1, alpha=1: _blend(c, a.dot(b), beta, alpha),
    family="matmul",
    self=lambda F, g, self_sizes, beta: F.sum_to(scaled(g, beta), self_sizes),
    mat=lambda F, g, vec, alpha: scaled(F.outer(g, F.conj(vec)), alpha),
    vec=lambda F, g, mat, alpha: scaled(F.mv(F.conj(mat.T), g), alpha),
    doc="beta * input + alpha * (mat @ vec); input broadcasts to (n,).",
)
ADDR = define(
    "addr(self, vec1, vec2, *, beta=1, alpha=1)",
    lambda c, a, b, beta=1, alpha=1: _blend(c, a[:, None] * b, beta, alpha),
    family="matmul",
    self=lambda F, g, self_sizes, beta: F.sum_to(scaled(g, beta), self_sizes),
    vec1=lambda F, g, vec2, alpha: scaled(F.mv(g, F.conj(vec2)), alpha),
    vec2=lambda F, g, vec1, alpha: scaled(F.mv(g.T, F.conj(vec1)), alpha),
    doc="beta * input + alpha * the outer product of vec1 and vec2.",
)


expose(MM, check=fitting.check_mm)
expose(MV, check=fitting.check_mv)
expose(DOT, check=fitting.check_dot, also="inner_1d")
expose(BMM, check=fitting.check_bmm)
expose(ADDMM, check=fitting.check_addmm, inplace=True)
expose(ADDMV, check=fitting.check_addmv, inplace=True)
expose(BADDBMM, check=fitting.check_baddbmm, inplace=True)
expose(ADDBMM, check=fitting.check_addbmm, inplace=True)
expose(ADDR, inplace=True)


def outer(input: Any, vec2: Any) -> Any:
    """All products of elements of two vectors: (n, m)."""
    for name, t in (("self", input), ("vec2", vec2)):
        if len(t._s) != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {len(t._s)}-D")
    return input.reshape(input._s[0], 1) * vec2


publish("outer ger", outer)


def vdot(input: Any, other: Any) -> Any:
    """Dot product with the conjugate of the first argument."""
    from engine.ops.products import VDOT

    fitting.check_dot([input, other])
    return run(VDOT, [input, other])


def _dot(a: Any, b: Any) -> Any:
    fitting.check_dot([a, b])
    return run(DOT, [a, b])


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """Matrix product with PyTorch's rules for vectors and batches; built of mm, mv, dot and bmm."""
    for i, v in enumerate((input, other)):
        if not isinstance(v, Tensor):
            raise errors.not_tensor("matmul", ("input", "other")[i], i + 1, v)
    if out is not None:
        from engine.ops.api import into

        return into("matmul", out, lambda: matmul(input, other), [input, other])
    n, m = len(input._s), len(other._s)
    if n == 2 and m == 2:
        return _mm2(input, other)
    if n == 0 or m == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {n}D and {m}D"
        )
    if n == 1 and m == 1:
        return _dot(input, other)
    if n == 2 and m == 1:
        fitting.check_mv([input, other])
        return run(MV, [input, other])
    if n == 1 and m == 2:
        return run(SQUEEZE_MM, [_mm2(input.unsqueeze(0), other), 0])
    return _batched(input, other, n, m)


def _mm2(a: Any, b: Any) -> Any:
    if a._s[1] != b._s[0] or a._d is not b._d or not a._d.quick:
        fitting.check_mm([a, b])
    return run(MM, [a, b])


def _folds(a: Any, b: Any, n: int, m: int) -> bool:
    """Whether the batch of the larger operand becomes rows of one large mm.

    It does if the smaller one requires grad, so that its gradient is one product and no batch of
    them, or if that costs no copy.
    """
    if not (max(n, m) >= 3 and min(n, m) <= 2):
        return False
    large, small = (a, b) if n >= m else (b, a)
    if small.requires_grad:
        return True
    if n == 2:
        return False
    if not large._s.numel():
        return True
    strides = large.stride()
    return all(strides[i] == strides[i + 1] * large._s[i + 1] for i in range(len(strides) - 2))


def _folded(a: Any, b: Any, n: int, m: int) -> Any:
    turned = m > n
    large = b.mT if turned else a
    small = (a.t() if n == 2 else a) if turned else b
    flat = (
        large.reshape(-1, large._s[-1])
        if large._s.numel()
        else large.reshape(math.prod(large._s[:-1]), large._s[-1])
    )
    if len(small._s) == 1:
        fitting.check_mv([flat, small])
        return UNSAFE_VIEW.way(run(MV, [flat, small]), tuple(large._s[:-1]))
    out = UNSAFE_VIEW.way(_mm2(flat, small), (*large._s[:-1], small._s[1]))
    return out.mT.contiguous() if turned else out


def _batched(a: Any, b: Any, n: int, m: int) -> Any:
    if _folds(a, b, n, m):
        return _folded(a, b, n, m)
    if n == 3 and m == 3 and a._s[0] != b._s[0]:
        if a._s[0] == 1 and a.requires_grad:
            return matmul(a.squeeze(0), b)
        if b._s[0] == 1 and b.requires_grad:
            return matmul(a, b.squeeze(0))
    return _broadcast_bmm(a, b, n, m)


def _broadcast_bmm(a: Any, b: Any, n: int, m: int) -> Any:
    rows, inner = a._s[-2:] if n > 1 else (1, a._s[-1])
    inner2, cols = b._s[-2:] if m > 1 else (b._s[-1], 1)
    batch = tuple(a._s[:-2])
    if batch != b._s[:-2]:
        try:
            batch = np.broadcast_shapes(batch, b._s[:-2])
        except ValueError:
            raise errors.mismatch(a._s[:-2], b._s[:-2]) from None
    k = math.prod(batch)
    x = reshaped(EXPAND.way(a, (*batch, rows, inner)), (k, rows, inner))
    if m == 1:
        y = reshaped(EXPAND.way(b, (*batch, inner2)), (k, inner2)).unsqueeze(2)
    else:
        y = reshaped(EXPAND.way(b, (*batch, inner2, cols)), (k, inner2, cols))
    fitting.check_bmm([x, y])
    out = BMM.way(x, y)
    shape = (*batch, *((rows,) if n > 1 else ()), *((cols,) if m > 1 else ()))
    return UNSAFE_VIEW.way(out.squeeze(-1) if m == 1 else out, shape)


publish("matmul", matmul)
publish("vdot", vdot)
__all__ = ["float32", "float64"]
