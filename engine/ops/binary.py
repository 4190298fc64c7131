"""Operations on two tensors, element by element, with broadcasting and type promotion."""

from __future__ import annotations

import math
from cmath import log as complex_log
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, complex128, float64, of_scalar
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.promote import result_dtype
from engine.ops.table import PROMOTE, PROMOTE_FLOAT, define, run, undifferentiable
from engine.tensor import Tensor, wrap

Raw = Any


def broadcasting(fn: Callable[..., Raw]) -> Callable[..., Raw]:
    def call(a: Raw, b: Raw, *rest: Any) -> Raw:
        try:
            return fn(a, b, *rest)
        except ValueError:
            raise errors.mismatch(np.shape(a), np.shape(b)) from None

    return call


def _scaled(b: Raw, alpha: Any) -> Raw:
    return (
        b
        if type(alpha) is int and alpha == 1
        else b * b.dtype.type(alpha)
        if b.dtype.kind != "b"
        else b
    )


def _add(a: Raw, b: Raw, alpha: Any = 1) -> Raw:
    return a + _scaled(b, alpha)


def _sub(a: Raw, b: Raw, alpha: Any = 1) -> Raw:
    return a - _scaled(b, alpha)


def check_bool(a: Any, b: Any) -> None:
    """Raise if a difference involves bool."""
    kinds = [
        v._d.category == BOOL if isinstance(v, Tensor) else isinstance(v, bool) for v in (a, b)
    ]
    if all(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if any(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )


ADD = define(
    "add(self, other, *, alpha=1)",
    broadcasting(_add),
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    other=lambda F, g, alpha: F.scaled(g, alpha),
)
SUB = define(
    "sub(self, other, *, alpha=1)",
    broadcasting(_sub),
    PROMOTE,
    family="pointwise",
    self=lambda F, g: g,
    other=lambda F, g, alpha: -F.scaled(g, alpha),
)
RSUB = define(
    "rsub(self, other, *, alpha=1)",
    broadcasting(lambda a, b, alpha=1: b - _scaled(a, alpha)),
    PROMOTE,
    family="pointwise",
    node="RsubBackward1",
    self=lambda F, g, alpha: -F.scaled(g, alpha),
    other=lambda F, g: g,
)
MUL = define(
    "mul(self, other)",
    broadcasting(lambda a, b: a * b),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, other: g * F.conj(other),
    other=lambda F, g, self: g * F.conj(self),
)


def _div(a: Raw, b: Raw) -> Raw:
    return np.true_divide(a, b)


DIV = define(
    "div(self, other)",
    broadcasting(_div),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, other: g / F.conj(other),
    other=lambda F, g, self, other: -g * F.conj((self / other) / other),
)


def _zero_division(b: Raw) -> None:
    if b.dtype.kind in "iub" and not np.all(b):
        raise RuntimeError("ZeroDivisionError")


def _floor_divide(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    if a.dtype.kind in "iub":
        return np.floor_divide(a, b)
    q = np.floor_divide(a, b)
    return np.where(b == 0, a / b, q).astype(q.dtype, copy=False)[()]


def _div_mode(a: Raw, b: Raw, rounding_mode: str) -> Raw:
    if rounding_mode == "floor":
        return _floor_divide(a, b)
    _zero_division(b)
    if a.dtype.kind in "iub":
        return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)[()]
    return np.trunc(a / b)


DIV_MODE = define(
    "div(self, other, *, rounding_mode)",
    broadcasting(_div_mode),
    PROMOTE,
    key="div_mode",
    family="pointwise",
    node="DivBackward2",
    self=lambda F, g: F.zeros_like(g),
    other=lambda F, g: F.zeros_like(g),
)
FLOOR_DIVIDE = define(
    "floor_divide(self, other)",
    broadcasting(_floor_divide),
    PROMOTE,
    family="pointwise",
    node="NotImplemented",
    self=undifferentiable("floor_divide"),
    other=undifferentiable("floor_divide"),
    doc="The quotient, rounded down.",
)


def _remainder(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    return np.remainder(a, b)


def _fmod(a: Raw, b: Raw) -> Raw:
    _zero_division(b)
    return np.fmod(a, b)


REMAINDER_NUMBER = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    key="remainder_number",
    self=lambda F, g: g,
    doc="The rest of a division rounded down; it has the sign of `other`.",
)
REMAINDER_OF = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    key="remainder_of",
    node="NotImplemented",
    other=undifferentiable("remainder"),
)
REMAINDER = define(
    "remainder(self, other)",
    broadcasting(_remainder),
    PROMOTE,
    family="pointwise",
    node="RemainderBackward1",
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.div_mode(self, other, "floor"),
)
FMOD_NUMBER = define(
    "fmod(self, other)",
    broadcasting(_fmod),
    PROMOTE,
    family="pointwise",
    key="fmod_number",
    self=lambda F, g: g,
    doc="The rest of a division rounded to 0; it has the sign of input.",
)
FMOD = define(
    "fmod(self, other)",
    broadcasting(_fmod),
    PROMOTE,
    family="pointwise",
    node="FmodBackward1",
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.trunc(self / other),
)


