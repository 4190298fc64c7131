"""What the program's text, and the tape, say of an expression: where a name is given, shapes, numbers."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, lines_with

_FILLED = ("randn", "rand", "zeros", "ones", "empty")
_DEPTH = 4  # names that lead to names


def given(facts: Facts, line: ProgramLine, name: str) -> tuple[ProgramLine, ast.expr] | None:
    """Return the line before another that gives a plain name, and what it gives; None if none does."""
    found = None
    for one in lines_with(facts, rf"\b{re.escape(name)}\b.*=") if name.isidentifier() else ():
        value = _value_of(one, name)
        if value is None or (one.at.cell == line.at.cell and one.number >= line.number):
            continue
        if found is not None and found[0].at.cell != one.at.cell:
            break
        found = one, value
    return found


def _value_of(line: ProgramLine, name: str) -> ast.expr | None:
    """Return what a line gives a name, by itself or as one of several."""
    value = getattr(line.statement, "value", None)
    if isinstance(line.target, ast.Name) and line.target.id == name:
        return value if isinstance(value, ast.expr) else None
    if isinstance(line.target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(line.target.elts, value.elts, strict=False)
        return next((v for t, v in pairs if isinstance(t, ast.Name) and t.id == name), None)
    return None


def shape_of(
    facts: Facts, line: ProgramLine, node: ast.expr, depth: int = _DEPTH
) -> tuple[int, ...] | None:
    """Return an expression's shape; None where neither tape nor text says it."""
    if isinstance(node, ast.Name):
        value = _recorded(facts, node.id)
        if value >= 0:
            return facts.shape(value)
        made = given(facts, line, node.id) if depth else None
        return None if made is None else shape_of(facts, *made, depth - 1)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        inner = shape_of(facts, line, node.value, depth)
        return None if inner is None else inner[::-1]
    if isinstance(node, ast.Call) and called(node) in _FILLED:
        sizes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        whole = all(isinstance(size, int) for size in sizes) and len(sizes) == len(node.args)
        return tuple(int(str(size)) for size in sizes) if whole and sizes else None
    numbers = _literal(node)
    return None if numbers is None else numbers.shape


def numbers_of(
    facts: Facts, line: ProgramLine, node: ast.expr, depth: int = _DEPTH
) -> NDArray[Any] | None:
    """Return what an expression holds; None where neither tape nor text says it."""
    if isinstance(node, ast.Name):
        value = _recorded(facts, node.id)
        if value >= 0:
            return facts.array(value)
        made = given(facts, line, node.id) if depth else None
        return None if made is None else numbers_of(facts, *made, depth - 1)
    return _literal(node)


def is_integer(facts: Facts, line: ProgramLine, name: str) -> bool:
    """Whether a name is of a tensor of integers."""
    value = _recorded(facts, name)
    if value >= 0:
        return facts.tape.value_dtype(value).startswith("int")
    made = given(facts, line, name)
    if made is None or not isinstance(made[1], ast.Call):
        return False
    numbers = _literal(made[1])
    return called(made[1]) == "randint" or (numbers is not None and numbers.dtype.kind == "i")


def functional(line: ProgramLine) -> str:
    """Return what a cell calls torch.nn.functional."""
    return "F" if re.search(r"\bF\.\w", line.cell) else "torch.nn.functional"


def _recorded(facts: Facts, name: str) -> int:
    """Return a name's latest value on the tape, or -1."""
    if name not in facts.names:
        return -1
    values = facts.values_of(facts.named(name))
    return values[-1] if values else -1


def _literal(node: ast.expr) -> NDArray[Any] | None:
    """Return what `torch.tensor([...])` of plain numbers holds."""
    if not isinstance(node, ast.Call) or called(node) not in ("tensor", "array", "LongTensor"):
        return None
    try:
        return np.asarray(ast.literal_eval(node.args[0]))
    except (ValueError, IndexError):
        return None
