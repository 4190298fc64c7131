"""Lines to change where what is computed is not used, or no pass begins: the loss has it, and goes back."""

from __future__ import annotations

import ast

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.in_tensors import names_read
from engine.tape.diagnose.remedies.program_line import ProgramLine, later, line_of


def _connected(facts: Facts, found: Finding) -> Edits:
    """A loss that was computed and forgotten is added, a layer's result that is not read is read."""
    line = line_at(facts, found)
    if line is None:
        return ()
    for call in line.calls("grad") if "autograd.grad" in found.title else ():
        return (line.with_keyword(call, "allow_unused=True"),)
    target, op = line.target, found.culprit.op
    if not isinstance(target, ast.Name) or op < 0:
        return ()
    after = _of_same_function(line)
    again = [
        one for one in after if isinstance(one.target, ast.Name) and one.target.id == target.id
    ]
    if again and target.id not in names_read(again[0]):
        value = getattr(again[0].statement, "value", None)
        between = [one for one in after if one.number < again[0].number]
        read = any(target.id in names_read(one) for one in between)
        if isinstance(value, ast.expr) and not read and "loss" in target.id:
            return (again[0].changed((value, f"{target.id} + {again[0].source(value)}")),)
    if any(target.id in names_read(one) for one in after):
        return ()
    return _added(facts, found, target.id) or _read_on(line, target.id, after)


def _added(facts: Facts, found: Finding, name: str) -> Edits:
    """A number that nothing reads is a term of the loss that was left out."""
    pass_ = line_at(facts, found, len(found.chain) - 1)
    tensor = facts.named(name) if name in facts.names else -1
    values = facts.values_of(tensor) if tensor >= 0 else []
    if pass_ is None or not values or facts.shape(values[-1]) != ():
        return ()
    for call in pass_.calls("backward"):
        root = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(root, ast.Name):
            return (pass_.changed((root, f"({root.id} + {name})")),)
    return ()


def _read_on(line: ProgramLine, name: str, after: list[ProgramLine]) -> Edits:
    """`y = f(x)` of which nothing reads y: the next line that reads x reads y."""
    value = getattr(line.statement, "value", None)
    plain = [n.id for n in ast.walk(value) if isinstance(n, ast.Name)] if value is not None else []
    given = [n for n in plain if n not in ("torch", "F", "nn", "self", "np")]
    if not isinstance(line.statement, ast.Assign) or len(given) != 1:
        return ()
    for other in after:
        used = [n for n in other.nodes if isinstance(n, ast.Name) and n.id == given[0]]
        if used and isinstance(other.statement, ast.Return):
            return (other.changed(*((n, name) for n in used)),)
    return ()


def _of_same_function(line: ProgramLine) -> list[ProgramLine]:
    """Return the lines after one, as far as its function goes."""
    indent = len(line.text) - len(line.text.lstrip())
    found = []
    for one in later(line):
        if one.text.strip() and len(one.text) - len(one.text.lstrip()) < indent:
            break
        found.append(one)
    return found


def _begun(facts: Facts, found: Finding) -> Edits:
    """The pass that has not run begins at the program's loss; what has no gradient is not zeroed."""
    line = line_at(facts, found)
    if line is None:
        return ()
    for call in line.calls("zero_"):
        grad = call.func.value if isinstance(call.func, ast.Attribute) else None
        if grad is not None and line.source(grad).endswith(".grad"):
            return (line.changed((call, f"{line.source(grad)} = None")),)
    root = _root(facts)
    if root < 0:
        return ()
    name = facts.name(int(facts.tape.values["tensor"][root]))
    made = line_of(facts, facts.at_value("", root))
    if made is None or made.target is None or made.source(made.target) != name:
        return ()
    return (made.after(f"{name}.backward()"),)


def _root(facts: Facts) -> int:
    """Return the last number with a name and a graph, where no pass began; -1 if there is none."""
    if len(facts.tape.passes):
        return -1
    for value in range(len(facts.tape.values) - 1, -1, -1):
        tensor = int(facts.tape.values["tensor"][value])
        number = facts.shape(value) == () and facts.made_by(value) >= 0
        if number and facts.tape.name_of(tensor) and int(facts.tape.values["node"][value]) >= 0:
            return value
    return -1


REMEDIES: dict[str, Remedy] = {"not-connected": _connected, "no-backward": _begun}
