"""Lines to change where no step updates a parameter, or two do: what an optimizer is given, and when."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import OPTIMIZER, Edits, Remedy, line_at
from engine.tape.diagnose.remedies.modules import registered
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with


def _updated(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    return (
        registered(facts, found, line)
        or _rate(found, line)
        or _stepped(facts, found, line)
        or _later(facts, found, line)
        or _exchanged(facts, found, line)
        or _whole(facts)
        or _given(facts, found)
    )


def _rate(found: Finding, line: ProgramLine) -> Edits:
    """A learning rate of 0 becomes one of 0.01."""
    zero = r"""((?:lr|["']lr["']\]?)\s*[=:]\s*)0(\.0*)?(?![\d.])"""
    text = re.sub(zero, r"\g<1>0.01", line.text)
    rate = found.remedy.startswith("Give the optimizer (and each") and text != line.text
    return (line.reads(text),) if rate else ()


def _stepped(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """The optimizer that is made steps after the pass."""
    made = line_at(facts, found, 1)
    if "step() after backward()" not in found.remedy or made is None or made.target is None:
        return ()
    return (line.after(f"{made.source(made.target)}.step()"),)


def _later(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """An optimizer that is made before its parameters is made after them."""
    early = re.match(r"(\w+) steps another tensor", found.title)
    if "It was made after the optimizer" in found.text:
        other = line_at(facts, found, 1)
        early = None if other is None else re.match(rf"\s*(\w+)\s*{OPTIMIZER}", other.text)
    for made in lines_with(facts, rf"^\s*{early[1]}\s*{OPTIMIZER}") if early else ():
        if made.at.cell == line.at.cell and made.number < line.number:
            return (made.left_out(), line.after(made.bare()))
    return ()


def _exchanged(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """An optimizer that holds none of the loss's parameters gets these instead."""
    call, module = _call(line), _module(facts, found)
    if "steps other tensors than" not in found.title or call is None:
        return ()
    name = facts.name(found.tensor)
    if module:
        return (line.changed((call.args[0], f"{module}.parameters()")),)
    return (line.changed((call.args[0], f"[{name}]")),) if _is_given(facts, name) else ()


def _whole(facts: Facts) -> Edits:
    """An optimizer that was given a layer of a model gets the model."""
    made = list(lines_with(facts, rf"^\s*\w+\s*{OPTIMIZER}"))
    call = _call(made[0]) if len(made) == 1 else None
    given = None if call is None else call.args[0]
    part = re.fullmatch(
        r"(\w+)(\.\w+|\[[^\]]*\])+\.parameters\(\)", made[0].source(given) if given else ""
    )
    if part is None or given is None or not _is_given(facts, part[1]):
        return ()
    return (made[0].changed((given, f"{part[1]}.parameters()")),)


def _given(facts: Facts, found: Finding) -> Edits:
    """The optimizer gets the parameters of the module that it was not given."""
    module = _module(facts, found)
    made = list(lines_with(facts, rf"^\s*\w+\s*{OPTIMIZER}"))
    new = module and f"{module}.parameters()" not in "".join(one.text for one in made)
    call = _call(made[0]) if len(made) == 1 and new else None
    if call is None or "{" in made[0].source(call.args[0]):
        return ()
    text = f"[*{made[0].grouped(call.args[0])}, *{module}.parameters()]"
    if re.fullmatch(r"[\w.]+\.parameters\(\)|\w+", made[0].source(call.args[0])) is None:
        text = f"[*{made[0].grouped(call.args[0])}, *{module}.parameters()]"
    return (made[0].changed((call.args[0], text)),)


def _call(line: ProgramLine) -> ast.Call | None:
    """Return the call that makes an optimizer in a line."""
    value = getattr(line.statement, "value", None)
    return value if isinstance(value, ast.Call) and value.args else None


def _module(facts: Facts, found: Finding) -> str:
    """Return the variable of the module whose parameter is not updated, "" if there is none."""
    name, dot, _ = facts.name(found.tensor).partition(".") if found.tensor >= 0 else ("", "", "")
    return name if dot and _is_given(facts, name) else ""


def _is_given(facts: Facts, name: str) -> bool:
    """Whether the program gives a plain name, also as one of several."""
    pattern = rf"^\s*(\w+\s*,\s*)*{re.escape(name)}\s*(,\s*\w+\s*)*=[^=]"
    return name.isidentifier() and next(lines_with(facts, pattern), None) is not None


def _once(facts: Facts, found: Finding) -> Edits:
    """The second step goes if it is of the same optimizer; else a parameter is given to one, and once."""
    line, first = line_at(facts, found), line_at(facts, found, 1)
    if line is None:
        return ()
    if "given it twice" in found.text:
        call = _call(line)
        given = None if call is None else call.args[0]
        text = "" if given is None else f"list(dict.fromkeys({line.source(given)}))"
        return (line.changed((given, text)),) if given is not None else ()
    if (first is None or line.bare() == first.bare()) and line.calls("step"):
        return (line.left_out(),)
    return _to_one(facts, found, line)


def _to_one(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """The later of two optimizers that hold a module's parameters is given the others alone."""
    module, steps = _module(facts, found), line.calls("step")
    func = steps[0].func if steps else None
    if not module or not isinstance(func, ast.Attribute):
        return ()
    for made in lines_with(facts, rf"^\s*{re.escape(line.source(func.value))}\s*{OPTIMIZER}"):
        call = _call(made)
        given = None if call is None else call.args[0]
        if isinstance(given, ast.List) and len(given.elts) > 1:
            rest = [
                made.source(e) for e in given.elts if made.source(e) != f"*{module}.parameters()"
            ]
            if len(rest) < len(given.elts):
                return (made.changed((given, f"[{', '.join(rest)}]")),)
    return ()


REMEDIES: dict[str, Remedy] = {"never-updated": _updated, "stepped-twice": _once}
