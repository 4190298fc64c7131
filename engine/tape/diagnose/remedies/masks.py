"""Lines to change where a mask hides or makes what is not finite: the double where, large numbers for infinity."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, lines_with

#: Where a function and its derivative are finite, for the double where; 1 for all others.
_KEPT = {"sqrt": "{} + 1e-12", "exp": "{}.clamp(max=80)", "log": "{}.clamp(min=1e-12)"}
_SAFE = {"acos": "0.0", "asin": "0.0", "atanh": "0.0", "exp": "0.0", "tan": "0.0", "acosh": "2.0"}


def _finite_mask(facts: Facts, found: Finding) -> Edits:
    """Infinity in a mask becomes a large number."""
    padded = _some_kept(facts, found)
    if padded:
        return padded
    for line in (
        line_at(facts, found),
        *lines_with(facts, r"masked_fill.*-\s*(float\(|torch\.inf|math\.inf)|-inf"),
    ):
        if line is None:
            continue
        inf = r"""float\(\s*["']-inf(inity)?["']\s*\)|-\s*float\(\s*["']inf["']\s*\)|-\s*(torch|math|np)\.inf"""
        text = re.sub(inf, "-1e9", line.text)
        if text != line.text:
            return (line.reads(text),)
    return ()


def _no_padding(facts: Facts, found: Finding) -> Edits:
    """An embedding whose only row in use is the one for padding has none for padding."""
    for line in lines_with(facts, r"\bnn\.Embedding\(.*padding_idx"):
        return (line.reads(re.sub(r",\s*padding_idx\s*=\s*\w+", "", line.text)),)
    return ()


def _some_kept(facts: Facts, found: Finding) -> Edits:
    """A row of nothing but padding masks nothing: it is not read, and must not be NaN."""
    line = line_at(facts, found)
    for call in [] if line is None else line.nodes:
        for word in call.keywords if isinstance(call, ast.Call) else []:
            if (
                word.arg == "key_padding_mask"
                and isinstance(word.value, ast.Name)
                and line is not None
            ):
                name = word.value.id
                return (line.changed((word.value, f"{name} & ~{name}.all(-1, keepdim=True)")),)
    return ()


def _finite(facts: Facts, found: Finding) -> Edits:
    """Infinity that the program writes becomes a large number."""
    for link in range(len(found.chain)):
        line = line_at(facts, found, link)
        if line is None:
            continue
        text = re.sub(
            r"""float\(\s*["']inf(inity)?["']\s*\)|(torch|math|np)\.inf\b""", "1e9", line.text
        )
        if text != line.text:
            return (line.reads(text),)
    return ()


def _double_where(facts: Facts, found: Finding) -> Edits:
    """What is masked afterwards is masked before too: the double where."""
    line, hider = line_at(facts, found), line_at(facts, found, 1)
    op = found.culprit.op
    if line is None or op < 0:
        return ()
    name = facts.base(op)
    if hider is None or (
        not hider.calls("where") and name in _KEPT and " index " in f" {found.title} "
    ):
        return _within_domain(line, name)
    if name == "mul" and hider.number == line.number:
        name = next((called(c) for c in line.calls("log", "sqrt", "exp", "log2")), name)
    of = _masked_operand(line, name)
    mask = None if of is None else _mask(line, hider, of)
    if of is None or mask is None:
        return ()
    condition, kept = mask
    safe, text = _SAFE.get(name, "1.0"), line.source(of)
    both = f"{text}, {safe}" if kept else f"{safe}, {text}"
    return (line.changed((of, f"torch.where({condition}, {both})")),)


def _within_domain(line: ProgramLine, name: str) -> Edits:
    """The operand is kept where the function has a finite derivative."""
    for call in line.calls(name):
        of = line.operand(call)
        return () if of is None else (line.changed((of, _KEPT[name].format(line.grouped(of)))),)
    return ()


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


def _added_mask(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    mask = re.search(r": ([\w.]+), by which mul", found.title)
    for node in [] if line is None or mask is None else line.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and line is not None:
            left, right = line.source(node.left), line.source(node.right)
            if mask is not None and mask[1] in (left, right):
                return (line.changed((node, f"{left} + {right}")),)
    return ()


def _spread(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    calls = [] if line is None else line.calls("std", "var")
    if line is not None and calls and re.search(r"/\s*\w+\.(std|var)\(", line.text):
        text = f"{line.source(calls[0])[:-1]}, correction=0)".replace("(, ", "(")
        return (
            (line.changed((calls[0], f"({text} + 1e-12)")),) if "correction" in found.remedy else ()
        )
    few = () if line is None else _of_few(facts, line) or _single_row(facts, found, line)
    if few:
        return few
    if (
        line is None
        or "correction" not in found.remedy
        or re.search(r"/\s*\w+\.(std|var)\(", line.text)
    ):
        return ()
    calls = line.calls("std", "var")
    return (line.with_keyword(calls[0], "correction=0"),) if calls else ()


def _of_few(facts: Facts, line: ProgramLine) -> Edits:
    """The mean of what a mask chose, or a target does not ignore, is 0 where there is nothing."""
    for call in line.calls("cross_entropy", "nll_loss"):
        words = {k.arg: line.source(k.value) for k in call.keywords}
        if len(call.args) == 2 and not set(words) - {"ignore_index"}:
            count = f"({line.source(call.args[1])} != {words.get('ignore_index', '-100')})"
            inside = line.source(call)[:-1]
            text = f'{inside}, reduction="sum") / {count}.sum().clamp(min=1)'
            return (line.changed((call, text)),)
    for call in line.calls("mean"):
        of = call.func.value if isinstance(call.func, ast.Attribute) and not call.args else None
        chosen = [n for n in ast.walk(of) if isinstance(n, ast.Subscript)] if of is not None else []
        if (
            of is None
            or len(chosen) != 1
            or not isinstance(chosen[0].slice, ast.Name | ast.Compare)
        ):
            continue
        count = f"{line.grouped(chosen[0].slice)}.sum().clamp(min=1)"
        return (line.changed((call, f"{line.grouped(of)}.sum() / {count}")),)
    return ()


def _single_row(facts: Facts, found: Finding, line: ProgramLine) -> Edits:
    """The last batch of one row is left out; a net that does not learn uses what it has learned."""
    if "batch norm" not in found.title:
        return ()
    for loader in lines_with(facts, r"\bDataLoader\("):
        calls = loader.calls("DataLoader")
        if calls and "drop_last" not in loader.text:
            return (loader.with_keyword(calls[0], "drop_last=True"),)
    named = [n for n in line.nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    if named and ".backward(" not in line.cell:
        return (line.before(f"{line.source(named[0].func)}.eval()"),)
    return ()


REMEDIES: dict[str, Remedy] = {
    "masked-nan": _double_where,
    "zero-times-inf": _added_mask,
    "all-masked": _finite_mask,
    "empty": _spread,
    "inf-minus-inf": _finite,
    "padding": _no_padding,
}
