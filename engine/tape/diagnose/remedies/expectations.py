"""Lines to change where a formula was expected: the program computes what the formula says."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import SIGNS, ProgramLine, called

_MEANT = re.compile(r"with (.+?)( in its place)?\.")


def _without_factor(facts: Facts, found: Finding) -> Edits:
    """What the title calls a factor is written as the formula has it."""
    line, meant = line_at(facts, found), _MEANT.search(found.text)
    if line is None:
        return ()
    if "began with the gradient" in found.title:
        calls = [c for c in line.calls("backward") if c.args]
        return (line.changed((calls[0], f"{line.source(calls[0].func)}()")),) if calls else ()
    parts = meant[1].split(" and ") if meant else []
    edit = (
        _reduced(line, parts) or _halved(line, parts) or _turned(line, parts) or _bare(line, parts)
    )
    return (edit,) if edit is not None else ()


def _reduced(line: ProgramLine, parts: list[str]) -> Edit | None:
    """A mean becomes a sum, a sum a mean; half of it where the formula leaves out the 2 of a square."""
    way = "sum" if "a sum" in parts else "mean" if "a mean" in parts else ""
    calls = line.calls("mean" if way == "sum" else "sum") if way else []
    if len(calls) == 1 and parts == [f"a {way}"]:
        name = called(calls[0])
        return line.changed((calls[0].func, re.sub(rf"{name}$", way, line.source(calls[0].func))))
    losses = [c for c in line.nodes if isinstance(c, ast.Call) and len(c.args) == 2 and _is_loss(c)]
    if way != "sum" or len(losses) != 1 or any(k.arg == "reduction" for k in losses[0].keywords):
        return None
    text = line.with_keyword(losses[0], 'reduction="sum"')
    if "½" not in parts:
        return text
    inside = line.source(losses[0])[:-1]
    return line.changed((losses[0], f'{inside}, reduction="sum") / 2'))


def _is_loss(call: ast.Call) -> bool:
    return called(call).endswith(("_loss", "cross_entropy", "_with_logits", "_div"))


def _halved(line: ProgramLine, parts: list[str]) -> Edit | None:
    value = getattr(line.statement, "value", None)
    if parts != ["½"] or line.target is None or not isinstance(value, ast.expr):
        return None
    return line.changed((value, f"{line.grouped(value)} / 2"))


def _turned(line: ProgramLine, parts: list[str]) -> Edit | None:
    minus = [n for n in line.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)]
    if parts != ["the other order"] or len(minus) != 1:
        return None
    left, right = minus[0].left, line.source(minus[0].left)
    edit = line.changed((left, line.source(minus[0].right)), (minus[0].right, _group(line, left)))
    return edit if right else None


def _group(line: ProgramLine, node: ast.expr) -> str:
    loose = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    return line.grouped(node) if loose else line.source(node)


def _bare(line: ProgramLine, parts: list[str]) -> Edit | None:
    """A constant that multiplies or divides is left out."""
    kind = {"no factor": ast.Mult, "no divisor": ast.Div}.get(parts[0]) if parts else None
    return None if kind is None else _left_out(line, kind)


def _left_out(line: ProgramLine, kind: type[ast.operator]) -> Edit | None:
    found = [
        (n, n.left if isinstance(n.right, ast.Constant) else n.right)
        for n in line.nodes
        if isinstance(n, ast.BinOp)
        and isinstance(n.op, kind)
        and isinstance(n.left, ast.Constant) != isinstance(n.right, ast.Constant)
    ]
    if len(found) != 1 or (kind is ast.Div and found[0][1] is found[0][0].right):
        return None
    return line.changed((found[0][0], _group(line, found[0][1])))


def _without_step(facts: Facts, found: Finding) -> Edits:
    """The operation that is not in the formula is left out."""
    line, op = line_at(facts, found), found.culprit.op
    own = re.search(r"or (leave it out of|out of) the code", found.remedy)
    if line is None or op < 0 or own is None:
        return ()
    name = facts.base(op)
    for call in line.calls(name):
        of = line.operand(call)
        return () if of is None else (line.changed((call, line.source(of))),)
    kinds = {"mul": ast.Mult, "div": ast.Div}
    edit = _left_out(line, kinds[name]) if name in kinds else None
    return (edit,) if edit is not None else ()


def _detached(facts: Facts, found: Finding) -> Edits:
    """The use whose term the formula leaves out is detached, where the line has no other."""
    line = line_at(facts, found)
    name = facts.name(found.tensor) if found.tensor >= 0 else ""
    places = {link.source for link in found.chain}
    if line is None or not name.isidentifier() or len(places) != 1:
        return ()
    op = found.culprit.op
    used = [n for n in line.nodes if isinstance(n, ast.Name) and n.id == name]
    within = [n for n in line.nodes if _computes(n, facts.base(op) if op >= 0 else "")]
    inner = {id(n) for node in within for n in ast.walk(node)}
    used = [n for n in used if id(n) in inner]
    direct = [n for n in used if any(n in _operands(node) for node in within)]
    return (line.changed(*((n, f"{name}.detach()") for n in direct)),) if direct else ()


def _computes(node: ast.expr, name: str) -> bool:
    """Whether an expression is a call of an operation, or its sign."""
    words = {"mul": "*", "add": "+", "sub": "-", "div": "/", "pow": "**", "mm": "@", "mv": "@"}
    if isinstance(node, ast.BinOp):
        return words.get(name) == SIGNS.get(type(node.op))
    return isinstance(node, ast.Call) and called(node) == name


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Call):
        of = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*of, *node.args]
    return []


REMEDIES: dict[str, Remedy] = {
    "factor": _without_factor,
    "other-than-expected": _without_step,
    "missing-term": _detached,
}
