"""Choosing between values: where, clamp, masks, lerp and the fused multiply-adds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, bool_, of_scalar, uint8
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.promote import result_dtype
from engine.ops.table import GRAPH, PROMOTE, PROMOTE_FLOAT, RAW, define, run
from engine.size import intern
from engine.tensor import Tensor, wrap

Raw = Any


def _broadcast(*raws: Raw) -> None:
    try:
        np.broadcast_shapes(*(np.shape(r) for r in raws))
    except ValueError:
        a, b = [r for r in raws if np.ndim(r)][:2]
        try:
            np.broadcast_shapes(np.shape(a), np.shape(b))
        except ValueError:
            raise errors.mismatch(np.shape(a), np.shape(b)) from None
        raise errors.mismatch(
            np.broadcast_shapes(np.shape(a), np.shape(b)), np.shape(raws[-1])
        ) from None


def _where(c: Raw, a: Raw, b: Raw) -> Raw:
    _broadcast(c, a, b)
    return np.where(c, a, b)


WHERE = define(
    "where(condition, self, other)",
    _where,
    PROMOTE,
    family="pointwise",
    self=lambda F, g, condition: F.where(condition, g, F.zeros_like(g)),
    other=lambda F, g, condition: F.where(condition, F.zeros_like(g), g),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where the condition holds, else other; with one argument the places where it holds."""
    if not isinstance(condition, Tensor):
        raise errors.not_tensor("where", "condition", 1, condition)
    if input is None and other is None:
        return FUNCTIONS["nonzero"](condition, as_tuple=True)
    if condition._d not in (bool_, uint8):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition._d.display}"
        )
    d = result_dtype([input, other])
    a, b = (v if isinstance(v, Tensor) else wrap(np.asarray(v, d.np), d) for v in (input, other))
    return _run_where(condition, a, b, d)


def _run_where(c: Any, a: Any, b: Any, d: Any) -> Any:
    c = c if c._d is bool_ else c.to(bool_)
    a = a if a._d is d else a.to(d)
    b = b if b._d is d else b.to(d)
    return run(WHERE_SAME, [c, a, b])


WHERE_SAME = define(
    "where(condition, self, other)",
    _where,
    family="pointwise",
    key="where_same",
    self=lambda F, g, condition, self_sizes: F.sum_to(
        F.where(condition, g, F.zeros_like(g)), self_sizes
    ),
    other=lambda F, g, condition, other_sizes: F.sum_to(
        F.where(condition, F.zeros_like(g), g), other_sizes
    ),
)
publish("where", where, method=False)
publish(
    "where", lambda self, condition, other: where(condition, self, other), function=False, F=False
)
GRAPH.where = where


# --- clamp ---------------------------------------------------------------------------------------
def _clamp(a: Raw, min: Any = None, max: Any = None) -> Raw:
    r = a
    if min is not None:
        r = np.maximum(r, min)
    if max is not None:
        r = np.minimum(r, max)
    return np.asarray(r).astype(
        np.asarray(a).dtype
        if isinstance(min, (int, type(None))) and isinstance(max, (int, type(None)))
        else r.dtype
    )[()]


def _clamp_vjp(F: Any, g: Any, self: Any, min: Any, max: Any) -> Any:
    inside = self == self
    if min is not None:
        inside = inside & (self >= min)
    if max is not None:
        inside = inside & (self <= max)
    return F.where(inside, g, F.zeros_like(g))


CLAMP = define(
    "clamp(self, min=None, max=None)",
    _clamp,
    family="pointwise",
    node="ClampBackward1",
    self=_clamp_vjp,
)
CLAMP_MIN = define(
    "clamp_min(self, min)",
    lambda a, m: _clamp(a, m),
    family="pointwise",
    self=lambda F, g, self, min: _clamp_vjp(F, g, self, min, None),
)
CLAMP_MAX = define(
    "clamp_max(self, max)",
    lambda a, m: _clamp(a, None, m),
    family="pointwise",
    self=lambda F, g, self, max: _clamp_vjp(F, g, self, None, max),
)


def _at(F: Any, g: Any, mask: Any) -> Any:
    return F.where(mask, g, F.zeros_like(g))


