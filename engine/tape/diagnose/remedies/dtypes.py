"""Lines to change where types do not fit, or hold too little."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, line_of, lines_with
from engine.tape.diagnose.remedies.reading import functional, is_integer

_MADE = ("tensor", "ones", "zeros", "full", "randn", "rand", "eye")
_HALF = r"\b(torch\.)?(float16|half|bfloat16)\b"


def _typed(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if losses:
        chosen = _of_scores(facts, line, losses[0]) if "not implemented for 'Long'" in said else ()
        if chosen:
            return chosen
        target = losses[0].args[1]
        if "to be Long" in said:
            return (line.changed((target, f"{line.grouped(target)}.long()")),)
        if "Expected floating point type for target" in said or "output type Long" in said:
            return (line.changed((target, f"{line.grouped(target)}.float()")),)
    single = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 1]
    if "Indices are integers" in found.remedy:
        named = [c.args[0] for c in losses or single if isinstance(c.args[0], ast.Name)]
        return (line.changed((named[0], f"{line.source(named[0])}.long()")),) if named else ()
    if "Double" not in said or "Float" not in said:
        return ()
    plain = [n.args[0] for n in single if not n.keywords and not called(n).startswith("to")]
    named = [n for n in plain if isinstance(n, ast.Name)]
    return (line.changed((named[0], f"{line.source(named[0])}.float()")),) if named else ()


def _of_scores(facts: Facts, line: ProgramLine, loss: ast.Call) -> Edits:
    """A loss of the class with the best score is a loss of the scores: cross_entropy."""
    first, target = loss.args
    of = (
        line.operand(first)
        if isinstance(first, ast.Call) and first in line.calls("argmax")
        else None
    )
    if of is None or not isinstance(target, ast.Name) or not is_integer(facts, line, target.id):
        return ()
    text = f"{functional(line)}.cross_entropy({line.source(of)}, {target.id})"
    return (line.changed((loss, text)),)


def wider(facts: Facts, found: Finding) -> Edits:
    """Half precision becomes single; single, of the leaf that is asked for, becomes double."""
    lines = [one for one in lines_with(facts, _HALF) if "autocast" not in one.text]
    if lines:
        texts = [
            re.sub(r"\b(torch\.)?(float16|bfloat16)\b", "torch.float32", one.text) for one in lines
        ]
        texts = [re.sub(r"\.half\(\)", ".float()", text) for text in texts]
        return tuple(
            one.reads(text) for one, text in zip(lines, texts, strict=True) if text != one.text
        )
    if "a product of" in found.title:
        return ()  # of many numbers: no type is wide enough
    values = facts.values_of(found.tensor) if found.tensor >= 0 else []
    line = line_of(facts, facts.at_birth("", values[0])) if values else None
    for call in [] if line is None else line.calls(*_MADE):
        if line is not None and all(k.arg != "dtype" for k in call.keywords):
            return (line.with_keyword(call, "dtype=torch.float64"),)
    return ()


REMEDIES: dict[str, Remedy] = {"dtype-mismatch": _typed, "underflow": wider}
