"""Lines to change at a loss: what it is computed from, and along which dimension."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, lines_with


def _one_shape(facts: Facts, found: Finding) -> Edits:
    """Of (N, 1) and (N,) the one that the line names gets the other's shape."""
    line, op = line_at(facts, found), found.culprit.op
    if line is None or op < 0:
        return ()
    values = [_unexpanded(facts, v) for v in facts.inputs(op) if v >= 0][:2]
    if len(values) < 2:
        return ()
    wide, other = sorted(values, key=lambda v: -len(facts.shape(v)))
    if facts.shape(wide)[-1:] != (1,) or len(facts.shape(wide)) != len(facts.shape(other)) + 1:
        return ()
    for value, way in ((wide, "squeeze"), (other, "unsqueeze")):
        nodes = [n for n in line.nodes if isinstance(n, ast.Name | ast.Attribute)]
        named = [n for n in nodes if line.source(n) == facts.label(value)]
        if named:
            first = min(named, key=lambda n: n.col_offset)
            return (line.changed((first, f"{line.source(first)}.{way}(-1)")),)
    sides = _sides(line, facts.base(op))
    if sides is None:
        return ()
    side = sides[values.index(wide)]
    return (line.changed((side, f"{line.grouped(side)}.squeeze(-1)")),)


def _unexpanded(facts: Facts, value: int) -> int:
    """Return what a loss has expanded itself."""
    op = facts.made_by(value)
    expanded = op >= 0 and facts.base(op) in ("expand", "broadcast_tensors", "broadcast_to")
    return facts.inputs(op)[0] if expanded else value


def _sides(line: ProgramLine, name: str) -> tuple[ast.expr, ast.expr] | None:
    """Return what a line gives to a loss or an operator, if there is only one that it can be."""
    calls = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    pairs = [(c.args[0], c.args[1]) for c in calls if "loss" in name or called(c) == name]
    signs = {"sub": ast.Sub, "add": ast.Add, "mul": ast.Mult, "div": ast.Div}
    sums = [n for n in line.nodes if isinstance(n, ast.BinOp)]
    pairs += [(n.left, n.right) for n in sums if type(n.op) is signs.get(name)]
    return pairs[0] if len(pairs) == 1 else None


def _without(functions: tuple[str, ...], layers: str) -> Remedy:
    """Leave out a function, or the last layer of a kind."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = line_at(facts, found)
        for call in [] if line is None else line.calls(*functions):
            of = line.operand(call) if line is not None else None
            if of is not None and line is not None:
                return (line.changed((call, line.source(of))),)
        for other in lines_with(facts, rf"\bnn\.({layers})\("):
            made = other.calls(*layers.split("|"))
            if made:
                last = max(made, key=lambda c: c.col_offset)
                return (other.changed((last, "nn.Identity()")),)
        return ()

    return remedy


def _logarithms(facts: Facts, found: Finding) -> Edits:
    for link in (1, 0):
        line = line_at(facts, found, link)
        for call in [] if line is None else line.calls("softmax"):
            text = "" if line is None else line.source(call)
            if line is not None:
                return (line.changed((call, text.replace("softmax(", "log_softmax(", 1))),)
    if "softmax" in found.title + found.remedy:
        for other in lines_with(facts, r"\bnn\.Softmax\("):
            return (other.reads(other.text.replace("nn.Softmax(", "nn.LogSoftmax(")),)
    line = line_at(facts, found)
    for old, new in (("nll_loss(", "cross_entropy("), ("NLLLoss(", "CrossEntropyLoss(")):
        if line is not None and old in line.text:
            return (line.reads(line.text.replace(old, new)),)
        for other in lines_with(facts, re.escape(old)):
            return (other.reads(other.text.replace(old, new)),)
    return ()


def _other_dimension(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    for call in [] if line is None else line.calls("softmax", "log_softmax"):
        dims = [k.value for k in call.keywords if k.arg == "dim"]
        dims += [a for a in call.args if isinstance(a, ast.Constant)]
        if dims and line is not None:
            return (line.changed((dims[0], "-1")),)
    for other in lines_with(facts, r"\bnn\.(Log)?Softmax\("):
        text = re.sub(r"(Softmax\()(dim=)?\d+", r"\1dim=-1", other.text)
        return (other.reads(text),) if text != other.text else ()
    return ()


def _averaged(facts: Facts, found: Finding) -> Edits:
    line, number = line_at(facts, found), re.search(r"/ (\d+)\)", found.remedy)
    for call in [] if line is None or number is None else line.calls("backward"):
        if isinstance(call.func, ast.Attribute) and line is not None and number is not None:
            value = call.func.value
            return (line.changed((value, f"({line.grouped(value)} / {number[1]})")),)
    return ()


def _value(change: str) -> Remedy:
    """Change what the culprit's line assigns."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = line_at(facts, found)
        value = None if line is None else getattr(line.statement, "value", None)
        if line is None or line.target is None or not isinstance(value, ast.expr):
            return ()
        return (line.changed((value, change.format(line.grouped(value)))),)

    return remedy


_ACTIVATIONS = ("softmax", "log_softmax", "sigmoid")


REMEDIES: dict[str, Remedy] = {
    "broadcast": _one_shape,
    "softmax-twice": _without(_ACTIVATIONS, "Softmax|LogSoftmax|Sigmoid"),
    "clipped-scores": _without(("relu", "sigmoid", "tanh"), "ReLU|Sigmoid|Tanh|Softplus"),
    "no-logarithm": _logarithms,
    "softmax-dimension": _other_dimension,
    "not-averaged": _averaged,
    "ascended": _value("-{}"),
    "aliased": _value("{}.clone()"),
}