def _pow(a: Raw, b: Raw) -> Raw:
    if a.dtype.kind in "iu" and np.any(b < 0):
        # An integer power below zero: 1 for base 1, ±1 for -1, else 0.
        sign = np.where(b % 2 == 0, 1, -1)
        low = np.where(a == 1, 1, np.where(a == -1, sign, 0))
        return np.where(b < 0, low, np.power(a, np.where(b < 0, 0, b))).astype(a.dtype)[()]
    return np.power(a, b)


def _power(a: Raw, exponent: Any) -> Raw:
    if exponent == 2 and a.dtype.kind in "fc":
        return a * a
    if exponent == 0.5:
        return np.sqrt(a)
    if exponent == 3 and a.dtype.kind in "fc":
        return a * a * a
    return np.power(a, exponent)


def _pow_vjp(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    if exponent == 0:
        return F.zeros_like(g)
    if exponent == 2 and F.raw:
        return g * (F.conj(self) * 2)
    if exponent == 1 and F.raw:
        return g * 1
    return g * (F.conj(F.power(self, exponent - 1)) * exponent)


POW_SCALAR = define("pow(self, exponent)", _power, family="pointwise", self=_pow_vjp, key="power")


POW_BOOL = define(
    "pow(self, exponent)",
    lambda a, exponent: np.array(a) if exponent else np.ones(np.shape(a), bool),
    family="pointwise",
    key="power_bool",
)


def _number_log(v: Any) -> Any:
    if isinstance(v, complex):
        return complex_log(v)
    return math.log(v) if v > 0 else math.nan


def _pow_self(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    slope = F.conj(exponent * F.pow(self, exponent - 1))
    return g * F.where(exponent == 0.0, F.zeros_like(slope), slope)


def _pow_exponent(F: Any, g: Any, self: Any, exponent: Any, result: Any) -> Any:
    if not hasattr(self, "shape"):  # a number was raised to the power
        if self == 0:
            inside = exponent >= 0
            return g * F.where(inside, F.zeros_like(result), result * -math.inf)
        return g * (result * _number_log(self))
    log = F.log(self)
    slope = F.conj(result * log)
    if F.is_complex(self):
        return g * slope
    return g * F.where((self == 0) & (exponent >= 0), F.zeros_like(slope), slope)


POW_TENSOR = define(
    "pow(self, exponent)",
    broadcasting(_pow),
    PROMOTE,
    family="pointwise",
    node="PowBackward1",
    self=_pow_self,
    exponent=_pow_exponent,
)
POW_BASE = define(
    "pow(self, exponent)",
    broadcasting(_pow),
    PROMOTE,
    family="pointwise",
    key="rpow",
    node="PowBackward2",
    exponent=_pow_exponent,
)


def _half(F: Any, g: Any, lose: Any, tie: Any) -> Any:
    return F.where(tie, g / 2, F.where(lose, F.zeros_like(g), g))  # nan: all to both


MAXIMUM = define(
    "maximum(self, other)",
    broadcasting(np.maximum),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: _half(F, g, self < other, self == other),
    other=lambda F, g, self, other: _half(F, g, other < self, self == other),
    doc="The larger of two elements; nan if either is.",
)
MINIMUM = define(
    "minimum(self, other)",
    broadcasting(np.minimum),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: _half(F, g, self > other, self == other),
    other=lambda F, g, self, other: _half(F, g, other > self, self == other),
    doc="The smaller of two elements; nan if either is.",
)
FMAX = define(
    "fmax(self, other)",
    broadcasting(np.fmax),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: F.where((self >= other) | F.isnan(other), g, F.zeros_like(g)),
    other=lambda F, g, self, other: F.where((self >= other) | F.isnan(other), F.zeros_like(g), g),
    doc="The larger of two elements; a nan only if both are.",
)
FMIN = define(
    "fmin(self, other)",
    broadcasting(np.fmin),
    PROMOTE,
    family="pointwise",
    self=lambda F, g, self, other: F.where((self <= other) | F.isnan(other), g, F.zeros_like(g)),
    other=lambda F, g, self, other: F.where((self <= other) | F.isnan(other), F.zeros_like(g), g),
    doc="The smaller of two elements; a nan only if both are.",
)


def _per_square(F: Any, a: Any, b: Any) -> Any:
    """1 / (a² + b²), and 0 at the origin."""
    r = a * a + b * b
    zero = r == 0
    return F.where(zero, F.zeros_like(r), 1 / F.where(zero, F.ones_like(r), r))


ATAN2 = define(
    "atan2(self, other)",
    broadcasting(np.arctan2),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g * other * _per_square(F, self, other),
    other=lambda F, g, self, other: g * -self * _per_square(F, self, other),
    doc="The angle of the point (other, input), in [-pi, pi].",
)
HYPOT = define(
    "hypot(self, other)",
    broadcasting(np.hypot),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, result: g * self / result,
    other=lambda F, g, other, result: g * other / result,
    doc="The length sqrt(input² + other²), without overflow.",
)


def _logaddexp(a: Raw, b: Raw) -> Raw:
    if a.dtype.kind != "c":
        return np.logaddexp(a, b)
    high: Raw = np.where(a.real >= b.real, a, b)
    return high + np.log1p(np.exp(np.where(a.real >= b.real, b, a) - high))


LOGADDEXP = define(
    "logaddexp(self, other)",
    broadcasting(_logaddexp),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g / (1 + F.exp(other - self)),
    other=lambda F, g, self, other: g / (1 + F.exp(self - other)),
    doc="log(exp(input) + exp(other)), without overflow.",
)
LOGADDEXP2 = define(
    "logaddexp2(self, other)",
    broadcasting(np.logaddexp2),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: g / (1 + F.exp2(other - self)),
    other=lambda F, g, self, other: g / (1 + F.exp2(self - other)),
    doc="log2(2 ** input + 2 ** other), without overflow.",
)


def _copysign_vjp(F: Any, g: Any, self: Any, result: Any) -> Any:
    return F.where(self == 0, F.zeros_like(g), g * (result / self))


COPYSIGN = define(
    "copysign(self, other)",
    broadcasting(np.copysign),
    PROMOTE_FLOAT,
    family="pointwise",
    self=_copysign_vjp,
    other=lambda F, g: F.zeros_like(g),
)


def _xlogy(a: Raw, b: Raw) -> Raw:
    return np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b)).astype(np.result_type(a, b))[()]


