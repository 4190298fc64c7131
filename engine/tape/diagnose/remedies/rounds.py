"""Lines to change where a round of a loop lacks something, or counts it twice."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine
from engine.tape.diagnose.remedies.reading import given


def _every_round(facts: Facts, found: Finding) -> Edits:
    """What is computed once, before a loop, is computed in each round of it."""
    line, pass_ = line_at(facts, found), line_at(facts, found, len(found.chain) - 1)
    loop = None if pass_ is None else _loop(pass_)
    if line is None or pass_ is None or loop is None or not line.number < loop.number:
        return ()
    moved = _needed(facts, line)
    if any(one.statement is None for one in moved) or line.at.cell != loop.at.cell:
        return ()
    first = ProgramLine(loop.cell, loop.at._replace(line=loop.number + 1))
    text = re.sub(r",?\s*retain_graph\s*=\s*True", "", pass_.text)
    freed = (pass_.reads(text),) if text != pass_.text else ()
    gone = [one.left_out() for one in moved]
    return (*gone, first.before("\n".join(one.bare() for one in moved)), *freed)


def _needed(facts: Facts, line: ProgramLine) -> list[ProgramLine]:
    """Return a line and those before it whose results, with a graph, it is computed from."""
    found = [line]
    for name in {
        n.id for n in line.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }:
        values = facts.values_of(facts.named(name)) if name in facts.names else []
        made = given(facts, line, name) if values and not facts.is_leaf(values[-1]) else None
        if made is not None and facts.requires_grad(values[-1]) and made[0].at.cell == line.at.cell:
            found = [*_needed(facts, made[0]), *found]
    return list({one.number: one for one in found}.values())


def _loop(line: ProgramLine) -> ProgramLine | None:
    """Return the head of the innermost loop that a line stands in."""
    indent = _indent(line)
    for number in range(line.number - 1, 0, -1):
        above = ProgramLine(line.cell, line.at._replace(line=number))
        if not above.text.strip() or _indent(above) >= indent:
            continue
        if re.match(r"\s*(for|while)\b.*:\s*(#.*)?$", above.text):
            return above
        indent = _indent(above)
    return None


def _indent(line: ProgramLine) -> int:
    return len(line.text) - len(line.text.lstrip())


def _training(facts: Facts, found: Finding) -> Edits:
    """Each round begins with train()."""
    line, pass_ = line_at(facts, found), line_at(facts, found, len(found.chain) - 1)
    loop = None if pass_ is None else _loop(pass_)
    for call in [] if line is None or loop is None else line.calls("eval"):
        if isinstance(call.func, ast.Attribute) and line is not None and loop is not None:
            first = ProgramLine(loop.cell, loop.at._replace(line=loop.number + 1))
            return (first.before(f"{line.source(call.func.value)}.train()"),)
    return ()


def _once(facts: Facts, found: Finding) -> Edits:
    """A term that a sum has already is left out of it."""
    line, name = line_at(facts, found), found.title.partition(" is in ")[0].rpartition(": ")[2]
    target = None if line is None else line.target
    value = None if line is None else getattr(line.statement, "value", None)
    if line is None or not isinstance(value, ast.expr):
        return ()
    if isinstance(line.statement, ast.AugAssign) and line.source(value) == name:
        return (line.left_out(),)
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add) or target is None:
        return ()
    for term, rest in ((value.right, value.left), (value.left, value.right)):
        if line.source(term) == name:
            same = line.source(rest) == line.source(target)
            return (line.left_out() if same else line.changed((value, line.source(rest))),)
    return ()


def _unlike(facts: Facts, found: Finding) -> Edits:
    """Weights that are filled with one number are drawn at random."""
    line = line_at(facts, found)
    for call in [] if line is None else line.calls("constant_", "zeros_", "ones_"):
        if (
            line is not None
            and call.args
            and line.source(call.func).startswith(("nn.", "torch.nn."))
        ):
            func = re.sub(r"\w+$", "normal_", line.source(call.func))
            return (line.changed((call, f"{func}({line.source(call.args[0])}, std=0.1)")),)
    for call in [] if line is None else line.calls("fill_", "zero_"):
        if line is not None and isinstance(call.func, ast.Attribute):
            return (line.changed((call, f"{line.source(call.func.value)}.normal_(std=0.1)")),)
    return ()


REMEDIES: dict[str, Remedy] = {
    "stale-forward": _every_round,
    "still-evaluating": _training,
    "counted-twice": _once,
    "alike-units": _unlike,
}