CLAMP_TENSORS = define(
    "clamp(self, min, max)",
    lambda a, lo, hi: np.minimum(np.maximum(a, lo), hi),
    PROMOTE,
    family="pointwise",
    key="clamp_tensors",
    node="ClampBackward0",
    self=lambda F, g, self, min, max: _at(F, g, (self >= min) & (self <= max)),
    min=lambda F, g, self, min, max: _at(F, g, (self < min) & (min < max)),
    max=lambda F, g, self, min, max: _at(F, g, (self > max) | (max < min)),
)
CLAMP_MIN_TENSOR = define(
    "clamp_min(self, min)",
    np.maximum,
    PROMOTE,
    family="pointwise",
    key="clamp_min_tensor",
    node="ClampMinBackward1",
    self=lambda F, g, self, min: _at(F, g, self >= min),
    min=lambda F, g, self, min: _at(F, g, self < min),
)
CLAMP_MAX_TENSOR = define(
    "clamp_max(self, max)",
    np.minimum,
    PROMOTE,
    family="pointwise",
    key="clamp_max_tensor",
    node="ClampMaxBackward1",
    self=lambda F, g, self, max: _at(F, g, self <= max),
    max=lambda F, g, self, max: _at(F, g, self > max),
)


def _clamp_row(input: Any, lo: Any, hi: Any) -> tuple[Any, list[Any]]:
    if not isinstance(input, Tensor):
        raise errors.not_tensor("clamp", "input", 1, input)
    if lo is None and hi is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(lo, Tensor) or isinstance(hi, Tensor):
        if hi is None:
            return CLAMP_MIN_TENSOR, [input, lo]
        if lo is None:
            return CLAMP_MAX_TENSOR, [input, hi]
        return CLAMP_TENSORS, [input, _tensor(lo), _tensor(hi)]
    if input._d.category == COMPLEX:
        raise RuntimeError("clamp is not supported for complex types")
    d = result_dtype([input, *(v for v in (lo, hi) if v is not None)])
    if (lo is not None and math.isnan(lo)) or (hi is not None and math.isnan(hi)):
        pass
    return CLAMP, [input if input._d is d else input.to(d), lo, hi]


def _tensor(v: Any) -> Any:
    return v if isinstance(v, Tensor) else FUNCTIONS["tensor"](v)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """Limit to [min, max], numbers or tensors."""
    return run(*_clamp_row(input, min, max))


def clamp_(self: Any, min: Any = None, max: Any = None) -> Any:
    op, values = _clamp_row(self, min, max)
    return inplace.run_inplace(op, [self, *values[1:]])


def clamp_min(input: Any, min: Any) -> Any:
    return run(CLAMP_MIN_TENSOR if isinstance(min, Tensor) else CLAMP_MIN, [input, min])


def clamp_max(input: Any, max: Any) -> Any:
    return run(CLAMP_MAX_TENSOR if isinstance(max, Tensor) else CLAMP_MAX, [input, max])


publish("clamp clip", clamp)
publish("clamp_ clip_", clamp_, F=False)
publish("clamp_min", clamp_min)
publish("clamp_max", clamp_max)
publish("clamp_min_", lambda self, min: clamp_(self, min), F=False)
publish("clamp_max_", lambda self, max: clamp_(self, None, max), F=False)


# --- masks ---------------------------------------------------------------------------------------
def _mask_of(mask: Any) -> Any:
    if mask._d is not bool_:
        raise RuntimeError(f"expected mask dtype to be Bool but got {mask._d.display}")
    return mask


MASKED_FILL = define(
    "masked_fill(self, mask, value)",
    lambda a, m, v: np.where(m, np.asarray(v).astype(a.dtype), a),
    family="indexing",
    self=lambda F, g, mask, self_sizes: F.sum_to(F.where(mask, F.zeros_like(g), g), self_sizes),
)
MASKED_FILL_TENSOR = define(
    "masked_fill(self, mask, value)",
    lambda a, m, v: np.where(m, v.astype(a.dtype), a),
    family="indexing",
    key="masked_fill_tensor",
    node="MaskedFillBackward1",
    self=lambda F, g, mask, self_sizes: F.sum_to(F.where(mask, F.zeros_like(g), g), self_sizes),
    value=lambda F, g, mask: F.where(mask, g, F.zeros_like(g)).sum(),
)