XLOGY = define(
    "xlogy(self, other)",
    broadcasting(_xlogy),
    PROMOTE_FLOAT,
    family="pointwise",
    self=lambda F, g, self, other: (
        g * F.where((self == 0) & (other <= 0), F.zeros_like(g), F.log(other))
    ),
    other=lambda F, g, self, other: g * self / other,
    doc="input * log(other), and 0 where input is 0.",
)


def _xlogy_number_vjp(F: Any, g: Any, self: Any, other: Any) -> Any:
    if other > 0:
        return g * math.log(other)
    return F.where(self == 0, F.zeros_like(g), g * (math.nan if other < 0 else -math.inf))


XLOGY_NUMBER = define(
    "xlogy(self, other)",
    XLOGY.forward,
    PROMOTE_FLOAT,
    family="pointwise",
    key="xlogy_number",
    node="XlogyBackward2",
    self=_xlogy_number_vjp,
)

#: What has no kernel: operation → name of the kernel, categories of element types.
_REFUSED: dict[str, tuple[str, str]] = {
    "floor_divide": ("div_floor_cpu", "bc"), "fmod": ("fmod_cpu", "bc"), "remainder": ("remainder_cpu", "bc"),
    "atan2": ("atan2_cpu", "c"), "hypot": ("hypot_cpu", "bic"), "logaddexp": ("logaddexp_cpu", "bi"),
    "logaddexp2": ("logaddexp2_cpu", "bic"), "copysign": ("copysign_cpu", "c"), "xlogy": ("xlogy_cpu", "c"),
    "gcd": ("gcd_cpu", "bfc"), "lcm": ("lcm_cpu", "bfc"),
    "lt": ("lt_cpu", "c"), "le": ("le_cpu", "c"), "gt": ("gt_cpu", "c"), "ge": ("ge_cpu", "c"), "pow": ("pow", "b"),
}  # fmt: skip
_COMPLEX_REFUSED = ("maximum", "minimum", "fmax", "fmin")


