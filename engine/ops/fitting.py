"""Whether the factors of matrix products fit, and PyTorch's words where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL
from engine.tensor import Tensor

#: Batches whose products take more multiplications are left to another kernel.
_SMALL = 400


def _refuse_truths(kernel: str, t: Any) -> None:
    if t._d.category == BOOL and t._s.numel():
        raise errors.not_implemented(kernel, t._d.display)


def check_mm(values: list[Any]) -> None:
    a, b = values[0], values[1]
    if not isinstance(b, Tensor):
        raise errors.not_tensor("mm", "mat2", 2, b)
    if len(a._s) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b._s) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a._s[1] != b._s[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a._s[0]}x{a._s[1]} and {b._s[0]}x{b._s[1]})"
        )
    if a._d is not b._d:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {errors.c_name(a._d)} != {errors.c_name(b._d)}"
        )
    _refuse_truths("addmm_impl_cpu_", a)


def check_dot(values: list[Any]) -> None:
    a, b = values[0], values[1]
    if len(a._s) != 1 or len(b._s) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(a._s)}D and {len(b._s)}D tensors")
    if a._d is not b._d:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {a._d.display} and {b._d.display}"
        )
    if a._s != b._s:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a._s[0]}] and src [{b._s[0]}] to have the same "
            f"number of elements, but got {a._s[0]} and {b._s[0]} elements respectively"
        )
    _refuse_truths("dot", a)


def check_mv(values: list[Any]) -> None:
    a, v = values[0], values[1]
    if len(a._s) != 2 or len(v._s) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {1}, {len(a._s)}, {len(v._s)}")
    if a._s[1] != v._s[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a._s[0]}), mat ({a._s[0]}x{a._s[1]}), vec ({v._s[0]})"
        )
    if a._d is not v._d:
        v_, a_ = v._d.display, a._d.display
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {v_}, {a_}, and {v_}"
        )
    _refuse_truths("addmv_impl_cpu", a)


def check_addmv(values: list[Any]) -> None:
    c, a, v = values[:3]
    if len(a._s) != 2 or len(v._s) != 1 or len(c._s) > 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {len(c._s)}, {len(a._s)}, {len(v._s)}"
        )
    if a._s[1] != v._s[0] or c._s not in ((), (1,), (a._s[0],)):
        raise RuntimeError(
            f"size mismatch, got input ({c._s.numel()}), mat ({a._s[0]}x{a._s[1]}), vec ({v._s[0]})"
        )
    if not c._d is a._d is v._d:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {c._d.display}, {a._d.display}, and "
            f"{v._d.display}"
        )
    _refuse_truths("addmv_impl_cpu", a)


def check_bmm(values: list[Any], kernel: str = "bmm") -> None:
    a, b = values[0], values[1]
    if len(a._s) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b._s) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a._s[0] != b._s[0] or a._s[2] != b._s[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a._s[0]}, {a._s[2]}] but got: [{b._s[0]}, {b._s[1]}]."
        )
    if a._d is not b._d:
        raise RuntimeError(f"expected scalar type {a._d.display} but found {b._d.display}")
    small = a._s[1] * a._s[2] * b._s[2] < _SMALL
    _refuse_truths(kernel if small else "addmm_impl_cpu_", a)


def check_addmm(values: list[Any]) -> None:
    c, a, b = values[:3]
    if c._d is not b._d:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {c._d.display} and {b._d.display}"
        )
    if len(a._s) != 2 or len(b._s) != 2:
        name, n = ("mat1", len(a._s)) if len(a._s) != 2 else ("mat2", len(b._s))
        raise RuntimeError(f"{name} must be a matrix, got {n}-D tensor")
    if a._s[1] != b._s[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a._s[0]}x{a._s[1]} and {b._s[0]}x{b._s[1]})"
        )
    if a._d is not b._d:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {a._d.display} and {b._d.display}"
        )
    try:
        fits = np.broadcast_shapes(c._s, (a._s[0], b._s[1])) == (a._s[0], b._s[1])
    except ValueError:
        fits = False
    if not fits:
        raise errors.unexpandable(c._s, (a._s[0], b._s[1]))
    _refuse_truths("addmm_impl_cpu_", a)


def check_baddbmm(values: list[Any]) -> None:
    c, a, b = values[:3]
    if not c._d is a._d is b._d:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {errors.c_name(c._d)}, "
            f"batch1: {errors.c_name(a._d)}, batch2: {errors.c_name(b._d)}"
        )
    if len(a._s) == len(b._s) == 3:
        size = (*a._s[:2], b._s[2])
        wrong = errors.unbroadcastable([c._s, size])
        if wrong is not None or np.broadcast_shapes(c._s, size) != size:
            raise errors.unexpandable(c._s, size)
    check_bmm([a, b], "baddbmm")


def check_addbmm(values: list[Any]) -> None:
    a, b = values[1:3]
    if len(a._s) == len(b._s) == 3:
        if a._s[0] != b._s[0]:
            raise RuntimeError(
                f"batch1 and batch2 must have same number of batches, got {a._s[0]} and {b._s[0]}"
            )
        if a._s[2] != b._s[1]:
            raise RuntimeError(
                f"Incompatible matrix sizes for bmm ({a._s[1]}x{a._s[2]} and {b._s[1]}x{b._s[2]})"
            )
    check_bmm([a, b])
