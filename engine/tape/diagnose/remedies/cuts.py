"""Lines to change where a gradient is None: what cuts the graph is left out, or goes on in tensors."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at, of_line
from engine.tape.diagnose.remedies.in_tensors import in_tensors
from engine.tape.diagnose.remedies.program_line import ProgramLine, later, lines_with


def _detached(facts: Facts, found: Finding) -> Edits:
    """Leave detach() out, and what takes numbers and makes a tensor of them after it."""
    line = line_at(facts, found)
    if line is not None and line.calls("numpy", "tolist", "item"):
        return in_tensors(facts, line)
    edit = None if line is None else undetached(line)
    if line is None or edit is None:
        return ()
    lines = [line_at(facts, found, link) for link in range(1, len(found.chain))]
    passes = [one for one in lines if one is not None and one.calls("backward")]
    return edit, *(_detached_before(line, passes[-1]) if passes else ())


def _detached_before(line: ProgramLine, pass_: ProgramLine) -> Edits:
    """What a pass before the one in question goes through is detached there, as where a GAN's
    discriminator learns first.
    """
    if not isinstance(line.target, ast.Name) or pass_.number <= line.number:
        return ()
    own = [one for one in later(line) if one.number < pass_.number and one.at.cell == pass_.at.cell]
    passes = [one.number for one in own if one.calls("backward")]
    edits = []
    for one in own if passes else ():
        read = [n for n in one.nodes if isinstance(n, ast.Name) and n.id == line.target.id]
        if read and one.number <= passes[-1]:
            edits.append(one.changed(*((n, f"{n.id}.detach()") for n in read)))
    return tuple(edits)


def undetached(line: ProgramLine) -> Edit | None:
    calls = line.calls("detach")
    if not calls or line.calls("numpy") or not isinstance(calls[0].func, ast.Attribute):
        return None
    inner, value = calls[0].func.value, getattr(line.statement, "value", None)
    if (
        value is calls[0]
        and line.target is not None
        and line.source(line.target) == line.source(inner)
    ):
        return line.left_out()
    return line.changed((calls[0], line.grouped(inner)))


def _no_grad(facts: Facts, found: Finding) -> Edits:
    """What switches recording off goes; an inference_mode whose tensors are used later is a no_grad."""
    if "inference_mode is used" not in found.title:
        return recording(facts, found)
    for line in lines_with(facts, r"inference_mode\("):
        return (line.reads(line.text.replace("inference_mode(", "no_grad(")),)
    return ()


def recording(facts: Facts, found: Finding) -> Edits:
    """The line that switches recording off switches it on, or goes if it is a decorator."""
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        if line is None or not re.search("no_grad|inference_mode|set_grad_enabled", line.text):
            continue
        if line.text.strip().startswith("@"):
            return (line.left_out(),)
        text = re.sub(r"\b(no_grad|inference_mode)\(\)", "enable_grad()", line.text)
        text = text.replace("set_grad_enabled(False)", "set_grad_enabled(True)")
        return (line.reads(text),) if text != line.text else ()
    return ()


def without_data(line: ProgramLine) -> Edit | None:
    nodes = [n for n in line.nodes if isinstance(n, ast.Attribute) and n.attr == "data"]
    read = [n for n in nodes if isinstance(n.ctx, ast.Load)]
    return line.changed(*((n, line.grouped(n.value)) for n in read)) if read else None


def as_tensor(line: ProgramLine) -> Edit | None:
    """Leave out what makes numbers of a tensor, and what makes a tensor of them again."""
    items = [c for c in line.calls("item") if isinstance(c.func, ast.Attribute)]
    numbers = [c for c in line.calls("float", "int") if isinstance(c.func, ast.Name) and c.args]
    for call in line.calls("tensor", "as_tensor"):
        inner = call.args[0] if call.args else None
        if isinstance(inner, ast.Call) and inner in items and isinstance(inner.func, ast.Attribute):
            return line.changed((call, line.grouped(inner.func.value)))
        if isinstance(inner, ast.Name | ast.Attribute | ast.BinOp) or (inner and not items):
            if isinstance(inner, ast.List | ast.ListComp | ast.Constant):
                return None
            text = line.grouped(inner)
            listed = re.search(rf"\b{re.escape(text)}(\.append\(|\s*=\s*\[)", line.cell)
            return line.changed((call, f"torch.stack({text})" if listed else text))
    if items:
        return line.changed(*((c, line.grouped(c.func.value)) for c in items))  # type: ignore[attr-defined]
    return line.changed(*((c, line.grouped(c.args[0])) for c in numbers)) if numbers else None


def left_torch(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    if not found.title.startswith("numpy()"):
        shape = facts.shape(found.culprit.value) if found.culprit.value >= 0 else ()
        return in_tensors(facts, line, shape) or of_line(as_tensor)(facts, found)
    for call in line.calls("numpy"):
        if isinstance(call.func, ast.Attribute):
            return (line.changed((call, f"{line.grouped(call.func.value)}.detach().numpy()")),)
    of_numpy = [n for n in line.nodes if isinstance(n, ast.Name) and n.id in ("np", "numpy")]
    return (line.changed(*((n, "torch") for n in of_numpy)),) if of_numpy else ()


def _also_of(facts: Facts, found: Finding) -> Edits:
    """`inputs=[b]` has the tensor that was left out too."""
    line = line_at(facts, found)
    for call in [] if line is None else line.calls("backward"):
        for word in call.keywords:
            if word.arg == "inputs" and isinstance(word.value, ast.List) and line is not None:
                inside = line.source(word.value)[:-1]
                return (line.changed((word.value, f"{inside}, {facts.name(found.tensor)}]")),)
    return ()


def _assigned(line: ProgramLine) -> Edit | None:
    """What autograd.grad returns becomes the .grad of what it was asked for."""
    calls = [c for c in line.calls("grad") if len(c.args) > 1]
    if not calls or line.target is None:
        return None
    of, target = calls[0].args[1], line.target
    if isinstance(target, ast.Tuple) and len(target.elts) == 1 and isinstance(of, ast.Name):
        return line.after(f"{line.source(of)}.grad = {line.source(target.elts[0])}")
    if not isinstance(target, ast.Name) or isinstance(of, ast.Name):
        return None
    many = line.source(of)
    return line.after(f"for p, g in zip({many}, {target.id}): p.grad = g")


def keeping_graph(line: ProgramLine) -> Edit | None:
    calls = [
        c
        for c in line.calls("grad", "backward")
        if all(k.arg != "create_graph" for k in c.keywords)
    ]
    return line.with_keyword(calls[0], "create_graph=True") if calls else None


REMEDIES: dict[str, Remedy] = {
    "detached": _detached,
    "no-grad": _no_grad,
    "data": of_line(without_data),
    "left-torch": left_torch,
    "inputs-left-out": _also_of,
    "grad-call": of_line(_assigned),
    "no-create-graph": of_line(keeping_graph),
}
