"""Lines that name a method and do not call it, as `optimizer.zero_grad` without its parentheses."""

from __future__ import annotations

import ast
from dataclasses import replace

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with


def uncalled(facts: Facts, method: str) -> ProgramLine | None:
    """Return the line whose whole statement names a method, without calling it; None if there is none."""
    for line in lines_with(facts, rf"\.{method}\s*(#|;|$)"):
        statement = line.statement
        named = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(named, ast.Attribute) and named.attr == method:
            return line
    return None


def told(facts: Facts, found: Finding, method: str) -> Finding:
    """Return a finding with the line that only names a method as its culprit, if there is such a line."""
    line = uncalled(facts, method)
    if line is None or not isinstance(line.statement, ast.Expr):
        return found
    named = line.source(line.statement.value)
    event = found.culprit.event
    file = found.culprit.source.file if found.culprit.source is not None else ""
    link = Link(
        f"{named} is named here, and not called",
        event,
        source=line.at._replace(file=file),
        code=line.text.strip(),
    )
    return replace(
        found,
        text=f"{found.text} Line {line.number} only names {named}: without parentheses it is not called.",
        remedy=f"Call it: {named}().",
        chain=(link, *found.chain),
        edits=(line.changed((line.statement.value, f"{named}()")),),
    )
