"""Complex tensors: their parts, conjugates and views as pairs of real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtype import COMPLEX, FLOAT, bfloat16, complex32, complex64, float16
from engine.ops.api import expose, publish
from engine.ops.table import GRAPH, RAW, define, run
from engine.tensor import Tensor

Raw = Any


def _complex(a: Raw, b: Raw) -> Raw:
    kind = np.complex64 if a.dtype == np.float32 else np.complex128
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), kind)
    out.real, out.imag = a, b  # a sum would lose the sign of a zero, and spread what is infinite
    return out


COMPLEX_ROW = define(
    "complex(self, other)",
    _complex,
    family="pointwise",
    self=lambda F, g, self_sizes: F.sum_to(F.real(g), self_sizes),
    other=lambda F, g, other_sizes: F.sum_to(F.imag(g), other_sizes),
)


def _polar_abs(F: Any, g: Any, abs: Any, angle: Any, abs_sizes: Any) -> Any:
    return F.sum_to(F.real(g) * F.cos(angle) + F.imag(g) * F.sin(angle), abs_sizes)


def _polar_angle(F: Any, g: Any, abs: Any, angle: Any, angle_sizes: Any) -> Any:
    turned = F.imag(g) * F.cos(angle) - F.real(g) * F.sin(angle)
    return F.sum_to(abs * turned, angle_sizes)


POLAR = define(
    "polar(abs, angle)",
    lambda r, angle: _complex(r * np.cos(angle), r * np.sin(angle)),
    family="pointwise",
    abs=_polar_abs,
    angle=_polar_angle,
)
REAL = define(
    "real(self)",
    lambda a: a.real,
    family="shape",
    view=True,
    node="SelectBackward0",
    self=lambda F, g: F.to_complex(g),
)
IMAG = define(
    "imag(self)",
    lambda a: a.imag,
    node="SelectBackward0",
    family="shape",
    view=True,
    self=lambda F, g: F.to_complex(g) * 1j,
)
CONJ = define(
    "_conj(self)",
    lambda a: a.conj(),
    family="pointwise",
    node="ConjBackward0",
    self=lambda F, g: F.conj(g),
)
RAW.imag = lambda a: a.imag if a.dtype.kind == "c" else np.zeros_like(a)
RAW.to_complex = lambda a: a.astype(np.complex64 if a.dtype == np.float32 else np.complex128)
GRAPH.imag = lambda t: imag(t)
GRAPH.to_complex = lambda t: t.to(t._d.to_complex())
VIEW_AS_REAL = define(
    "view_as_real(self)",
    lambda a: np.stack([a.real, a.imag], -1),
    family="shape",
    self=lambda F, g: F.view_as_complex(g),
    doc="A view of complex numbers as pairs (*, 2).",
)
VIEW_AS_COMPLEX = define(
    "view_as_complex(self)",
    lambda a: a[..., 0] + 1j * a[..., 1].astype(a.dtype),
    family="shape",
    self=lambda F, g: F.view_as_real(g),
    doc="A view of pairs (*, 2) as complex numbers.",
)


def _check_complex(values: list[Any]) -> None:
    if values[0]._d.category != COMPLEX:
        raise RuntimeError("view_as_real is only supported for complex tensors")


def _check_pairs(values: list[Any]) -> None:
    if values[0]._d.category != FLOAT or values[0]._d is bfloat16:
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar "
            f"type: {values[0]._d.display}"
        )
    if not values[0]._s:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if values[0]._s[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")


expose(VIEW_AS_REAL, method=False, check=_check_complex)
expose(VIEW_AS_COMPLEX, method=False, check=_check_pairs)


def real(input: Any) -> Any:
    """The real parts, as a view."""
    if input._d is complex32:
        return run(REAL, [input.to(complex64)]).to(float16)
    return run(REAL, [input]) if input._d.category == COMPLEX else input


def imag(input: Any) -> Any:
    """The imaginary parts, as a view."""
    if input._d.category != COMPLEX:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    if input._d is complex32:
        return run(IMAG, [input.to(complex64)]).to(float16)
    return run(IMAG, [input])


def conj(input: Any) -> Any:
    """The conjugates, as a view."""
    return run(CONJ, [input]) if input._d.category == COMPLEX else input


def complex_(real: Any, imag: Any, *, out: Any = None) -> Any:
    _check_parts(real, imag)
    return run(COMPLEX_ROW, [real, imag])


def _check_parts(real: Any, imag: Any) -> None:
    if any(t._d.category != FLOAT or t._d is bfloat16 for t in (real, imag)):
        raise RuntimeError(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{real._d.display} and {imag._d.display}"
        )
    if real._d is not imag._d:
        raise RuntimeError(
            f"Expected object of scalar type {real._d.display} but got scalar type {imag._d.display} "
            "for second argument"
        )


def polar(abs: Any, angle: Any) -> Any:
    """Complex numbers from their absolute values and angles."""
    _check_parts(abs, angle)
    return run(POLAR, [abs, angle])


publish("real", real, method=False, F=False)
publish("imag", imag, method=False, F=False)
publish("conj", conj, F=False)
publish("_complex", complex_, method=False, F=False)
publish("polar", polar, method=False, F=False)
publish("resolve_conj", lambda self: self, doc="The tensor itself: conjugates are always computed.")
publish("resolve_neg", lambda self: self, doc="The tensor itself: negatives are always computed.")
Tensor.real, Tensor.imag = property(real), property(imag)  # type: ignore[attr-defined]
