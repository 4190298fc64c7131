"""What autograd.grad was asked for and does not require a gradient: where it was made."""

from __future__ import annotations

import ast
from dataclasses import replace

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding, Link
from engine.tape.diagnose.remedies.program_line import line_of


def told(facts: Facts, found: Finding, here: Link) -> Finding:
    """Return the finding of an error's line with the tensor that it is about, if the line names it."""
    for name in _asked(facts, here):
        tensor = facts.named(name)
        value = facts.values_of(tensor)[0] if tensor >= 0 else -1
        if value < 0 or facts.requires_grad(facts.values_of(tensor)[-1]):
            continue
        made = facts.at_birth(f"{name} is made, and does not require a gradient", value)
        line = line_of(facts, made)
        whole = line is not None and line.statement is not None
        return replace(
            found, title=f"autograd.grad is asked for the gradient of {name}, which requires none",
            text=f"Nothing that {name} was made of requires a gradient, so what comes of {name} is not recorded with "
            "respect to it.",
            remedy=f"Call {name}.requires_grad_() before anything is computed from it.",
            chain=(made, here), tensor=tensor,
            edits=(Edit("after", line.at, f"{name}.requires_grad_()"),) if line is not None and whole else (),
        )  # fmt: skip
    return found


def _asked(facts: Facts, here: Link) -> list[str]:
    """Return the names of which a line asks the gradients."""
    line = line_of(facts, here)
    if line is None:
        return []
    given = list[ast.expr]()
    for call in line.calls("grad"):
        given += call.args[1:2] or [k.value for k in call.keywords if k.arg == "inputs"]
    names = [one for node in given for one in ast.walk(node) if isinstance(one, ast.Name)]
    return [one.id for one in names]
