"""Generators of parameters, as `model.parameters()` gives them, that gave all they had before."""

from __future__ import annotations

import ast
from dataclasses import replace

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link
from engine.tape.diagnose.remedies.program_line import ProgramLine, line_of, lines_with


def told(facts: Facts, found: Finding, function: str) -> Finding:
    """Return a finding about a call in its culprit's line that got no parameters, with the generator, if it is one."""
    line = line_of(facts, found.culprit)
    for call in [] if line is None else line.calls(function):
        given = call.args[0] if call.args else None
        made = _generator(facts, given.id) if isinstance(given, ast.Name) else None
        if (
            made is not None
            and isinstance(made.statement, ast.Assign)
            and isinstance(given, ast.Name)
        ):
            return _said(found, made, made.statement.value, given.id, function)
    return found


def _generator(facts: Facts, name: str) -> ProgramLine | None:
    """Return the line that gives a name a generator; None if what it gives can be gone through twice."""
    for line in lines_with(facts, rf"^\s*{name}\s*=[^=]"):
        value = line.statement.value if isinstance(line.statement, ast.Assign) else None
        if isinstance(value, ast.GeneratorExp):
            return line
        if isinstance(value, ast.Call) and line.source(value.func).split(".")[-1] in (
            "parameters",
            "filter",
            "chain",
        ):
            return line
    return None


def _said(found: Finding, made: ProgramLine, value: ast.expr, name: str, function: str) -> Finding:
    given = Link(
        f"{name} is a generator, which can be gone through once", found.culprit.event,
        source=made.at, code=made.text.strip(),
    )  # fmt: skip
    return replace(
        found,
        text=f"{name} is a generator, and what came before has gone through it (as the optimizer does): {function} "
        "is given no parameter at all. The gradients that step() uses are not clipped.",
        remedy=f"Keep a list: {name} = list({made.source(value)}).",
        chain=(found.culprit, given, *found.chain[1:]),
        edits=(made.changed((value, f"list({made.source(value)})")),),
    )
