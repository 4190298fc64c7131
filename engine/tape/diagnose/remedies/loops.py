"""Lines to change in a training loop: what is called too often, too late, or on the wrong thing."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import OPTIMIZER, Edits, Remedy, known, line_at
from engine.tape.diagnose.remedies.program_line import lines_with


def _moved_before(facts: Facts, found: Finding) -> Edits:
    """The culprit's line goes before the pass that the next link names."""
    line, pass_ = line_at(facts, found), line_at(facts, found, 1)
    if line is None or pass_ is None or line.at.cell != pass_.at.cell:
        return ()
    return (line.left_out(), pass_.before(line.bare())) if line.calls("zero_grad") else ()


def _moved_after(facts: Facts, found: Finding) -> Edits:
    """The culprit's line goes after the line that the next link names."""
    line, other = line_at(facts, found), line_at(facts, found, 1)
    if line is None or other is None or line.at.cell != other.at.cell or other.statement is None:
        return ()
    moved = (
        other.before if found.cause == "clipped-in-vain" and other.calls("step") else other.after
    )
    return (line.left_out(), moved(line.bare()))


def _zeroed_first(facts: Facts, found: Finding) -> Edits:
    """The optimizer that steps between the passes zeroes before the later one."""
    line = line_at(facts, found)
    if line is None:
        return ()
    for link in range(1, len(found.chain)):
        other = line_at(facts, found, link)
        for call in [] if other is None else other.calls("step"):
            if other is not None and isinstance(call.func, ast.Attribute):
                return (line.before(f"{other.source(call.func.value)}.zero_grad()"),)
    name = facts.name(found.tensor) if found.tensor >= 0 else ""
    return (line.before(f"{name}.grad = None"),) if known(facts, name) else ()


def _stepped_once(facts: Facts, found: Finding) -> Edits:
    """The second step goes, if it is of the same optimizer."""
    line, first = line_at(facts, found), line_at(facts, found, 1)
    same = line is not None and (first is None or line.bare() == first.bare())
    return (line.left_out(),) if line is not None and same and line.calls("step") else ()


def _gone(word: str) -> Remedy:
    """The culprit's line is left out, if it calls what it is said to."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = line_at(facts, found)
        return (line.left_out(),) if line is not None and re.search(word, line.text) else ()

    return remedy


def _clipped(facts: Facts, found: Finding) -> Edits:
    """Clip before the step, with the parameters that the optimizer has."""
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        for call in [] if line is None else line.calls("step"):
            if line is None or not isinstance(call.func, ast.Attribute):
                continue
            name = re.escape(line.source(call.func.value))
            for made in lines_with(facts, rf"^\s*{name}\s*{OPTIMIZER}"):
                value = getattr(made.statement, "value", None)
                given = value.args[0] if isinstance(value, ast.Call) and value.args else None
                if given is not None:
                    text = f"torch.nn.utils.clip_grad_norm_({made.source(given)}, 1.0)"
                    return (line.before(text),)
    return ()


def _bounded(facts: Facts, found: Finding) -> Edits:
    """A state that grows goes through a tanh in each round; what diverges is clipped."""
    line = line_at(facts, found)
    value = None if line is None else getattr(line.statement, "value", None)
    if not found.remedy.startswith("Keep them bounded"):
        return _clipped(facts, found)
    if line is None or line.target is None or not isinstance(value, ast.BinOp):
        return ()
    return (line.changed((value, f"torch.tanh({line.source(value)})")),)


REMEDIES: dict[str, Remedy] = {
    "zeroed-before-step": _moved_before,
    "cleared": _moved_before,
    "not-zeroed": _zeroed_first,
    "two-passes": _zeroed_first,
    "scheduled-early": _moved_after,
    "clipped-in-vain": _moved_after,
    "stepped-twice": _stepped_once,
    "hook": _gone(r"\.register_\w*hook\("),
    "exploding": _clipped,
    "overflow": _bounded,
}
