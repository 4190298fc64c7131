"""Lines to change in a training loop: what is called too often, too late, or on the wrong thing."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, known, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, later, lines_with


def _moved_before(facts: Facts, found: Finding) -> Edits:
    """The culprit's line goes before the pass that the next link names."""
    line, pass_ = line_at(facts, found), line_at(facts, found, 1)
    if line is not None and line.calls("step"):
        return _stepped_after(facts, found, line)
    if line is not None and line.calls("clip_grad_norm_", "clip_grad_value_"):
        return _not_to_nothing(line)
    if line is None or pass_ is None or line.at.cell != pass_.at.cell:
        return ()
    if line.calls("zero_grad"):
        return line.left_out(), pass_.before(line.bare())
    return _zeroed_by_hand(facts, line, pass_)


def _stepped_after(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """A step that comes before the pass comes after it."""
    pass_ = line_at(facts, found, len(found.chain) - 1)
    if pass_ is None or not pass_.calls("backward") or pass_.at.cell != line.at.cell:
        return ()
    return line.left_out(), pass_.after(line.bare())


def _not_to_nothing(line: ProgramLine) -> Edits:
    """Gradients that are clipped to 0 are clipped to 1."""
    for call in line.calls("clip_grad_norm_", "clip_grad_value_"):
        bounds = [k.value for k in call.keywords if k.arg in ("max_norm", "clip_value")]
        bounds += call.args[1:2]
        if bounds and isinstance(bounds[0], ast.Constant) and not bounds[0].value:
            return (line.changed((bounds[0], "1.0")),)
    return ()


def _zeroed_by_hand(facts: Facts, line: ProgramLine, pass_: ProgramLine) -> Edits:
    """A loop of `p.grad.zero_()` alone goes; the optimizer zeroes before the pass."""
    head = (
        ProgramLine(line.cell, line.at._replace(line=line.number - 1)) if line.number > 1 else None
    )
    step = next(lines_with(facts, r"^\s*\w+\.step\(\)"), None)
    alone = next((one for one in later(line) if one.text.strip()), None)
    deeper = alone is not None and _indent(alone) >= _indent(line)
    if (
        head is None
        or step is None
        or deeper
        or not re.match(r"\s*for .*parameters\(\):$", head.text)
    ):
        return ()
    name = step.text.strip().partition(".")[0]
    return head.left_out(), line.left_out(), pass_.before(f"{name}.zero_grad()")


def _indent(line: ProgramLine) -> int:
    return len(line.text) - len(line.text.lstrip())


def _moved_up(facts: Facts, found: Finding) -> Edits:
    """What undoes each step is done once, before the loop."""
    line = line_at(facts, found)
    if line is None or line.statement is None:
        return ()
    for number in range(line.number - 1, 0, -1):
        above = ProgramLine(line.cell, line.at._replace(line=number))
        if not above.text.strip() or _indent(above) >= _indent(line):
            continue
        alone = re.match(r"\s*(for|while)\b", above.text) and not _reads_loop(line, above)
        return (line.left_out(), above.before(line.bare())) if alone else ()
    return ()


def _reads_loop(line: ProgramLine, loop: ProgramLine) -> bool:
    """Whether a line reads what a loop counts."""
    counted = re.match(r"\s*for\s+(.*?)\s+in\b", loop.text)
    names = set(re.findall(r"\w+", counted[1])) - {"_"} if counted else set()
    return bool(names & {n.id for n in line.nodes if isinstance(n, ast.Name)})


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


def _gone(word: str) -> Remedy:
    """The culprit's line is left out, if it calls what it is said to; of a hook's, the line that sets it."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = line_at(facts, found)
        if line is None or re.search(word, line.text):
            return (line.left_out(),) if line is not None else ()
        heads = [one for one in lines_with(facts, r"^\s*def\b") if one.at.cell == line.at.cell]
        names = [re.findall(r"\w+", one.text)[1] for one in heads if one.number < line.number]
        for other in lines_with(facts, rf"{word}.*\b{names[-1]}\b") if names else ():
            return (other.left_out(),)
        return ()

    return remedy


REMEDIES: dict[str, Remedy] = {
    "zeroed-before-step": _moved_before,
    "cleared": _moved_before,
    "undone": _moved_up,
    "not-zeroed": _zeroed_first,
    "two-passes": _zeroed_first,
    "scheduled-early": _moved_after,
    "clipped-in-vain": _moved_after,
    "hook": _gone(r"\.register_\w*hook\("),
}
