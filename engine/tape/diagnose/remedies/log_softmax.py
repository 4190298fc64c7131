"""Lines to change where a softmax is written by hand and its logarithm taken: log_softmax does both."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.finding import Edit
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, later


def log_softmax_of(line: ProgramLine) -> tuple[Edit, ...]:
    """Return how `e = exp(x)`, `p = e / e.sum(1, keepdim=True)`, `log(p[...])` read with log_softmax.

    () where the lines are no such softmax, or its result is read otherwise than by a logarithm.
    """
    after = list(later(line))
    calls = line.calls("exp")
    of = line.operand(calls[0]) if calls else None
    if of is None or not isinstance(line.target, ast.Name):
        return ()
    whole, edits = line, []
    if (
        getattr(line.statement, "value", None) is calls[0]
    ):  # the quotient stands in a line of its own
        name, edits = line.target.id, [line.left_out()]
        read = [one for one in after if re.search(rf"\b{name}\b", one.text)]
        if len(read) != 1:
            return ()
        whole = read[0]
    dim = _dimension(whole)
    result = whole.target.id if isinstance(whole.target, ast.Name) else ""
    value = getattr(whole.statement, "value", None)
    if dim is None or not result or not isinstance(value, ast.expr):
        return ()
    logs = _without_log([one for one in after if one.number > whole.number], result)
    if not logs:
        return ()
    text = f"torch.log_softmax({line.source(of)}, {dim})"
    return (*edits, whole.changed((value, text)), *logs)


def _dimension(line: ProgramLine) -> str | None:
    """Return the dimension along which a line divides something by its sum."""
    value = getattr(line.statement, "value", None)
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Div):
        return None
    below = value.right
    if not isinstance(below, ast.Call) or called(below) != "sum" or line.operand(below) is None:
        return None
    if ast.unparse(line.operand(below)) != ast.unparse(value.left):  # type: ignore[arg-type]
        return None
    dims = [k.value for k in below.keywords if k.arg == "dim"]
    dims += [a for a in below.args if a is not line.operand(below)]
    return line.source(dims[0]) if dims else None


def _without_log(after: list[ProgramLine], name: str) -> tuple[Edit, ...]:
    """Return the lines that read a name without its logarithm; () where one takes none."""
    edits = []
    for one in after:
        read = [n for n in one.nodes if isinstance(n, ast.Name) and n.id == name]
        logs = [c for c in one.calls("log") if any(n in list(ast.walk(c)) for n in read)]
        if read and len(logs) != len(read):
            return ()
        changes = [(c, one.grouped(of)) for c in logs if (of := one.operand(c)) is not None]
        edits += [one.changed(*changes)] if changes else []
    return tuple(edits)
