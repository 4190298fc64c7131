"""Lines to change where something without a derivative is on the way: a choice, a sample, a comparison."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.in_tensors import names_read
from engine.tape.diagnose.remedies.program_line import ProgramLine, later
from engine.tape.diagnose.remedies.reading import functional, is_integer


def chosen(facts: Facts, found: Finding) -> Edits:
    """A loss of class numbers is one of the scores; what needs a slope gets what has one."""
    line = line_at(facts, found)
    if line is None:
        return ()
    edit = differentiable(line) or _values(line)
    return (edit,) if edit is not None else _of_scores(facts, line) or _of_sample(line)


def _of_scores(facts: Facts, line: ProgramLine) -> Edits:
    """What compares the best class with a target is cross_entropy of the scores and the target."""
    calls = line.calls("argmax", "max")
    scores = line.operand(calls[0]) if calls else None
    best = line.target.elts[-1] if isinstance(line.target, ast.Tuple) else line.target
    if scores is None or not isinstance(best, ast.Name):
        return ()
    for other in later(line):
        value = getattr(other.statement, "value", None)
        names = names_read(other) - {best.id, "F", "nn", "torch", "np"}
        if best.id not in names_read(other) or other.calls("item") or len(names) != 1:
            continue
        (target,) = names
        if not isinstance(value, ast.expr) or not is_integer(facts, other, target):
            continue
        text = f"{functional(line)}.cross_entropy({line.source(scores)}, {target})"
        return (other.changed((value, text)),)
    return ()


def _values(line: ProgramLine) -> Edit | None:
    """Of `top, at = scores.topk(2)` the values are used, where only the indices were."""
    if not isinstance(line.target, ast.Tuple) or len(line.target.elts) != 2:
        return None
    values, indices = (e.id if isinstance(e, ast.Name) else "_" for e in line.target.elts)
    after = list(later(line))
    if values.startswith("_") or any(values in names_read(one) for one in after):
        return None
    for other in after:
        read = [n for n in other.nodes if isinstance(n, ast.Name) and n.id == indices]
        if read:
            cast = rf"\b{indices}\b(\.float\(\)|\.double\(\))?"
            return other.reads(re.sub(cast, values, other.text))
    return None


def _of_sample(line: ProgramLine) -> Edits:
    """A reward times the sample of a distribution is one times the sample's log-probability."""
    calls = [c for c in line.calls("sample") if isinstance(c.func, ast.Attribute)]
    if not calls or not isinstance(line.target, ast.Name) or calls[0] is not _value(line):
        return ()
    made, drawn = calls[0].func.value, line.target.id  # type: ignore[attr-defined]
    for other in later(line):
        used = [n for n in other.nodes if isinstance(n, ast.Name) and n.id == drawn]
        factors = [
            n for n in other.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult)
        ]
        if len(used) != 1 or not any(used[0] in (n.left, n.right) for n in factors):
            continue
        if isinstance(made, ast.Name):
            return (other.changed((used[0], f"{made.id}.log_prob({drawn})")),)
        name = "dist" if not re.search(r"\bdist\b", line.cell) else "chances"
        return (
            line.before(f"{name} = {line.source(made)}"),
            line.changed((calls[0], f"{name}.sample()")),
            other.changed((used[0], f"{name}.log_prob({drawn})")),
        )
    return ()


def _value(line: ProgramLine) -> ast.expr | None:
    value = getattr(line.statement, "value", None)
    return value if isinstance(value, ast.expr) else None


def differentiable(line: ProgramLine) -> Edit | None:
    """A comparison becomes a sigmoid, and a sample of a Normal one that is reparametrised."""
    for call in line.calls("sample"):
        if "Normal" in line.cell and isinstance(call.func, ast.Attribute):
            return line.changed((call, line.source(call).replace(".sample(", ".rsample(")))
    for call in line.calls("normal"):
        if len(call.args) == 2 and isinstance(call.func, ast.Attribute):
            given = ", ".join(line.source(one) for one in call.args)
            return line.changed((call, f"torch.distributions.Normal({given}).rsample()"))
    for node in line.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            return line.changed((node, f"({line.source(node.left)} / {line.source(node.right)})"))
    for call in line.calls("float", "double", "to", "type"):
        test = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Gt | ast.GtE):
            left, right = line.source(test.left), line.grouped(test.comparators[0])
            text = left if right in ("0", "0.0", "0.") else f"{line.grouped(test.left)} - {right}"
            return line.changed((call, f"torch.sigmoid({text})"))
    return None


REMEDIES: dict[str, Remedy] = {"not-differentiable": chosen}
