"""Lines to change in the backward of a person's own Function."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, later, lines_with


def _right_backward(facts: Facts, found: Finding) -> Edits:
    """What a backward returns is divided by the factor that it is wrong by, or gets what it lacks."""
    counts = re.search(r"incorrect number of gradients \(expected (\d+), got (\d+)\)", str(found))
    if counts:
        return _completed(facts, found, int(counts[1]) - int(counts[2]))
    line, by = line_at(facts, found), re.match(r"Divide what it returns by (\S+?);", found.remedy)
    turned = found.remedy.startswith("Turn its sign")
    returned = None if line is None or not (by or turned) else _returned(line)
    if returned is None:
        return ()
    parts = [n for n in _parts(returned) if not _is_none(n)]
    if len(parts) != 1:
        return ()
    text = returned.grouped(parts[0])
    return (returned.changed((parts[0], f"-{text}" if by is None else f"{text} / {by[1]}")),)


def _completed(facts: Facts, found: Finding, missing: int) -> Edits:
    """A gradient of None for each argument that comes after those that have one."""
    line = line_at(facts, found, len(found.chain) - 1)
    returned = None if line is None else _returned(line)
    if returned is None or missing < 1:
        return ()
    value = _parts(returned)
    text = ", ".join([*(returned.source(n) for n in value), *["None"] * missing])
    return (returned.reads(f"return {text}"),)


def _given_back(facts: Facts, found: Finding) -> Edits:
    """The gradient that was left None is written, where forward is one operation on its arguments."""
    line = line_at(facts, found, 1)
    returned = None if line is None else _returned(line)
    forward = None if line is None else _forward(facts, line)
    if line is None or returned is None or forward is None:
        return ()
    names, made = forward
    parts, own = _parts(returned), re.search(r"def backward\(\s*\w+\s*,\s*(\w+)", line.text)
    lacking = [i for i, part in enumerate(parts) if _is_none(part) and i < len(names)]
    ready = {n for one in later(line) for n in re.findall(r"\w+", one.text.partition("=")[0])}
    for place in lacking if own else ():
        text = _gradient(made, names[place], own[1]) if own else ""
        if text and set(re.findall(r"[A-Za-z_]\w*", text)) <= ready | {own[1], "T"}:  # type: ignore[index]
            return (returned.changed((parts[place], text)),)
    return ()


def _gradient(made: ast.expr, name: str, came: str) -> str:
    """Return the gradient of one of two operands in words, "" where it is not simple."""
    if not isinstance(made, ast.BinOp):
        return ""
    left, right = ast.unparse(made.left), ast.unparse(made.right)
    if not (left.isidentifier() and right.isidentifier()) or left == right:
        return ""
    other, first = (right, True) if name == left else (left, False)
    if isinstance(made.op, ast.Mult):
        return f"{came} * {other}"
    if isinstance(made.op, ast.MatMult):
        return f"{came} @ {other}.T" if first else f"{other}.T @ {came}"
    signs = {ast.Add: "", ast.Sub: "" if first else "-"}
    return f"{signs[type(made.op)]}{came}" if type(made.op) in signs else ""


def slope(facts: Facts, found: Finding) -> Edits:
    """Of `x ** n` a backward that gives zeros gives n times the power before it."""
    line = line_at(facts, found)
    returned = None if line is None or "def backward" not in line.text else _returned(line)
    forward = None if line is None or returned is None else _forward(facts, line)
    if line is None or returned is None or forward is None:
        return ()
    names, made = forward
    own = re.search(r"def backward\(\s*\w+\s*,\s*(\w+)", line.text)
    power = isinstance(made, ast.BinOp) and isinstance(made.op, ast.Pow)
    if not own or not power or not isinstance(made, ast.BinOp) or len(names) != 1:
        return ()
    base, by = ast.unparse(made.left), made.right
    ready = any(re.match(rf"\s*\(?{base}\b.*=.*saved_tensors", one.text) for one in later(line))
    if (
        base != names[0]
        or not isinstance(by, ast.Constant)
        or not isinstance(by.value, int)
        or not ready
    ):
        return ()
    text = f"{own[1]} * {by.value} * {base} ** {by.value - 1}"
    return (returned.reads(f"return {text}"),)


def _returned(line: ProgramLine) -> ProgramLine | None:
    """Return the first line after a `def` that returns something."""
    for one in later(line):
        if isinstance(one.statement, ast.Return) and one.statement.value is not None:
            return one
        if re.match(r"\s*(def|class)\b", one.text):
            break
    return None


def _parts(returned: ProgramLine) -> list[ast.expr]:
    value = getattr(returned.statement, "value", None)
    if isinstance(value, ast.Tuple):
        return value.elts
    return [value] if isinstance(value, ast.expr) else []


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _forward(facts: Facts, backward: ProgramLine) -> tuple[list[str], ast.expr] | None:
    """Return the arguments of the forward that stands before a backward, and what it returns."""
    before = [
        line
        for line in lines_with(facts, r"^\s*def forward\(")
        if line.at.cell == backward.at.cell and line.number < backward.number
    ]
    returned = _returned(before[-1]) if before else None
    if returned is None:
        return None
    names = re.findall(r"\w+", before[-1].text.partition("(")[2].partition(")")[0])[1:]
    parts = _parts(returned)
    return (names, parts[0]) if len(parts) == 1 else None


REMEDIES: dict[str, Remedy] = {
    "wrong-backward": _right_backward,
    "returned-none": _given_back,
}
