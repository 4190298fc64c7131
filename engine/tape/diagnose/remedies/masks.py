"""Lines to change where a mask hides or makes what is not finite: the double where, large numbers for infinity."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with

#: Where a function and its derivative are finite, for the double where; 1 for all others.
_SAFE = {"acos": "0.0", "asin": "0.0", "atanh": "0.0", "exp": "0.0", "tan": "0.0", "acosh": "2.0"}


def _finite_mask(facts: Facts, found: Finding) -> Edits:
    """Infinity in a mask becomes a large number."""
    for line in (
        line_at(facts, found),
        *lines_with(facts, r"masked_fill.*-\s*(float\(|torch\.inf|math\.inf)|-inf"),
    ):
        if line is None:
            continue
        inf = r"""float\(\s*["']-inf(inity)?["']\s*\)|-\s*float\(\s*["']inf["']\s*\)|-\s*(torch|math|np)\.inf"""
        text = re.sub(inf, "-1e9", line.text)
        if text != line.text:
            return (line.reads(text),)
    return ()


def _double_where(facts: Facts, found: Finding) -> Edits:
    """What is masked afterwards is masked before too: the double where."""
    line, hider = line_at(facts, found), line_at(facts, found, 1)
    op = found.culprit.op
    if line is None or hider is None or op < 0:
        return ()
    name = facts.base(op)
    of = _masked_operand(line, name)
    mask = None if of is None else _mask(line, hider, of)
    if of is None or mask is None:
        return ()
    condition, kept = mask
    safe, text = _SAFE.get(name, "1.0"), line.source(of)
    both = f"{text}, {safe}" if kept else f"{safe}, {text}"
    return (line.changed((of, f"torch.where({condition}, {both})")),)


def _masked_operand(line: ProgramLine, name: str) -> ast.expr | None:
    """Return the operand of a call, or what a division divides by."""
    for call in line.calls(name):
        return line.operand(call)
    for node in line.nodes:
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and name in ("div", "reciprocal")
        ):
            return node.right
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and name == "pow":
            return node.left
    return None


def _mask(line: ProgramLine, hider: ProgramLine, of: ast.expr) -> tuple[str, bool] | None:
    """Return (condition, whether it holds where the operand is used) of what hides an operation."""
    for call in hider.calls("where"):
        if len(call.args) == 3:
            first = _within(line, hider, of, call.args[1])
            return (hider.source(call.args[0]), True) if first else (
                (hider.source(call.args[0]), False)
                if _within(line, hider, of, call.args[2]) else None
            )  # fmt: skip
    for node in hider.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            left, right = node.left, node.right
            other = right if _within(line, hider, of, left) else left
            if isinstance(other, ast.Name):
                return f"{other.id} != 0", True
            if isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute):
                return f"{hider.source(other)} != 0", True
    return None


def _within(line: ProgramLine, hider: ProgramLine, of: ast.expr, part: ast.expr) -> bool:
    """Whether an operand stands in a part of the line that hides it, itself or by its line's name."""
    if hider.number == line.number:
        return part.col_offset <= of.col_offset and (of.end_col_offset or 0) <= (
            part.end_col_offset or 0
        )
    names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    return line.target is not None and line.source(line.target) in names


def _added_mask(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    mask = re.search(r": ([\w.]+), by which mul", found.title)
    for node in [] if line is None or mask is None else line.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and line is not None:
            left, right = line.source(node.left), line.source(node.right)
            if mask is not None and mask[1] in (left, right):
                return (line.changed((node, f"{left} + {right}")),)
    return ()


def _spread(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if (
        line is None
        or "correction" not in found.remedy
        or re.search(r"/\s*\w+\.(std|var)\(", line.text)
    ):
        return ()
    calls = line.calls("std", "var")
    return (line.with_keyword(calls[0], "correction=0"),) if calls else ()


REMEDIES: dict[str, Remedy] = {
    "masked-nan": _double_where,
    "zero-times-inf": _added_mask,
    "all-masked": _finite_mask,
    "empty": _spread,
}
