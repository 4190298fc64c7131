"""Lines to change where numbers or gradients grow or shrink: steps, bounds, and layers that keep their size."""

from __future__ import annotations

import ast
import itertools
import math
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import OPTIMIZER, Edits, Remedy, line_at
from engine.tape.diagnose.remedies.dtypes import wider
from engine.tape.diagnose.remedies.program_line import ProgramLine, line_of, lines_with


def _bounded(facts: Facts, found: Finding) -> Edits:
    """A state that grows goes through a tanh in each round; training that diverges takes smaller steps."""
    line = line_at(facts, found)
    if "use a wider type" in found.remedy:
        return wider(facts, found) if _is_half(facts, found) else ()
    if not found.remedy.startswith("Keep them bounded"):
        return _smaller_steps(facts, found) or _clipped(facts, found)
    value = None if line is None else getattr(line.statement, "value", None)
    if line is None or line.target is None or not isinstance(value, ast.BinOp):
        return _tanh_net(facts)
    return (line.changed((value, f"torch.tanh({line.source(value)})")),)


def _is_half(facts: Facts, found: Finding) -> bool:
    value = found.culprit.value
    return value >= 0 and facts.tape.value_dtype(value) in ("float16", "bfloat16")


def _tanh_net(facts: Facts) -> Edits:
    """A recurrent net of ReLUs becomes one of tanhs."""
    for line in lines_with(facts, r"""\bnn\.RNN(Cell)?\(.*nonlinearity\s*=\s*["']relu["']"""):
        return (line.reads(re.sub(r"""(nonlinearity\s*=\s*["'])relu""", r"\1tanh", line.text)),)
    return ()


def _smaller_steps(facts: Facts, found: Finding) -> Edits:
    """A learning rate at which the first step does not go beyond the minimum.

    A step that makes the distance r times as large has a rate of 1 + r times the inverse curvature.
    """
    step = line_at(facts, found, 1)
    factor = _overshoot(facts, found)
    if "Lower the learning rate" not in found.remedy or step is None or not factor:
        return ()
    rates = _rates(facts, step)
    return tuple(
        line.changed((node, f"{_rounded(float(str(node.value)) / factor):g}"))
        for line, node in rates
        if isinstance(node.value, int | float)
    )


def _overshoot(facts: Facts, found: Finding) -> float:
    """Return by how much the steps are too large, from the first of them that grow; 0 if not known."""
    where = found.chain[1].op if len(found.chain) > 1 else -1
    outputs = facts.outputs(where) if where >= 0 else range(0)
    tensor = int(facts.tape.values["tensor"][outputs[0]]) if len(outputs) else -1
    if tensor < 0:
        return 0.0
    arrays = [facts.array(value) for value in facts.values_of(tensor)[:8]]
    kept = [a.astype(float) for a in arrays if a is not None]
    moves = [float(abs(b - a).max()) for a, b in itertools.pairwise(kept)]
    moves = [one for one in moves if one > 0 and math.isfinite(one)]
    grown = [b / a for a, b in itertools.pairwise(moves) if b > a]
    return grown[0] + 1 if grown else 0.0


def _rates(facts: Facts, step: ProgramLine) -> list[tuple[ProgramLine, ast.Constant]]:
    """Return the constants that are the learning rate of a step, with their lines."""
    for call in step.calls("step"):
        if isinstance(call.func, ast.Attribute):
            name = re.escape(step.source(call.func.value))
            made = next(lines_with(facts, rf"^\s*{name}\s*{OPTIMIZER}"), None)
            value = None if made is None else getattr(made.statement, "value", None)
            words = value.keywords if isinstance(value, ast.Call) else []
            rates = [k.value for k in words if k.arg == "lr"]
            return [(made, r) for r in rates if made is not None and isinstance(r, ast.Constant)]
    by_hand = r"^\s*[\w.\[\]]+(\.data)?\s*-=\s*[\d.e-]+\s*\*\s*\w*\.?grad\w*"
    found = []
    for line in lines_with(facts, by_hand) if re.search(by_hand, step.text) else ():
        value = getattr(line.statement, "value", None)
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.Constant):
            found.append((line, value.left))
    return found


def _rounded(number: float) -> float:
    """Return one digit of a number, rounded down."""
    size = 10.0 ** math.floor(math.log10(number))
    return math.floor(number / size) * size


def _clipped(facts: Facts, found: Finding) -> Edits:
    """Clip before the step, with the parameters that the optimizer has."""
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        for call in [] if line is None else line.calls("step"):
            if line is None or not isinstance(call.func, ast.Attribute):
                continue
            name = re.escape(line.source(call.func.value))
            for made in lines_with(facts, rf"^\s*{name}\s*{OPTIMIZER}"):
                value = getattr(made.statement, "value", None)
                given = value.args[0] if isinstance(value, ast.Call) and value.args else None
                if given is not None:
                    text = f"torch.nn.utils.clip_grad_norm_({made.source(given)}, 1.0)"
                    return (line.before(text),)
    return ()


def _exploding(facts: Facts, found: Finding) -> Edits:
    """Clip; where no optimizer steps, begin with weights that keep lengths."""
    clipped = _clipped(facts, found) or _tanh_net(facts)
    values = facts.values_of(found.tensor) if found.tensor >= 0 else []
    line = None if clipped or not values else line_of(facts, facts.at_birth("", values[0]))
    name = facts.name(found.tensor) if found.tensor >= 0 else ""
    square = values and len(set(facts.shape(values[0]))) == 1 and len(facts.shape(values[0])) == 2
    if line is None or not square or line.target is None or line.source(line.target) != name:
        return clipped
    return (line.after(f"torch.nn.init.orthogonal_({name})"),)


def _vanishing(facts: Facts, found: Finding) -> Edits:
    """Sigmoids between layers become ReLUs behind a normalisation."""
    kinds = r"\bnn\.Linear\(\s*\w+\s*,\s*(\w+)\s*\),\s*nn\.(?:Sigmoid|Tanh)\(\)"
    for line in lines_with(facts, kinds):
        return (line.reads(re.sub(kinds, _normalised, line.text)),)
    return ()


def _normalised(found: re.Match[str]) -> str:
    layer = found[0].rpartition("nn.")[0].rstrip().rstrip(",")
    return f"{layer}, nn.LayerNorm({found[1]}), nn.ReLU()"


REMEDIES: dict[str, Remedy] = {
    "exploding": _exploding,
    "vanishing": _vanishing,
    "overflow": _bounded,
}
