"""Lines to change in the backward of a person's own Function."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import lines_with


def _right_backward(facts: Facts, found: Finding) -> Edits:
    """What a backward returns is divided by the factor that it is wrong by."""
    line, by = line_at(facts, found), re.match(r"Divide what it returns by (\S+?);", found.remedy)
    turned = found.remedy.startswith("Turn its sign")
    if line is None or not (by or turned):
        return ()
    for returned in lines_with(facts, r"^\s*return\b"):
        within = returned.at.cell == line.at.cell and returned.number > line.number
        value = getattr(returned.statement, "value", None)
        if not within or not isinstance(value, ast.expr):
            continue
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        parts = [n for n in parts if not (isinstance(n, ast.Constant) and n.value is None)]
        if len(parts) != 1:
            return ()
        text = returned.grouped(parts[0])
        return (returned.changed((parts[0], f"-{text}" if by is None else f"{text} / {by[1]}")),)
    return ()


REMEDIES: dict[str, Remedy] = {
    "wrong-backward": _right_backward,
}
