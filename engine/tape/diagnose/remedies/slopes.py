"""Lines to change where a gradient is zero: functions and starting points that have a slope."""

from __future__ import annotations

import ast

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with


def _leaky(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    for link in range(1, len(found.chain)):
        made = line_at(facts, found, link)
        for call in (
            [] if made is None or "learning rate" not in found.chain[link].text else made.nodes
        ):
            words = (
                [k.value for k in call.keywords if k.arg == "lr"]
                if isinstance(call, ast.Call)
                else []
            )
            if words and made is not None and isinstance(words[0], ast.Constant):
                return (made.changed((words[0], f"{float(str(words[0].value)) / 100:g}")),)
    for call in [] if line is None else line.calls("relu"):
        of = line.operand(call) if line is not None else None
        if of is not None and line is not None:
            return (line.changed((call, f"torch.nn.functional.leaky_relu({line.source(of)})")),)
    for other in lines_with(facts, r"\bnn\.ReLU\("):
        return (other.reads(other.text.replace("nn.ReLU(", "nn.LeakyReLU(")),)
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
        return ()
    return (line.changed((calls[0].args[1], f"{line.grouped(calls[0].args[1])} + 1e-12")),)


REMEDIES: dict[str, Remedy] = {
    "dead-relu": _leaky,
    "times-zero": _random,
    "flat": _flat,
    "kink": _kink,
}