def _masked_fill(name: str) -> Any:
    def values(self: Any, mask: Any, value: Any) -> tuple[Any, list[Any]]:
        _mask_of(mask)
        if isinstance(value, Tensor):
            if value._s:
                raise RuntimeError(
                    "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                    f"{len(value._s)} dimension(s)."
                )
            return MASKED_FILL_TENSOR, [self, mask, value]
        if of_scalar(value).category > self._d.category and self._d.category < FLOAT:
            raise RuntimeError(
                f"value cannot be converted to type {_c_type(self._d)} without overflow"
            )
        return MASKED_FILL, [self, mask, value]

    return values


def _c_type(d: Any) -> str:
    return str({"int64": "int64_t", "int32": "int", "bool": "bool"}.get(d.name, d.name))


_fill_values = _masked_fill("masked_fill")


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    return run(*_fill_values(input, mask, value))


def masked_fill_(self: Any, mask: Any, value: Any) -> Any:
    return inplace.run_inplace(*_fill_values(self, mask, value))


MASKED_SELECT = define(
    "masked_select(self, mask)",
    lambda a, m: np.broadcast_arrays(a, m)[0][np.broadcast_arrays(a, m)[1]],
    family="indexing",
    self=lambda F, g, mask, self_sizes: F.masked_put(g, mask, self_sizes),
)


def _masked_put(g: Raw, mask: Raw, sizes: Any) -> Raw:
    shape = np.broadcast_shapes(sizes, np.shape(mask))
    out = np.zeros(shape, g.dtype)
    out[np.broadcast_to(mask, shape)] = g
    return RAW.sum_to(out, sizes)


define(
    "_masked_put(self, mask, sizes)",
    _masked_put,
    family="indexing",
    key="masked_put",
    self=lambda F, g, mask: F.masked_select(g, mask),
)
RAW.masked_select = MASKED_SELECT.forward
expose(MASKED_SELECT)


def _masked_scatter(a: Raw, mask: Raw, source: Raw) -> Raw:
    out = np.array(np.broadcast_arrays(a, mask)[0])
    m = np.broadcast_to(mask, out.shape)
    out[m] = np.asarray(source).reshape(-1)[: int(m.sum())]
    return out


expose(
    define(
        "masked_scatter(self, mask, source)",
        _masked_scatter,
        family="indexing",
        self=lambda F, g, mask: F.where(mask, F.zeros_like(g), g),
        source=lambda F, g, mask, source_sizes: F.pad_flat(F.masked_select(g, mask), source_sizes),
    ),
    inplace=True,
)


def _pad_flat(g: Raw, sizes: Any) -> Raw:
    out = np.zeros(math.prod(sizes), g.dtype)
    out[: g.size] = g
    return out.reshape(sizes)


define(
    "_pad_flat(self, sizes)",
    _pad_flat,
    family="indexing",
    key="pad_flat",
    self=lambda F, g, self_sizes: F.part(g.reshape((-1,)), slice(0, self_sizes[0])),
)
publish("masked_fill", masked_fill)
publish("masked_fill_", masked_fill_, function=False, F=False)


# --- interpolation and fused products ------------------------------------------------------------
def _lerp(a: Raw, b: Raw, w: Raw) -> Raw:
    return np.where(np.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w)).astype(
        np.result_type(a, b), copy=False
    )[()]


LERP = define(
    "lerp(self, end, weight)",
    _lerp,
    PROMOTE,
    family="pointwise",
    node="LerpBackward1",
    self=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
    weight=lambda F, g, self, end: g * (end - self),
)
LERP_NUMBER = define(
    "lerp(self, end, weight)",
    _lerp,
    PROMOTE,
    family="pointwise",
    key="lerp_number",
    node="LerpBackward0",
    self=lambda F, g, weight: g * (1 - weight),
    end=lambda F, g, weight: g * weight,
)
ADDCMUL = define(
    "addcmul(self, tensor1, tensor2, *, value=1)",
    lambda s, a, b, v: s + v * a * b,
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda F, g, tensor1, value: g * (tensor1 * value),
)
ADDCDIV = define(
    "addcdiv(self, tensor1, tensor2, *, value=1)",
    lambda s, a, b, v: s + v * (a / b),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g: g,
    tensor1=lambda F, g, tensor2, value: g * (value / tensor2),
    tensor2=lambda F, g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2)),
)


def _check_lerp(values: list[Any]) -> None:
    a, b = values[0], values[1]
    if a._d is not b._d:
        raise RuntimeError(f"expected dtype {_dname(a)} for `end` but got dtype {_dname(b)}")


