"""Lines to change where numbers are not finite or gradients are zero: the operation's operand, kept in its domain."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.program_line import ProgramLine, called, line_of, lines_with

Edits = tuple[Edit, ...]
Wrap = Callable[[str], str]
_LOGS = ("log", "log2", "log10")
#: Where a function and its derivative are finite, for the double where; 1 for all others.
_SAFE = {"acos": "0.0", "asin": "0.0", "atanh": "0.0", "exp": "0.0", "tan": "0.0", "acosh": "2.0"}


def _line(facts: Facts, found: Finding, link: int = 0) -> ProgramLine | None:
    return line_of(facts, found.chain[link]) if link < len(found.chain) else None


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


def _kept(*names: str, wrap: Wrap) -> Callable[[Facts, Finding], Edits]:
    def remedy(facts: Facts, found: Finding) -> Edits:
        line = _line(facts, found)
        return () if line is None else _operands(line, names, wrap)

    return remedy


def _log_of_zero(facts: Facts, found: Finding) -> Edits:
    """The logarithm of a softmax, sigmoid or product is taken in one; of all else, of what is above 0."""
    line = _line(facts, found)
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
    return _operands(line, _LOGS, lambda x: f"{x}.clamp(min=1e-12)")


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
    line = _line(facts, found)
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
    line = _line(facts, found)
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
    line = _line(facts, found)
    if line is None:
        return ()
    powers = [n for n in line.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    if powers:
        return (line.changed((powers[0].left, f"{line.grouped(powers[0].left)}.clamp(min=1e-12)")),)
    return _operands(line, ("pow", "float_power"), lambda x: f"{x}.clamp(min=1e-12)")


def _domain(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
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
    line = _line(facts, found)
    if line is None:
        return ()
    below = "{}.clamp(min=1e-12)" if found.cause == "sqrt-of-negative" else "{} + 1e-12"
    edits = _operands(line, ("sqrt", "rsqrt"), below.format)
    return edits or (_power(facts, found) if "**" in line.text else ())


def _finite_mask(facts: Facts, found: Finding) -> Edits:
    """Infinity in a mask becomes a large number."""
    for line in (
        _line(facts, found),
        *lines_with(facts, r"masked_fill.*-\s*(float\(|torch\.inf|math\.inf)|-inf"),
    ):
        if line is None:
            continue
        inf = r"""float\(\s*["']-inf(inity)?["']\s*\)|-\s*float\(\s*["']inf["']\s*\)|-\s*(torch|math|np)\.inf"""
        text = re.sub(inf, "-1e9", line.text)
        if text != line.text:
            return (line.reads(text),)
    return ()


def _double_where(facts: Facts, found: Finding) -> Edits:
    """What is masked afterwards is masked before too: the double where."""
    line, hider = _line(facts, found), _line(facts, found, 1)
    op = found.culprit.op
    if line is None or hider is None or op < 0:
        return ()
    name = facts.base(op)
    of = _masked_operand(line, name)
    mask = None if of is None else _mask(line, hider, of)
    if of is None or mask is None:
        return ()
    condition, kept = mask
    safe, text = _SAFE.get(name, "1.0"), line.source(of)
    both = f"{text}, {safe}" if kept else f"{safe}, {text}"
    return (line.changed((of, f"torch.where({condition}, {both})")),)


def _masked_operand(line: ProgramLine, name: str) -> ast.expr | None:
    """Return the operand of a call, or what a division divides by."""
    for call in line.calls(name):
        return line.operand(call)
    for node in line.nodes:
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and name in ("div", "reciprocal")
        ):
            return node.right
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and name == "pow":
            return node.left
    return None


def _mask(line: ProgramLine, hider: ProgramLine, of: ast.expr) -> tuple[str, bool] | None:
    """Return (condition, whether it holds where the operand is used) of what hides an operation."""
    for call in hider.calls("where"):
        if len(call.args) == 3:
            first = _within(line, hider, of, call.args[1])
            return (hider.source(call.args[0]), True) if first else (
                (hider.source(call.args[0]), False)
                if _within(line, hider, of, call.args[2]) else None
            )  # fmt: skip
    for node in hider.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            left, right = node.left, node.right
            other = right if _within(line, hider, of, left) else left
            if isinstance(other, ast.Name):
                return f"{other.id} != 0", True
            if isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute):
                return f"{hider.source(other)} != 0", True
    return None


def _within(line: ProgramLine, hider: ProgramLine, of: ast.expr, part: ast.expr) -> bool:
    """Whether an operand stands in a part of the line that hides it, itself or by its line's name."""
    if hider.number == line.number:
        return part.col_offset <= of.col_offset and (of.end_col_offset or 0) <= (
            part.end_col_offset or 0
        )
    names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    return line.target is not None and line.source(line.target) in names


def _leaky(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    for link in range(1, len(found.chain)):
        made = _line(facts, found, link)
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
    line = _line(facts, found)
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
    line = _line(facts, found)
    return () if line is None else _left_out_flat(line)


def _added_mask(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    mask = re.search(r": ([\w.]+), by which mul", found.title)
    for node in [] if line is None or mask is None else line.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and line is not None:
            left, right = line.source(node.left), line.source(node.right)
            if mask is not None and mask[1] in (left, right):
                return (line.changed((node, f"{left} + {right}")),)
    return ()


def _spread(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    if (
        line is None
        or "correction" not in found.remedy
        or re.search(r"/\s*\w+\.(std|var)\(", line.text)
    ):
        return ()
    calls = line.calls("std", "var")
    return (line.with_keyword(calls[0], "correction=0"),) if calls else ()


def _kink(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    calls = [] if line is None else [c for c in line.calls("atan2") if len(c.args) == 2]
    if line is None or not calls:
        return ()
    return (line.changed((calls[0].args[1], f"{line.grouped(calls[0].args[1])} + 1e-12")),)


def _norm(facts: Facts, found: Finding) -> Edits:
    """The root of the sum of squares, and a little more."""
    line = _line(facts, found)
    for call in [] if line is None else line.calls("norm"):
        of = line.operand(call) if line is not None else None
        words = [k for k in call.keywords if k.arg in ("dim", "keepdim")]
        if of is None or line is None or len(words) < len(call.keywords) or len(call.args) > 1:
            return ()
        dims = ", ".join(f"{k.arg}={line.source(k.value)}" for k in words)
        return (line.changed((call, f"({line.grouped(of)}.pow(2).sum({dims}) + 1e-12).sqrt()")),)
    return ()


REMEDIES: dict[str, Callable[[Facts, Finding], Edits]] = {
    "log-of-zero": _log_of_zero,
    "log-of-negative": _kept(*_LOGS, wrap=lambda x: f"{x}.clamp(min=1e-12)"),
    "sqrt-at-zero": _root_of,
    "sqrt-of-negative": _root_of,
    "norm-at-zero": _norm,
    "division-by-zero": _quotient,
    "power": _power,
    "domain": _domain,
    "exp-overflow": _exp,
    "masked-nan": _double_where,
    "zero-times-inf": _added_mask,
    "all-masked": _finite_mask,
    "empty": _spread,
    "dead-relu": _leaky,
    "times-zero": _random,
    "flat": _flat,
    "kink": _kink,
}
