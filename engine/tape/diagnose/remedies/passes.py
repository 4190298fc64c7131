"""Lines to change where a pass raises: a freed graph, a root of several numbers, what was written in place."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at, of_line
from engine.tape.diagnose.remedies.program_line import SIGNS, ProgramLine, called, lines_with


def _scalar(line: ProgramLine) -> Edit | None:
    for call in line.calls("backward"):
        if isinstance(call.func, ast.Attribute):
            return line.changed((call.func.value, f"{line.grouped(call.func.value)}.mean()"))
    for call in line.calls("grad"):
        return (
            line.changed((call.args[0], f"{line.grouped(call.args[0])}.sum()"))
            if call.args
            else None
        )
    return None


def _ones(facts: Facts, found: Finding) -> Edits:
    """A pass begins with ones."""
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        for call in [] if line is None else line.calls("backward"):
            if line is not None and call.args and isinstance(call.func, ast.Attribute):
                text = f"torch.ones_like({line.source(call.func.value)})"
                return (line.changed((call.args[0], text)),)
    return ()


def _freed(facts: Facts, found: Finding) -> Edits:
    """Cut the state off after the pass, add numbers up, make a constant anew, or keep the graph."""
    first, second = line_at(facts, found, -1), line_at(facts, found)
    if first is None or second is None:
        return ()
    cut = re.search(r"each iteration: (.+)\.$", found.remedy)
    added, made = line_at(facts, found, 1), line_at(facts, found, 2)
    if cut and cut[1].startswith("self.") and added is not None:
        return (added.before(cut[1]),)
    if cut:
        return (first.after(cut[1]),) if not cut[1].startswith("state ") else ()
    alone = re.match(r"Call (\w+)\.backward\(\)", found.remedy)
    if alone and added is not None:
        calls = [c for c in second.calls("backward") if isinstance(c.func, ast.Attribute)]
        receiver = [(c.func.value, alone[1]) for c in calls]  # type: ignore[attr-defined]
        return (*summed(added), second.changed(*receiver))
    once = re.match(r"Call backward\(\) once: (.+?\.backward\(\))\.", found.remedy)
    if once and _follows(first, second):
        return first.left_out(), second.reads(second.text.replace(second.bare(), once[1]))
    anew = re.match(r"Compute (\w+) anew", found.remedy)
    carried = "" if added is None else _carried(added)
    if carried and first.number == second.number:
        return (first.after(f"{carried} = {carried}.detach()"),)
    if first.number == second.number and anew and made is not None and added is not None:
        own = made.target is not None and made.source(made.target) == anew[1]
        return (added.before(made.bare()),) if own and made.number != added.number else ()
    calls = first.calls("backward", "grad")
    return (first.with_keyword(calls[0], "retain_graph=True"),) if calls else ()


def _follows(first: ProgramLine, second: ProgramLine) -> bool:
    """Whether two lines are nothing but backward() calls, with no step or zeroing between them."""
    bare = [
        re.fullmatch(r"\w+\.backward\(\)", re.sub(r"\s*#.*", "", one.bare()))
        for one in (first, second)
    ]
    between = first.cell.split("\n")[first.number : second.number - 1]
    return (
        all(bare) and first.at.cell == second.at.cell and first.number < second.number
        and not re.search(r"\.(step|zero_grad)\(", "\n".join(between))
    )  # fmt: skip


def _carried(line: ProgramLine) -> str:
    """Return the state that a line computes from itself by a call: h of `h = cell(x, h)`."""
    value = getattr(line.statement, "value", None)
    if not isinstance(line.target, ast.Name) or not isinstance(value, ast.Call):
        return ""
    name = line.target.id
    return name if any(isinstance(a, ast.Name) and a.id == name for a in value.args) else ""


def summed(line: ProgramLine) -> Edits:
    """A total adds numbers, not losses with their graphs."""
    statement = line.statement
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        return (line.changed((statement.value, f"{line.grouped(statement.value)}.item()")),)
    value = getattr(statement, "value", None)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and line.target is not None:
        total = rf"(?<![\w.]){re.escape(line.source(line.target))}\b"
        other = value.right if re.search(total, line.source(value.left)) else value.left
        return (line.changed((other, f"{line.grouped(other)}.item()")),)
    return ()


def _not_in_place(line: ProgramLine, whole: str = "") -> Edit | None:
    """`y *= 2` and `y.mul_(2)` become `y = y * 2` and `y = y.mul(2)`.

    whole: what is written; "ys[1]" is a tensor of a list, not a part of one.
    """
    statement = line.statement
    target = statement.target if isinstance(statement, ast.AugAssign) else None
    held = isinstance(target, ast.Subscript) and whole.startswith(f"{line.source(target.value)}[")
    if isinstance(statement, ast.AugAssign) and (
        held or isinstance(target, ast.Name | ast.Attribute)
    ):
        sign, name = SIGNS.get(type(statement.op), ""), line.source(statement.target)
        value = line.grouped(statement.value)
        return line.changed((statement, f"{name} = {name} {sign} {value}")) if sign else None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Subscript):
        name = line.source(statement.target.value)
        return line.before(f"{name} = {name}.clone()") if name.isidentifier() else None
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        return _parts_cloned(line, statement, line.source(statement.targets[0].value))
    for call in [n for n in line.nodes if isinstance(n, ast.Call)]:
        of, written = line.operand(call), called(call)
        if not written.endswith("_") or written.endswith("__") or of is None:
            continue
        text = line.source(call).replace(f"{written}(", f"{written[:-1]}(", 1)
        if not isinstance(statement, ast.Expr):
            return line.changed((call, text))
        name = line.source(of)
        if isinstance(of, ast.Subscript):
            base = line.source(of.value)
            return line.before(f"{base} = {base}.clone()") if base.isidentifier() else None
        return line.changed((call, f"{name} = {text}")) if isinstance(of, ast.Name) else None
    return None


def _parts_cloned(line: ProgramLine, statement: ast.Assign, name: str) -> Edit | None:
    """`h[t] = f(h[t - 1])` reads clones of parts; what reads none writes into a clone of the whole."""
    parts = [n for n in ast.walk(statement.value) if isinstance(n, ast.Subscript)]
    read = [n for n in parts if line.source(n.value) == name]
    if read:
        return line.changed(*((n, f"{line.source(n)}.clone()") for n in read))
    return line.before(f"{name} = {name}.clone()") if name.isidentifier() else None


def _modified(facts: Facts, found: Finding) -> Edits:
    line, last = line_at(facts, found), line_at(facts, found, -1)
    if line is None:
        return ()
    if ".step()" in found.remedy or "step()" in found.remedy:
        steps = last is not None and line.calls("step") and line.at.cell == last.at.cell
        return (line.left_out(), last.after(line.bare())) if steps and last is not None else ()
    edit = _not_in_place(line, found.title)
    if edit is not None:
        return (edit,)
    for other in lines_with(facts, r"inplace\s*=\s*True"):
        return (other.reads(re.sub(r"inplace\s*=\s*True", "inplace=False", other.text)),)
    return ()


def _new_tensor(line: ProgramLine) -> Edit | None:
    for call in [n for n in line.nodes if isinstance(n, ast.Call)]:
        of = line.operand(call) if called(call).endswith("_") else None
        if isinstance(of, ast.Subscript) and isinstance(of.value, ast.Name):
            name = of.value.id
            if re.search(rf"\b{name}\b.*=.*\b(chunk|split|unbind|tensor_split)\(", line.cell):
                return line.before(f"{name} = [part.clone() for part in {name}]")
    edit = _not_in_place(line)
    return None if edit is None or edit.how == "before" else edit


def _summed(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    for call in line.calls("sum"):
        name = line.source(call.args[0]) if call.args else ""
        for other in lines_with(facts, rf"\b{re.escape(name)}\.append\(") if name else ():
            added = other.calls("append")[0].args[0]
            return (other.changed((added, f"{other.grouped(added)}.item()")),)
    return summed(line)


REMEDIES: dict[str, Remedy] = {
    "not-scalar": of_line(_scalar),
    "zero-seed": _ones,
    "freed": _freed,
    "modified": _modified,
    "view-in-place": of_line(_new_tensor),
    "graph-kept": _summed,
}