def _dname(t: Any) -> str:
    name: str = t._d.name
    return {"float32": "float", "float64": "double", "int64": "long int"}.get(name, name)


def _lerp_row(a: Any, end: Any, weight: Any) -> tuple[Any, list[Any]]:
    _check_lerp([a, end])
    return LERP if isinstance(weight, Tensor) else LERP_NUMBER, [a, end, weight]


publish("lerp", lambda self, end, weight: run(*_lerp_row(self, end, weight)))
publish(
    "lerp_",
    lambda self, end, weight: inplace.run_inplace(*_lerp_row(self, end, weight)),
    function=False,
    F=False,
)
expose(ADDCMUL, inplace=True)
expose(ADDCDIV, inplace=True)


# --- complex -------------------------------------------------------------------------------------
def _complex(a: Raw, b: Raw) -> Raw:
    return (a + 1j * b).astype(np.complex64 if a.dtype == np.float32 else np.complex128)


COMPLEX_ROW = define(
    "complex(self, other)",
    _complex,
    family="pointwise",
    self=lambda F, g: F.real(g),
    other=lambda F, g: F.imag(g),
)
REAL = define(
    "real(self)", lambda a: a.real, family="shape", view=True, self=lambda F, g: F.to_complex(g)
)
IMAG = define(
    "imag(self)",
    lambda a: a.imag,
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
)
VIEW_AS_COMPLEX = define(
    "view_as_complex(self)",
    lambda a: a[..., 0] + 1j * a[..., 1].astype(a.dtype),
    family="shape",
    self=lambda F, g: F.view_as_real(g),
)
expose(VIEW_AS_REAL, method=False)
expose(VIEW_AS_COMPLEX, method=False)


def real(input: Any) -> Any:
    return run(REAL, [input]) if input._d.category == COMPLEX else input


def imag(input: Any) -> Any:
    if input._d.category != COMPLEX:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return run(IMAG, [input])


def conj(input: Any) -> Any:
    return run(CONJ, [input]) if input._d.category == COMPLEX else input


def complex_(real: Any, imag: Any) -> Any:
    return run(COMPLEX_ROW, [real, imag])


def polar(abs: Any, angle: Any) -> Any:
    return complex_(abs * angle.cos(), abs * angle.sin())


publish("real", real, method=False, F=False)
publish("imag", imag, method=False, F=False)
publish("conj", conj, F=False)
publish("_complex", complex_, method=False, F=False)
publish("polar", polar, method=False, F=False)
publish("resolve_conj resolve_neg", lambda self: self)
Tensor.real, Tensor.imag = property(real), property(imag)  # type: ignore[attr-defined]
Tensor.H = property(lambda self: conj(self.mT))  # type: ignore[attr-defined]


# --- comparisons of whole tensors ----------------------------------------------------------------
def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    if input._d is not other._d:
        raise RuntimeError(f"{input._d.display} did not match {other._d.display}")
    return wrap(np.asarray(np.isclose(input._a, other._a, rtol, atol, equal_nan)))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    if input._d is not other._d:
        raise RuntimeError(f"{input._d.display} did not match {other._d.display}")
    _broadcast(input._a, other._a)
    return bool(np.allclose(input._a, other._a, rtol, atol, equal_nan))


def equal(input: Any, other: Any) -> bool:
    return input._s == other._s and bool(np.array_equal(input._a, other._a))


for _n in ("isclose", "allclose", "equal"):
    publish(_n, globals()[_n], F=False)


def broadcast_shapes(*shapes: Any) -> Any:
    items = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return intern(np.broadcast_shapes(*items))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape"
        ) from None


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    try:
        shape = np.broadcast_shapes(*(t._s for t in tensors))
    except ValueError:
        raise errors.mismatch(tensors[0]._s, tensors[1]._s) from None
    return tuple(t.expand(*shape) for t in tensors)


publish("broadcast_shapes", broadcast_shapes, method=False, F=False)
publish("broadcast_tensors", broadcast_tensors, method=False, F=False)
publish("broadcast_to", lambda self, size: self.expand(*size))
publish("expand_as", lambda self, other: self.expand(*other._s), function=False)
publish("reshape_as", lambda self, other: self.reshape(other._s), function=False)
publish("result_type", lambda a, b: result_dtype([a, b]), method=False, F=False)
publish("is_nonzero", lambda self: bool(self))
publish("is_same_size", lambda self, other: self._s == other._s)
__all__ = ["BOOL"]
