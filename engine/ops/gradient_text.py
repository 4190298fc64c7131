"""The gradients of a row as text: formulas as they are, short functions from their source.

A VJP that is a lambda, or a function that only returns an expression, is shown as that expression:
`lambda F, g, other: g * F.conj(other)` reads `g * conj(other)`. Anything longer is not quoted.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.ops.written import WRITTEN, without_helpers

if TYPE_CHECKING:
    from engine.ops.table import Op

#: What stands for a VJP that is more than one short expression.
BY_A_FUNCTION = "computed by a function"
NOT_IMPLEMENTED = "no derivative is implemented"
LONGEST = 72  # characters of an expression that is worth reading
_LOCAL = re.compile(r"(?<![\w.])(_\w|getattr\b|None if\b|F\b)")


def gradients(op: Op) -> tuple[tuple[str, str], ...]:
    """The arguments of `op` that get a gradient, each with the text of it."""
    names = ["input" if op.params[i] == "self" else op.params[i] for i in op.differentiable]
    written = WRITTEN.get(op.node.__name__) or WRITTEN.get(op.name, {})
    texts = [
        written.get(name) or (BY_A_FUNCTION if op.joint is not None else _text(op, i))
        for name, i in zip(names, op.differentiable, strict=True)
    ]
    return tuple(zip(names, texts, strict=True))


def _text(op: Op, place: int) -> str:
    if place in op.formulas:
        return readable(op.formulas[place])
    vjp = op.vjps[place][0]
    if vjp.__qualname__.startswith("undifferentiable."):
        return NOT_IMPLEMENTED
    found = expression(vjp)
    text = "" if found is None else readable(found)
    return text if text and len(text) <= LONGEST and not _LOCAL.search(text) else BY_A_FUNCTION


def readable(text: str) -> str:
    """A formula in the words of a person's call: `input` for `self`, `x.shape` for `x_sizes`."""
    text = re.sub(r"\bF\.(?=\w)", "", text)
    text = re.sub(r"\bmath\.(?=\w)", "", text)
    text = re.sub(r"\bself\b|\bself(?=_(?:sizes|dtype)\b)", "input", text)
    text = re.sub(r"\b(\w+)_sizes\b", r"\1.shape", text)
    text = re.sub(r"\b(\w+)_dtype\b", r"\1.dtype", text)
    return without_helpers(text)


def expression(fn: Callable[..., Any]) -> str | None:
    """The expression that a function returns, if that is all it does and its source is there.

    The instructions tell where in the file they come from. Together that is the expression, or the
    `return` with it; text that is more than one statement does not parse as one expression.
    """
    code = getattr(fn, "__code__", None)
    if code is None:
        return None
    places = [
        ((line, column), (last, end))
        for line, last, column, end in code.co_positions()
        if line and last and column and end  # not what sets the frame up
    ]
    if not places:
        return None
    start, end = min(place[0] for place in places), max(place[1] for place in places)
    text = _slice(code.co_filename, start, end)
    if not text:
        return None
    try:
        tree = ast.parse(f"({text.removeprefix('return ')})", mode="eval")
    except SyntaxError:
        return None
    return ast.unparse(tree)


_Place = tuple[int, int]  # line from 1, column in bytes


def _slice(file: str, start: _Place, end: _Place) -> str:
    """The text between two places."""
    lines = _lines(file)[start[0] - 1 : end[0]]
    if not lines:
        return ""
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][start[1] :]
    return b"\n".join(lines).decode()


@cache
def _lines(file: str) -> list[bytes]:
    try:
        return Path(file).read_bytes().split(b"\n")
    except OSError:
        return []


def first_line(fn: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(fn) or "").partition("\n")[0]