def _broadcastable(values: list[Any]) -> None:
    wrong = errors.unbroadcastable([v._s for v in values[:2] if isinstance(v, Tensor)])
    if wrong is not None:
        raise wrong


def _refusal(name: str) -> Callable[[list[Any]], None] | None:
    """A check that refuses the element types for which PyTorch has no kernel."""
    kernel, kinds = _REFUSED.get(name, ("", ""))
    if not kernel and name not in _COMPLEX_REFUSED:
        return None

    def check(values: list[Any]) -> None:
        d = result_dtype(values[:2])
        if not kernel:
            if d.category == COMPLEX:
                raise RuntimeError(f"{name} not implemented for complex tensors.")
        elif "bifc"[d.category] in kinds:
            _broadcastable(values)
            raise errors.not_implemented(kernel, d.display)

    return check


for _op, _also in (
    (MAXIMUM, ""), (MINIMUM, ""), (FMAX, ""), (FMIN, ""), (ATAN2, "arctan2"), (HYPOT, ""),
    (LOGADDEXP, ""), (LOGADDEXP2, ""), (XLOGY, ""), (FLOOR_DIVIDE, ""),
):  # fmt: skip
    expose(
        _op,
        also=_also,
        inplace=_op.name in ("atan2", "hypot", "xlogy", "floor_divide"),
        check=_refusal(_op.name),
    )

