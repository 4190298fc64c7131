"""Lines to change where a model does not know what it holds: lists, dicts, plain tensors, layers of a moment."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with


def registered(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """Return how a line of an `__init__` reads that keeps parameters where the model knows them."""
    if "made anew in every pass" in found.title:
        return _kept_layer(facts, line)
    if "is no parameter of the model" in found.title:
        return _parameter(line)
    return _held(line)


def _held(line: ProgramLine) -> Edits:
    """Layers in a list become a ModuleList, in a dict a ModuleDict; parameters a ParameterList."""
    value = getattr(line.statement, "value", None)
    if not isinstance(value, ast.expr) or not line.text.strip().startswith("self."):
        return ()
    text = line.source(value)
    kind = "Parameter" if "Parameter(" in text else "Module"
    if isinstance(value, ast.List | ast.ListComp):
        return (line.changed((value, f"nn.{kind}List({text})")),)
    named = isinstance(value, ast.Dict) and all(
        isinstance(key, ast.Constant) and isinstance(key.value, str) for key in value.keys
    )
    return (line.changed((value, f"nn.{kind}Dict({text})")),) if named else ()


def _parameter(line: ProgramLine) -> Edits:
    """A tensor that is to learn becomes a parameter."""
    value = getattr(line.statement, "value", None)
    if not isinstance(value, ast.Call):
        return ()
    text = re.sub(r",\s*requires_grad\s*=\s*True|\.requires_grad_\(\)", "", line.source(value))
    return (line.changed((value, f"nn.Parameter({text})")),)


def _kept_layer(facts: Facts, line: ProgramLine) -> Edits:
    """A layer that forward makes is made in `__init__`, and only called."""
    target, value = line.target, getattr(line.statement, "value", None)
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
        return ()
    own = [one for one in lines_with(facts, r"\S") if one.at.cell == line.at.cell]
    begin = [one for one in own if re.match(r"\s*super\(.*\)\.__init__\(", one.text)]
    heads = [one for one in own if re.match(r"\s*def\b", one.text) and one.number < line.number]
    before = [one for one in begin if one.number < line.number]
    if not before or not heads or "self" not in heads[-1].text:
        return ()
    name, after = target.id, [one for one in own if one.number > line.number]
    used = [one for one in _to_next_def(after) if re.search(rf"\b{name}\(", one.text)]
    given = set(re.findall(r"\w+", heads[-1].text.partition("(")[2])) - {"self"}
    if not used or given & {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}:
        return ()
    edits = [before[-1].after(f"self.{name} = {line.source(value)}"), line.left_out()]
    edits += [one.reads(re.sub(rf"(?<![\w.]){name}\(", f"self.{name}(", one.text)) for one in used]
    return tuple(edits)


def _to_next_def(lines: list[ProgramLine]) -> list[ProgramLine]:
    ends = [i for i, one in enumerate(lines) if re.match(r"\s*(def|class)\b", one.text)]
    return lines[: ends[0]] if ends else lines


def _known(facts: Facts, found: Finding) -> Edits:
    """An optimizer that got no parameters: the model keeps them in a list or dict of Python."""
    if "no parameters" not in found.title:
        return ()
    for line in lines_with(facts, r"^\s*self\.\w+\s*=\s*[\[{].*\bnn\.\w+\("):
        return _held(line)
    return ()


REMEDIES: dict[str, Remedy] = {"unused-parameter": _known}
