"""Lines to change where a tensor is not the leaf that it was meant to be: made, given and updated as one."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at, of_line
from engine.tape.diagnose.remedies.program_line import SIGNS, ProgramLine

_MADE = ("tensor", "arange", "ones", "zeros", "full", "randint", "as_tensor", "Parameter")


def _a_leaf(line: ProgramLine) -> Edit | None:
    """Make what is computed a leaf where it was meant to be one; else keep its gradient."""
    if line.calls("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"):
        given = [n.elts[0] for n in line.nodes if isinstance(n, ast.List) and n.elts]
        name = line.source(given[0]) if given else ""
        return (
            line.before(f"{name} = {name}.detach().requires_grad_()")
            if name.isidentifier()
            else None
        )
    value = getattr(line.statement, "value", None)
    if line.target is None or not isinstance(value, ast.expr):
        return None
    if re.search(r"requires_grad\s*=\s*True|\bParameter\(|requires_grad_\(", line.text):
        return line.changed((value, f"{line.grouped(value)}.detach().requires_grad_()"))
    return line.after(f"{line.source(line.target)}.retain_grad()")


def requiring(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None or line.target is None:
        return ()
    target, name = line.source(line.target), facts.name(found.tensor) if found.tensor >= 0 else ""
    whole = name if name.startswith(f"{target}.") else target
    return (line.after(f"{whole}.requires_grad_()"),)


def unfrozen(facts: Facts, found: Finding) -> Edits:
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        if line is None:
            continue
        text = re.sub(
            r"(requires_grad(_\(\s*(requires_grad\s*=\s*)?|\s*=\s*))False", r"\1True", line.text
        )
        if text != line.text:
            return (line.reads(text),)
    return ()


def into_the_leaf(line: ProgramLine) -> Edits:
    """`w = w - 0.1 * w.grad` becomes an update in place, after which the gradient is not needed."""
    value = getattr(line.statement, "value", None)
    if line.target is None or not isinstance(value, ast.BinOp):
        return ()
    target, sign = line.source(line.target), SIGNS.get(type(value.op), "")
    if line.source(value.left) != target or sign not in ("+", "-"):
        return ()
    text = f"with torch.no_grad(): {target} {sign}= {line.source(value.right)}"
    return (line.reads(text), *_cleared(line, target))


def _cleared(line: ProgramLine, name: str) -> Edits:
    """After an update by hand: the next pass begins with no gradient."""
    return (line.after(f"{name}.grad = None"),) if f"{name}.grad" in line.text else ()


def _floating(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    used = (
        [facts.base(user) for user in facts.users(found.culprit.value)]
        if found.culprit.value >= 0
        else []
    )
    if line is None or {"index", "embedding", "gather", "nll_loss", "index_select"} & set(used):
        return ()
    for call in line.calls(*_MADE):
        types = [k.value for k in call.keywords if k.arg == "dtype"]
        if types:
            return (line.changed((types[0], "torch.float32")),)
        asked = any(k.arg == "requires_grad" for k in call.keywords)
        return (
            line.with_keyword(
                call, "dtype=torch.float32" + ("" if asked else ", requires_grad=True")
            ),
        )
    return ()


def _untracked(line: ProgramLine) -> Edits:
    statement = line.statement
    if not isinstance(statement, ast.AugAssign | ast.Assign | ast.Expr):
        return ()
    name = line.source(statement.target) if isinstance(statement, ast.AugAssign) else ""
    edit = line.changed((statement, f"with torch.no_grad(): {line.bare()}"))
    return (edit, *(_cleared(line, name) if name else ()))


REMEDIES: dict[str, Remedy] = {
    "not-a-leaf": of_line(_a_leaf),
    "no-requires-grad": requiring,
    "frozen": unfrozen,
    "rebound": of_line(into_the_leaf),
    "integer": _floating,
    "leaf-in-place": of_line(_untracked),
}
