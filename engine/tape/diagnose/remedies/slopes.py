"""Lines to change where a gradient is zero: functions and starting points that have a slope."""

from __future__ import annotations

import ast
import re
from math import inf

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.functions import slope
from engine.tape.diagnose.remedies.program_line import (
    ProgramLine,
    called,
    later,
    line_of,
    lines_with,
)
from engine.tape.diagnose.remedies.reading import given

_STEEP = 8.0  # up to here a sigmoid or tanh has a slope worth the name
_LARGE = 10.0  # deviation of data that wants to be normalised


def _leaky(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    slower = _slower(facts, found)
    if slower:
        return slower
    for call in [] if line is None else line.calls("relu"):
        of = line.operand(call) if line is not None else None
        if of is not None and line is not None:
            return (line.changed((call, f"torch.nn.functional.leaky_relu({line.source(of)})")),)
    for other in lines_with(facts, r"\bnn\.ReLU\("):
        return (other.reads(other.text.replace("nn.ReLU(", "nn.LeakyReLU(")),)
    return ()


def _slower(facts: Facts, found: Finding) -> Edits:
    """Where a learning rate killed the units, a hundredth of it."""
    for link in range(1, len(found.chain)):
        made = line_at(facts, found, link)
        if made is None or "learning rate" not in found.chain[link].text:
            continue
        for call in (n for n in made.nodes if isinstance(n, ast.Call)):
            rates = [k.value for k in call.keywords if k.arg == "lr"]
            if rates and isinstance(rates[0], ast.Constant):
                return (made.changed((rates[0], f"{float(str(rates[0].value)) / 100:g}")),)
    return ()


def _random(facts: Facts, found: Finding) -> Edits:
    """What starts as zeros starts with random numbers."""
    line = line_at(facts, found)
    if line is None:
        return ()
    for call in line.calls("zeros_"):
        text = line.source(call)
        return (line.changed((call, text.replace("zeros_(", "normal_(", 1)[:-1] + ", std=0.1)")),)
    for call in line.calls("zeros"):
        return (line.changed((call, line.source(call).replace("zeros(", "randn(", 1))),)
    return slope(facts, found) or _elsewhere(facts, found)


def _elsewhere(facts: Facts, found: Finding) -> Edits:
    """A leaf that begins where a function has no slope begins at random numbers."""
    op = found.culprit.op
    inputs = [v for v in facts.inputs(op) if v >= 0] if op >= 0 else []
    if "derivative" not in found.title or not inputs or not facts.is_leaf(inputs[0]):
        return ()
    line = line_of(facts, facts.at_birth("", inputs[0])) if facts.requires_grad(inputs[0]) else None
    for call in [] if line is None else line.calls("zeros", "ones"):
        if line is not None:
            text = re.sub(r"(zeros|ones)\(", "randn(", line.source(call), count=1)
            return (line.changed((call, text)),)
    return ()


def _unclamped(facts: Facts, found: Finding) -> Edits:
    """Between 0 and 1 a sigmoid, between -1 and 1 a tanh; else the same numbers with a slope of 1."""
    line, op = line_at(facts, found), found.culprit.op
    calls = (
        []
        if line is None
        else line.calls("clamp", "clip", "hardtanh", "relu6", "clamp_min", "clamp_max")
    )
    of = line.operand(calls[0]) if calls and line is not None else None
    if line is None or op < 0 or of is None or len(calls) != 1:
        return ()
    text, array = line.source(of), facts.array(facts.inputs(op)[0])
    near = array is not None and array.size and abs(array).max() < _STEEP
    numbers = re.search(r"outside \[(\S+), (\S+)\]", found.text)
    bounds = (float(numbers[1]), float(numbers[2])) if numbers else (0.0, 0.0)
    if bounds == (0, inf) or called(calls[0]) == "relu6":
        return (line.changed((calls[0], f"torch.nn.functional.leaky_relu({text})")),)
    smooth = {(0.0, 1.0): "sigmoid", (-1.0, 1.0): "tanh"}.get(bounds)
    if smooth and near:
        return (line.changed((calls[0], f"torch.{smooth}({text})")),)
    through = f"({text} + ({line.source(calls[0])} - {line.grouped(of)}).detach())"
    return (line.changed((calls[0], through)),) if isinstance(of, ast.Name | ast.Attribute) else ()


def _alone(facts: Facts, found: Finding) -> Edits:
    """A softmax of a single score becomes a sigmoid; its cross entropy one of two classes."""
    line = line_at(facts, found)
    if line is None or "single element" not in found.title:
        return ()
    for call in line.calls("softmax"):
        of = line.operand(call)
        return () if of is None else (line.changed((call, f"torch.sigmoid({line.source(of)})")),)
    for call in line.calls("cross_entropy"):
        if len(call.args) == 2 and not call.keywords:
            scores, target = (line.grouped(one) for one in call.args)
            name = line.source(call.func).replace(
                "cross_entropy", "binary_cross_entropy_with_logits"
            )
            return (line.changed((call, f"{name}({scores}.squeeze(1), {target}.float())")),)
    for other in lines_with(facts, r"\bnn\.Softmax\("):
        return (other.reads(re.sub(r"nn\.Softmax\([^()]*\)", "nn.Sigmoid()", other.text)),)
    return ()


def _smaller(facts: Facts, found: Finding) -> Edits:
    """The loss that works on logits, or data that is normalised."""
    line = line_at(facts, found)
    if line is None:
        return ()
    if "normalise the data" in found.remedy:
        return _normalised(facts, line)
    calls = line.calls("sigmoid")
    of, target = (line.operand(calls[0]) if len(calls) == 1 else None), line.target
    if (
        of is None
        or not isinstance(target, ast.Name)
        or getattr(line.statement, "value", None) is not calls[0]
    ):
        return ()
    for other in later(line):
        for loss in other.calls("mse_loss", "binary_cross_entropy", "l1_loss"):
            first = loss.args[0] if len(loss.args) == 2 else None
            if isinstance(first, ast.Name) and first.id == target.id:
                name = re.sub(r"\w+$", "binary_cross_entropy_with_logits", other.source(loss.func))
                return (other.changed((loss.func, name), (first, line.source(of))),)
    return ()


def _normalised(facts: Facts, line: ProgramLine) -> Edits:
    """Data of large numbers, which the line gives to a model, is normalised where it is made."""
    for name in sorted({n.id for n in line.nodes if isinstance(n, ast.Name)} & set(facts.names)):
        value = facts.values_of(facts.named(name))[-1:]
        array = facts.array(value[0]) if value else None
        if (
            array is None
            or array.ndim != 2
            or facts.requires_grad(value[0])
            or array.std() < _LARGE
        ):
            continue
        made = given(facts, line, name)
        if made is not None and len(array) > 1:
            return (made[0].after(f"{name} = ({name} - {name}.mean(0)) / {name}.std(0)"),)
    return ()


def _left_out_flat(line: ProgramLine) -> Edits:
    for call in line.calls("round", "floor", "ceil", "trunc", "sign"):
        of = line.operand(call)
        return () if of is None else (line.changed((call, line.grouped(of))),)
    return ()


def _flat(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    return () if line is None else _left_out_flat(line)


def _kink(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    calls = [] if line is None else [c for c in line.calls("atan2") if len(c.args) == 2]
    if line is None or not calls:
        return _elsewhere(facts, found)
    return (line.changed((calls[0].args[1], f"{line.grouped(calls[0].args[1])} + 1e-12")),)


REMEDIES: dict[str, Remedy] = {
    "dead-relu": _leaky,
    "times-zero": _random,
    "flat": _flat,
    "kink": _kink,
    "clamped": _unclamped,
    "constant": _alone,
    "saturated": _smaller,
}
