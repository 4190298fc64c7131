"""Rarer operations on two tensors: distances, scaling by powers of two, neighbours of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT
from engine.ops import binary
from engine.ops.api import expose, publish
from engine.ops.norms import vector_norm_raw
from engine.ops.operands import broadcasting, into_or_run
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, run, undifferentiable
from engine.tensor import Tensor

Raw = Any

# --- rsub, copysign: one tensor and a number, or two tensors, which have nodes of their own --------
RSUB_TENSORS = define(
    "rsub(self, other, *, alpha=1)",
    lambda a, b, alpha: binary.SUB.forward(b, a, alpha),
    PROMOTE,
    family="pointwise",
    key="rsub_tensors",
    self=lambda F, g, alpha: -(g if alpha == 1 else g * alpha),
    other=lambda F, g: g,
)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """other - alpha * input."""
    binary.check_bool(input, other)
    if isinstance(other, Tensor):
        return run(RSUB_TENSORS, [input, other, alpha])
    return run(binary.RSUB, [input, other, alpha])


publish("rsub", rsub, method=False, F=False)

COPYSIGN_NUMBER = define(
    "copysign(self, other)",
    binary.COPYSIGN.forward,
    PROMOTE_FLOAT,
    family="pointwise",
    key="copysign_number",
    node="CopysignBackward1",
    self=lambda F, g, self, result: F.where(self == 0, F.zeros_like(g), g * (result / self)),
)


def _no_complex(name: str, kernel: str, kinds: tuple[int, ...]) -> Any:
    def check(values: list[Any]) -> None:
        d = result_dtype(values[:2])
        if d.category in kinds:
            raise errors.not_implemented(kernel, d.display)

    return check


_copysign_check = _no_complex("copysign", "copysign_cpu", (COMPLEX,))


def copysign(input: Any, other: Any, *, out: Any = None) -> Any:
    """The size of `input` with the sign of `other`."""
    _copysign_check([input, other])
    op = binary.COPYSIGN if isinstance(other, Tensor) else COPYSIGN_NUMBER
    return into_or_run("copysign", op, [input, other], out)


def copysign_(self: Any, other: Any) -> Any:
    from engine.ops import inplace

    op = binary.COPYSIGN if isinstance(other, Tensor) else COPYSIGN_NUMBER
    return inplace.run_inplace(op, [self, other])


publish("copysign", copysign, F=False)
publish("copysign_", copysign_, function=False, F=False)

# --- neighbours and steps ----------------------------------------------------------------------
expose(
    define(
        "nextafter(self, other)",
        broadcasting(np.nextafter),
        PROMOTE,
        family="pointwise",
        self=lambda F, g, self, other: g * F.bool_to(self != other, g),
        other=lambda F, g: F.zeros_like(g),
        doc="The next number after input on the way to `other`.",
    ),
    inplace=True,
    check=_no_complex("nextafter", "nextafter_cpu", (BOOL, 1, COMPLEX)),
)


def _heaviside(a: Raw, b: Raw) -> Raw:
    return np.where(a == 0, b, (a > 0).astype(a.dtype)).astype(a.dtype)[()]


def _heaviside_check(values: list[Any]) -> None:
    a, b = values[:2]
    if a._d.category == COMPLEX or b._d.category == COMPLEX:
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if a._d is not b._d:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")


expose(
    define(
        "heaviside(self, values)",
        broadcasting(_heaviside),
        PROMOTE,
        family="pointwise",
        node="NotImplemented",
        self=undifferentiable("heaviside"),
        values=undifferentiable("heaviside"),
        doc="0 below zero, 1 above it, `values` at it.",
    ),
    inplace=True,
    check=_heaviside_check,
)


def _ldexp(a: Raw, b: Raw) -> Raw:
    return a * np.power(a.dtype.type(2), b)


LDEXP = define(
    "ldexp(self, other)",
    broadcasting(_ldexp),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, other: g * F.conj(F.exp2(other)),
    other=lambda F, g, result: g * F.conj(result) * math.log(2),
    doc="input * 2 ** other.",
)
expose(LDEXP, inplace=True)


# --- distances -------------------------------------------------------------------------------------
def _dist_vjp(F: Any, g: Any, self: Any, other: Any, result: Any, p: float) -> Any:
    difference = self - other
    if p == 0:
        return F.zeros_like(difference)
    if p == 1:
        return F.sgn(difference) * g
    if abs(p) == math.inf:
        hit = F.bool_to(F.abs(difference) == result, difference)
        return F.sgn(difference) * hit * (g / hit.sum())
    zero = result == 0
    safe = F.where(zero, F.ones_like(result), result)
    m = F.abs(difference)
    m = F.where(m == 0, F.ones_like(m), m)
    slope = difference * F.power(m, p - 2) * (g / F.power(safe, p - 1))
    return F.where(zero, F.zeros_like(slope), slope)


DIST = define(
    "dist(self, other, p=2)",
    broadcasting(lambda a, b, p: vector_norm_raw(np.asarray(a - b), p, None, False)),
    PROMOTE,
    family="reduction",
    self=lambda F, g, self, other, result, p: _dist_vjp(F, g, self, other, result, p),
    other=lambda F, g, self, other, result, p: -_dist_vjp(F, g, self, other, result, p),
)


def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The p-norm of the difference."""
    binary.check_bool(input, other)
    d = result_dtype([input, other])
    if d.category < FLOAT:
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. "
            f"Got {d.display} instead."
        )
    return run(DIST, [input, other, float(p)])


publish("dist", dist, F=False)
