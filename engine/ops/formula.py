"""Gradients as text: `"g * conj(cos(self))"` becomes a VJP, or a line inside generated code.

Names in a formula are the gradient `g` of the result, arguments of the operation, `result`,
`<argument>_sizes` and so on; what is called is an operation of the namespace `F`; `pi`, `ln2` and
`ln10` are numbers, `sqrt_pi` too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

_PLACE = __file__.removesuffix(".py")  # where tracebacks find formulas: inside the engine

CONSTANTS = {"pi": math.pi, "ln2": math.log(2), "ln10": math.log(10), "sqrt_pi": math.sqrt(math.pi)}
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(\()?")

#: Formulas that arrays compute in other words: with as little new memory as may be.
ON_ARRAYS: dict[str, str] = {}


def names(text: str) -> list[str]:
    """What a formula takes beside `g`, in the order of appearance."""
    found = dict.fromkeys(m[1] for m in _NAME.finditer(text) if not m[2])
    return [n for n in found if n != "g" and n not in CONSTANTS]


def compile_vjp(text: str) -> Callable[..., Any]:
    """The VJP `lambda F, g, ...` of a formula."""
    body = _NAME.sub(lambda m: f"F.{m[0]}" if m[2] else m[0], text)
    source = f"lambda {', '.join(['F', 'g', *names(text)])}: {body}"
    return eval(compile(source, _PLACE, "eval"), dict(CONSTANTS))  # type: ignore[no-any-return]


def inline(text: str, places: Mapping[str, str]) -> str:
    """The formula as an expression on real arrays: arguments by `places`, without `conj`."""

    def replaced(m: re.Match[str]) -> str:
        if m[2]:
            return "(" if m[1] == "conj" else m[0]
        return places.get(m[1], m[1])

    return _NAME.sub(replaced, text)


def called(text: str) -> set[str]:
    """The operations that a formula calls."""
    return {m[1] for m in _NAME.finditer(text) if m[2] and m[1] != "conj"}