_fn: Callable[..., Raw]
for _name, _fn, _doc in (
    ("gcd", np.gcd, "The greatest common divisor of integers."),
    ("lcm", np.lcm, "The least common multiple of integers."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        check=_refusal(_name),
    )


def _writes(name: str, fn: Callable[..., Raw]) -> Callable[[list[Any]], Any]:
    """What a comparison in place is: an operation whose gradients are zeros."""
    number, tensor = (
        define(
            f"{name}(self, other)",
            broadcasting(fn),
            PROMOTE,
            family="pointwise",
            key=f"_{name}_{key}",
            node=f"{name.capitalize()}Backward{i}",
            self=lambda F, g: F.zeros_like(g),
            other=lambda F, g: F.zeros_like(g),
        )
        for i, key in enumerate(("number", "tensor"))
    )
    return lambda values: tensor if isinstance(values[1], Tensor) else number


for _name, _fn, _also, _doc in (
    ("eq", np.equal, "", "Whether input == other, element by element."),
    ("ne", np.not_equal, "not_equal", "Whether input != other, element by element."),
    ("lt", np.less, "less", "Whether input < other, element by element."),
    ("le", np.less_equal, "less_equal", "Whether input <= other, element by element."),
    ("gt", np.greater, "greater", "Whether input > other, element by element."),
    ("ge", np.greater_equal, "greater_equal", "Whether input >= other, element by element."),
    ("logical_and", np.logical_and, "", "Whether both are true."),
    ("logical_or", np.logical_or, "", "Whether at least one is true."),
    ("logical_xor", np.logical_xor, "", "Whether exactly one is true."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        also=_also,
        check=_refusal(_name),
        writes=None if "logical" in _name else _writes(_name, _fn),
    )


def _bits_check(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        d = result_dtype(values[:2])
        if d.category >= FLOAT or ("shift" in name and d.category == BOOL):
            _broadcastable(values)
            raise errors.not_implemented(f"{name}_cpu", d.display)

    return check


for _name, _fn, _doc in (
    ("bitwise_and", np.bitwise_and, "The bits that both have; of booleans the logical and."),
    ("bitwise_or", np.bitwise_or, "The bits that either has; of booleans the logical or."),
    ("bitwise_xor", np.bitwise_xor, "The bits that only one has; of booleans the exclusive or."),
    ("bitwise_left_shift", np.left_shift, "input with its bits moved left by `other` places."),
    ("bitwise_right_shift", np.right_shift, "input with its bits moved right by `other` places."),
):
    expose(
        define(f"{_name}(self, other)", broadcasting(_fn), PROMOTE, family="pointwise", doc=_doc),
        inplace=True,
        check=_bits_check(
            {"bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift"}.get(_name, _name)
        ),
    )


DIV_NONE = define(
    "div(self, other)",
    DIV.forward,
    PROMOTE_FLOAT,
    key="div_none",
    family="pointwise",
    node="DivBackward2",
    self=lambda F, g, other: g / F.conj(other),
    other=lambda F, g, self, other: -g * F.conj((self / other) / other),
)


def _div_vjp_modes(name: str, self: Any, other: Any, rounding_mode: Any) -> Any:
    if rounding_mode is ...:
        return DIV, [self, other]
    if rounding_mode is None:
        return DIV_NONE, [self, other]
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return DIV_MODE, [self, other, rounding_mode]


def div(input: Any, other: Any, *, rounding_mode: Any = ..., out: Any = None) -> Any:
    """Quotient; "trunc" and "floor" round it."""
    if not isinstance(input, Tensor):
        if not isinstance(input, (int, float, complex, np.generic)):
            _first(input, "div")
        _first(other, "div")
        input = wrap(np.asarray(input, result_dtype([input, other]).np)[()])
    op, values = _div_vjp_modes("div", input, other, rounding_mode)
    return into_or_run("div", op, values, out)


def into_or_run(name: str, op: Any, values: list[Any], out: Any) -> Any:
    if out is None:
        return run(op, values)
    from engine.ops.api import into

    return into(name, out, lambda: run(op, values), values)


def _first(v: Any, name: str) -> None:
    if not isinstance(v, Tensor):
        raise errors.not_tensor(name, "input", 1, v)


def _refuse_bool_power(a: Any, b: Any) -> None:
    if result_dtype([a, b]).category == BOOL:
        raise errors.not_implemented("pow", "Bool")


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """input ** exponent, either of which may be a number."""
    if isinstance(exponent, Tensor):
        _refuse_bool_power(input, exponent)
        if isinstance(input, Tensor):
            return into_or_run("pow", POW_TENSOR, [input, exponent], out)
        return into_or_run("pow", POW_BASE, [input, exponent], out)
    _first(input, "pow")
    if not isinstance(exponent, (int, float, complex, np.generic)):
        raise TypeError(
            f"pow() received an invalid combination of arguments - got (Tensor, {type(exponent).__name__}), but expected one of:"
        )
    return into_or_run("pow", *_power_row(input, exponent), out)


def _power_row(t: Any, exponent: Any) -> tuple[Any, list[Any]]:
    d = of_scalar(exponent)
    if t._d.category < COMPLEX and d.category > t._d.category:
        t = t.to(result_dtype([t, exponent]))
    elif t._d.category == BOOL:
        return POW_BOOL, [t, exponent]
    elif t._d.category < FLOAT and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return POW_SCALAR, [t, exponent]


def _with_number(
    name: str, both: Any, number: Any, of: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A function of two tensors, or of a tensor and a number, which have rows of their own."""
    check = _refusal(name)

    def row(a: Any, b: Any) -> Any:
        if not isinstance(a, Tensor) and not isinstance(b, Tensor):
            raise errors.not_tensor(name, "input", 1, a)
        if check is not None:
            check([a, b])
        return (both if isinstance(a, Tensor) else of) if isinstance(b, Tensor) else number

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        return into_or_run(name, row(input, other), [input, other], out)

    def write(self: Any, other: Any) -> Any:
        return inplace.run_inplace(row(self, other), [self, other])

    call.__name__ = name
    return call, write


def pow_(self: Any, exponent: Any) -> Any:
    """self ** exponent, in place."""
    if isinstance(exponent, Tensor):
        return inplace.run_inplace(POW_TENSOR, [self, exponent])
    op, values = _power_row(self, exponent)
    return inplace.run_inplace(op, [self, *values[1:]])


def div_(self: Any, other: Any, *, rounding_mode: Any = ...) -> Any:
    return inplace.run_inplace(*_div_vjp_modes("div_", self, other, rounding_mode))


def true_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """input / other, a floating number also for integers."""
    return div(input, other, out=out)


def float_power(input: Any, exponent: Any) -> Any:
    """input ** exponent in float64, or complex128 if one of them is complex."""
    wide = complex128 if result_dtype([input, exponent]).category == COMPLEX else float64
    return pow(
        input.to(wide) if isinstance(input, Tensor) else input,
        exponent.to(wide) if isinstance(exponent, Tensor) else exponent,
    )


publish("div divide", div)
publish("true_divide", true_divide)
publish("pow", pow)
for _name, _both, _number, _of, _doc in (
    (
        "remainder",
        REMAINDER,
        REMAINDER_NUMBER,
        REMAINDER_OF,
        "The rest of a division rounded down; it has the sign of `other`.",
    ),
    (
        "fmod",
        FMOD,
        FMOD_NUMBER,
        FMOD,
        "The rest of a division rounded to 0; it has the sign of input.",
    ),
):
    _call, _write = _with_number(_name, _both, _number, _of)
    publish(_name, _call, doc=_doc)
    publish(_name + "_", _write, function=False, F=False)
for _name in ("div_", "divide_", "true_divide_"):
    publish(_name, div_, function=False, F=False)
publish("pow_", pow_, function=False, F=False)
publish("float_power", float_power)


def _number_first(name: str) -> Any:
    """A function of two tensors that also takes a number in the first place."""
    both = FUNCTIONS[name]

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if not isinstance(input, Tensor):
            kind = other._d if of_scalar(input).category <= other._d.category else None
            input = FUNCTIONS["tensor"](input, dtype=kind)
        return both(input, other) if out is None else both(input, other, out=out)

    call.__name__ = name
    return call


for _name in (
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift",
    "float_power", "floor_divide", "xlogy",
):  # fmt: skip
    publish(_name, _number_first(_name), method=False, F=False)


def _xlogy_way(of: Callable[..., Any], row_of: Callable[..., Any]) -> Callable[..., Any]:
    def call(input: Any, other: Any, **options: Any) -> Any:
        if isinstance(other, (Tensor, complex)):
            return of(input, other, **options)
        return row_of(XLOGY_NUMBER, [input, other])

    call.__name__ = of.__name__
    return call


publish("xlogy", _xlogy_way(FUNCTIONS["xlogy"], run), F=False)
publish("xlogy_", _xlogy_way(Tensor.xlogy_, inplace.run_inplace), function=False, F=False)  # type: ignore[attr-defined]


def refuse_order(name: str, a: Any, b: Any) -> None:
    """Raise if complex numbers are to be put in order."""
    if result_dtype([a, b]).category == COMPLEX:
        _broadcastable([a, b])
        raise errors.not_implemented(f"{name}_cpu", result_dtype([a, b]).display)
