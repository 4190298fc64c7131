"""Lines to change where a function leaves its domain: its operand, kept where value and derivative are finite."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.log_softmax import log_softmax_of
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, lines_with

Wrap = Callable[[str], str]


_LOGS = ("log", "log2", "log10")
_KEEP: Wrap = "{}.clamp(min=1e-12)".format


def _operands(line: ProgramLine, names: tuple[str, ...], wrap: Wrap) -> Edits:
    """Change the operand of each call of some names, as wrap says of its text."""
    changes = []
    for call in line.calls(*names):
        of = line.operand(call)
        if of is not None:
            method = isinstance(call.func, ast.Attribute) and call.func.value is of
            text = wrap(line.grouped(of))
            loose = method and isinstance(ast.parse(text, mode="eval").body, ast.BinOp)
            changes.append((of, f"({text})" if loose else text))
    return (line.changed(*changes),) if changes else ()


def _log_of_zero(facts: Facts, found: Finding) -> Edits:
    """The logarithm of a softmax, sigmoid or product is taken in one; of all else, of what is above 0."""
    line = line_at(facts, found)
    if line is None:
        return ()
    calls = line.calls(*_LOGS)
    for call in calls if len(calls) == 1 and line.calls("log") else ():
        of = line.operand(call)
        whole = None if of is None else _logarithm(facts, line, of)
        if whole:
            return (line.changed((call, whole)),)
    if line.calls("log1p"):
        return _operands(line, ("log1p",), lambda x: f"{x}.clamp(min=-1 + 1e-6)")
    op = found.culprit.op
    of_relu = op >= 0 and facts.label(facts.inputs(op)[0]).endswith(" relu")
    return _operands(line, _LOGS, (lambda x: f"{x} + 1e-6") if of_relu else _KEEP)


def _log_of_negative(facts: Facts, found: Finding) -> Edits:
    """Scores of a layer become positive by a softplus, which has a slope; all else is kept above 0."""
    line, op = line_at(facts, found), found.culprit.op
    if line is None or op < 0:
        return ()
    made = facts.made_by(facts.inputs(op)[0])
    scores = made >= 0 and facts.base(made) in ("addmm", "linear", "convolution", "matmul", "mm")
    softplus = "torch.nn.functional.softplus({})".format
    return _operands(line, _LOGS, softplus if scores else _KEEP)


def _logarithm(facts: Facts, line: ProgramLine, of: ast.expr) -> str:
    """Return the logarithm of what a softmax, sigmoid or prod makes, from its operand; "" if it is none."""
    if isinstance(of, ast.Name):
        made = next(lines_with(facts, rf"^\s*{of.id}\s*="), None)
        value = None if made is None else getattr(made.statement, "value", None)
        if made is None or not isinstance(value, ast.Call):
            return ""
        line, of = made, value
    inner = line.operand(of) if isinstance(of, ast.Call) else None
    if not isinstance(of, ast.Call) or inner is None:
        return ""
    text, words = line.source(inner), [line.source(k.value) for k in of.keywords]
    dims = [line.source(a) for a in of.args if a is not inner] + words
    if of in line.calls("softmax") and len(dims) == 1:
        return f"torch.log_softmax({text}, {dims[0]})"
    if of in line.calls("sigmoid"):
        return f"torch.nn.functional.logsigmoid({text})"
    if of in line.calls("prod") and len(dims) <= 1:
        return f"torch.log({text}).sum({', '.join(dims)})"
    return ""


def _quotient(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    divisions = [n for n in line.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    below = [n.right for n in divisions if not isinstance(n.right, ast.Constant)]
    roots = [n for part in below for n in ast.walk(part) if isinstance(n, ast.Call)]
    if any(called(n) == "sqrt" for n in roots):
        return _operands(
            line, ("sqrt",), lambda x: f"{x} + 1e-12"
        )  # its derivative at 0 is infinite
    return (line.changed(*((n, f"({line.source(n)} + 1e-12)") for n in below)),) if below else ()


def _exp(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    whole = () if line is None else log_softmax_of(line)
    if whole:
        return whole
    names = ("exp", "expm1", "exp2", "cosh", "sinh")
    if line is None:
        return ()
    by_hand = re.search(r"exp\(.*/.*exp\(.*sum\(", line.text)
    if not found.remedy.startswith("Subtract") and not by_hand:
        return _operands(line, names, lambda x: f"{x}.clamp(max=20)")
    flat = found.culprit.op >= 0 and len(facts.shape(facts.inputs(found.culprit.op)[0])) < 2
    most = "max()" if flat else "amax(-1, keepdim=True)"
    return _operands(line, names, lambda x: f"{x} - {x}.{most}")


def _power(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    powers = [n for n in line.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    if powers:
        return (line.changed((powers[0].left, f"{line.grouped(powers[0].left)}.clamp(min=1e-12)")),)
    return _operands(line, ("pow", "float_power"), lambda x: f"{x}.clamp(min=1e-12)")


def _domain(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    if "binary_cross_entropy" in found.title:
        losses = line.calls("binary_cross_entropy")
        if losses:
            text = line.source(losses[0].func)
            return (line.changed((losses[0].func, f"{text}_with_logits")),)
        of_class = next(lines_with(facts, r"\bBCELoss\("), None)
        text = "" if of_class is None else of_class.text.replace("BCELoss(", "BCEWithLogitsLoss(")
        return (of_class.reads(text),) if of_class is not None else ()
    if line.calls("acosh", "arccosh"):
        return _operands(line, ("acosh", "arccosh"), lambda x: f"{x}.clamp(min=1 + 1e-6)")
    names = ("acos", "asin", "atanh", "arccos", "arcsin", "arctanh", "erfinv")
    return _operands(line, names, lambda x: f"{x}.clamp(-1 + 1e-6, 1 - 1e-6)")


def _root_of(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    below = "{}.clamp(min=1e-12)" if found.cause == "sqrt-of-negative" else "{} + 1e-12"
    edits = _operands(line, ("sqrt", "rsqrt"), below.format)
    return edits or (_power(facts, found) if "**" in line.text else ())


def _norm(facts: Facts, found: Finding) -> Edits:
    """The root of the sum of squares, and a little more."""
    line = line_at(facts, found)
    for call in [] if line is None else line.calls("norm"):
        of = line.operand(call) if line is not None else None
        words = [k for k in call.keywords if k.arg in ("dim", "keepdim")]
        if of is None or line is None or len(words) < len(call.keywords) or len(call.args) > 1:
            return ()
        dims = ", ".join(f"{k.arg}={line.source(k.value)}" for k in words)
        return (line.changed((call, f"({line.grouped(of)}.pow(2).sum({dims}) + 1e-12).sqrt()")),)
    return ()


REMEDIES: dict[str, Remedy] = {
    "log-of-zero": _log_of_zero,
    "log-of-negative": _log_of_negative,
    "sqrt-at-zero": _root_of,
    "sqrt-of-negative": _root_of,
    "norm-at-zero": _norm,
    "division-by-zero": _quotient,
    "power": _power,
    "domain": _domain,
    "exp-overflow": _exp,
}
