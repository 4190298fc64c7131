"""Whole numbers near the elements, and questions about each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import errors
from engine.dtype import BOOL, COMPLEX, FLOAT, INT
from engine.ops.api import expose, publish
from engine.ops.elementwise import define_unary, keep_int, refuse, rounds, zero
from engine.ops.table import RAWTYPE, define, run

Raw = Any


def _round(a: Raw, decimals: int = 0) -> Raw:
    if a.dtype.kind in "iub":
        return a
    if decimals == 0:
        return np.rint(a)
    ten = a.dtype.type(10.0 ** abs(decimals))
    return np.rint(a * ten) / ten if decimals > 0 else np.rint(a / ten) * ten


def _round_check(values: list[Any]) -> None:
    if values[0]._d.category < FLOAT and values[1]:
        raise errors.not_implemented("round_cpu", values[0]._d.display)
    if values[0]._d.category == BOOL:
        raise errors.not_implemented("round_vml_cpu", "Bool")


define_unary(
    "floor",
    keep_int(np.floor),
    zero,
    kind=RAWTYPE,
    check=rounds("floor"),
    doc="The largest integer that is not above the element.",
)
define_unary(
    "ceil",
    keep_int(np.ceil),
    zero,
    kind=RAWTYPE,
    check=rounds("ceil"),
    doc="The smallest integer that is not below the element.",
)
define_unary(
    "trunc",
    keep_int(np.trunc),
    zero,
    kind=RAWTYPE,
    also="fix",
    check=rounds("trunc"),
    doc="The part before the point.",
)
define_unary(
    "frac",
    lambda a: a - np.trunc(a),
    "g",
    kind=RAWTYPE,
    check=refuse(BOOL, INT, COMPLEX, kernel="frac_cpu"),
    doc="The part behind the point, with the sign of the element.",
)


_whole = expose(
    define(
        "round(self, *, decimals=0)",
        _round,
        family="pointwise",
        self=zero,
        doc="To the nearest integer, or to `decimals` places; halves go to the even one.",
    ),
    inplace=True,
    check=_round_check,
)
_PLACES = define(
    "round(self, *, decimals=0)", _round, family="pointwise", key="round_places",
    node="RoundBackward1", self=zero,
)  # fmt: skip


def round_to(input: Any, *, decimals: int | None = None, out: Any = None) -> Any:
    """To the nearest integer, or to `decimals` places; halves go to the even one."""
    if decimals is None:
        return _whole(input, out=out)
    _round_check([input, decimals])
    return run(_PLACES, [input, decimals])


publish("round", round_to, F=False)

for _name, (_fn, _doc) in {
    "isnan": (
        lambda a: np.isnan(a) if a.dtype.kind in "fc" else np.zeros(a.shape, bool),
        "Whether elements are nan.",
    ),
    "isinf": (
        lambda a: np.isinf(a) if a.dtype.kind in "fc" else np.zeros(a.shape, bool),
        "Whether elements are infinite.",
    ),
    "isfinite": (
        lambda a: np.isfinite(a) if a.dtype.kind in "fc" else np.ones(a.shape, bool),
        "Whether elements are neither infinite nor nan.",
    ),
    "isposinf": (
        lambda a: (a == np.inf) if a.dtype.kind == "f" else np.zeros(a.shape, bool),
        "Whether elements are plus infinity.",
    ),
    "isneginf": (
        lambda a: (a == -np.inf) if a.dtype.kind == "f" else np.zeros(a.shape, bool),
        "Whether elements are minus infinity.",
    ),
    "isreal": (
        lambda a: np.isreal(a) if a.dtype.kind == "c" else np.ones(a.shape, bool),
        "Whether the imaginary part is 0.",
    ),
    "signbit": (
        lambda a: np.signbit(a) if a.dtype.kind == "f" else a < 0,
        "Whether the sign is minus, also of minus zero.",
    ),
}.items():
    expose(define(f"{_name}(self)", _fn, family="pointwise", doc=_doc))
expose(
    define(
        "logical_not(self)", np.logical_not, family="pointwise", doc="Whether the element is zero."
    ),
    inplace=True,
)


expose(
    define(
        "bitwise_not(self)",
        np.invert,
        family="pointwise",
        doc="All bits turned over; of booleans the logical not.",
    ),
    inplace=True,
)
