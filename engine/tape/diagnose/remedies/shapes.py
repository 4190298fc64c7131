"""Lines to change where shapes do not fit: an operand seen otherwise, a layer of the size that comes to it."""

from __future__ import annotations

import ast
import math
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import ProgramLine, lines_with
from engine.tape.diagnose.remedies.reading import numbers_of, shape_of


def _shaped(facts: Facts, found: Finding) -> Edits:
    """Of all ways to make shapes fit the one that the message's numbers allow."""
    line = line_at(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    edit = (
        _target(facts, line, said)
        or _product(line, said)
        or _sum(facts, line, said)
        or _rows_kept(facts, line, said)
        or _channels(line, said)
        or _joined(facts, line, said)
        or _seed(line, said)
    )
    return (edit,) if edit is not None else _flattened(facts, line, said) or _layer(facts, said)


def _target(facts: Facts, line: ProgramLine, said: str) -> Edit | None:
    """A target gets the shape that its loss wants."""
    sizes = re.search(
        r"Target size \(torch\.Size\(\[(.*?)\]\)\).*input size \(torch\.Size\(\[(.*?)\]\)\)", said
    )
    way = "squeeze(1)" if "multi-target" in said else ""
    if sizes:
        target, given = (one.split(", ") for one in sizes.groups())
        wide, narrow = [*target, "1"] == given, [*given, "1"] == target
        way = "unsqueeze(1)" if wide else "squeeze(1)" if narrow else ""
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if not way or not losses:
        return None
    of = losses[0].args[1]
    inner, text = of, f"{line.grouped(of)}.{way}"
    undone = way.startswith("squeeze") and line.source(of).endswith(".unsqueeze(1)")
    if undone and isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute):
        inner, text = of.func.value, line.source(of.func.value)
    numbers = numbers_of(facts, line, inner)
    floating = "multi-target" in said and numbers is not None and numbers.dtype.kind == "f"
    return line.changed((of, f"{text}.long()" if floating else text))


def _product(line: ProgramLine, said: str) -> Edit | None:
    """The factor of a product that fits when it is transposed is."""
    sizes = re.search(r"cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", said)
    pairs = [(n.left, n.right) for n in line.nodes if isinstance(n, ast.BinOp) and _is_matmul(n)]
    pairs += [(c.args[0], c.args[1]) for c in line.calls("matmul", "mm") if len(c.args) == 2]
    if sizes is None or len(pairs) != 1:
        return None
    (left, right), (n, k, p, q) = pairs[0], sizes.groups()
    other = right if k == q else left if n == p else None
    return None if other is None else line.changed((other, f"{line.grouped(other)}.T"))


def _rows_kept(facts: Facts, line: ProgramLine, said: str) -> Edit | None:
    """`.flatten()` before a layer that takes one row of what was flattened keeps the rows."""
    sizes = re.search(r"cannot be multiplied \(1x(\d+) and (\d+)x\d+\)", said)
    if sizes is None or int(sizes[1]) % int(sizes[2]):
        return None
    for other in lines_with(facts, r"\.flatten\(\)"):
        calls = [c for c in other.calls("flatten") if not c.args and not c.keywords]
        if len(calls) == 1 and other.at.cell == line.at.cell and other.number <= line.number:
            return other.with_keyword(calls[0], "1")
    return None


def _is_matmul(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.MatMult)


def _sum(facts: Facts, line: ProgramLine, said: str) -> Edit | None:
    """One number for each row becomes a column."""
    if "must match the size of tensor" not in said:
        return None
    for node in line.nodes:
        if not isinstance(node, ast.BinOp):
            continue
        shapes = [shape_of(facts, line, side) for side in (node.left, node.right)]
        for side, own, other in zip((node.left, node.right), shapes, shapes[::-1], strict=True):
            if own and other and len(own) == 1 and len(other) == 2 and own[0] == other[0]:
                return line.changed((side, f"{line.grouped(side)}.unsqueeze(1)"))
    return None


def _channels(line: ProgramLine, said: str) -> Edit | None:
    """(N, L, C), as recurrent nets have it, becomes (N, C, L)."""
    sizes = re.search(r"expected input\[\d+, (\d+), (\d+)\] to have (\d+) channels", said)
    calls = [c for c in line.nodes if isinstance(c, ast.Call) and len(c.args) == 1]
    if sizes is None or sizes[2] != sizes[3] or not calls:
        return None
    return line.changed((calls[0].args[0], f"{line.grouped(calls[0].args[0])}.transpose(1, 2)"))


def _joined(facts: Facts, line: ProgramLine, said: str) -> Edit | None:
    """Matrices of as many rows stand side by side."""
    calls = line.calls("cat", "concat") if "match except in dimension 0" in said else []
    parts = calls[0].args[0] if calls and calls[0].args else None
    if not isinstance(parts, ast.List | ast.Tuple):
        return None
    shapes = [shape_of(facts, line, part) for part in parts.elts]
    if not all(shape and len(shape) == 2 and shape[0] == (shapes[0] or [0])[0] for shape in shapes):
        return None
    given = [k.value for k in calls[0].keywords if k.arg == "dim"] + calls[0].args[1:2]
    return line.changed((given[0], "1")) if given else line.with_keyword(calls[0], "dim=1")


def _seed(line: ProgramLine, said: str) -> Edit | None:
    """The gradient that backward() is given has the shape of its root."""
    for call in line.calls("backward") if "grad_output" in said else ():
        if call.args and isinstance(call.func, ast.Attribute):
            return line.changed((call.args[0], f"torch.ones_like({line.source(call.func.value)})"))
    return None


def _flattened(facts: Facts, line: ProgramLine, said: str) -> Edits:
    """`x.view(-1, 288)` keeps the rows, and the layer behind it takes what a row has."""
    size = re.search(r"shape '\[-1, \d+\]' is invalid for input of size (\d+)", said)
    for call in line.calls("view", "reshape") if size else ():
        of = line.operand(call)
        shape = None if of is None else shape_of(facts, line, of)
        if of is None or shape is None or len(call.args) != 2 or math.prod(shape) != int(size[1]):  # type: ignore[index]
            continue
        width = re.escape(line.source(call.args[1]))
        layers = list(lines_with(facts, rf"\bnn\.Linear\(\s*{width}\s*,"))
        if len(layers) != 1:
            return ()
        text = re.sub(
            rf"nn\.Linear\(\s*{width}\s*,", f"nn.Linear({math.prod(shape[1:])},", layers[0].text
        )
        flat = line.changed((call, f"{line.grouped(of)}.flatten(1)"))
        return layers[0].reads(text), flat
    return ()


def _layer(facts: Facts, said: str) -> Edits:
    """A layer gets the number of features that come to it, if there is only one that it can be."""
    for message, kinds in (
        (r"multiplied \(\d+x(?P<got>\d+) and (?P<has>\d+)x\d+\)", "Linear"),
        (r"input_size\. Expected (?P<has>\d+), got (?P<got>\d+)", "LSTM|GRU|RNN"),
        (r"to have (?P<has>\d+) channels, but got (?P<got>\d+)", r"Conv\dd"),
    ):
        sizes = re.search(message, said)
        layer = rf"\b(nn\.(?:{kinds})\(){sizes['has']}\s*," if sizes else ""
        lines = list(lines_with(facts, layer)) if layer else []
        if sizes and len(lines) == 1 and len(re.findall(layer, lines[0].text)) == 1:
            return (lines[0].reads(re.sub(layer, rf"\g<1>{sizes['got']},", lines[0].text)),)
    return ()


def _in_range(facts: Facts, found: Finding) -> Edits:
    """As many scores, or rows, as there are numbers that choose among them; numbers from 0 on."""
    line = line_at(facts, found)
    said = found.text + " ".join(link.text for link in found.chain)
    classes = "Target" in said
    calls = [] if line is None else [c for c in line.nodes if isinstance(c, ast.Call)]
    losses = [c for c in calls if len(c.args) == (2 if classes else 1)]
    if line is None or not losses or not (classes or "out of range in self" in said):
        return ()
    of = losses[0].args[-1]
    numbers = numbers_of(facts, line, of)
    layer = r"\b(nn\.Linear\([^,()]+,\s*)(\d+)" if classes else r"\b(nn\.Embedding\(\s*)(\d+)"
    made = list(lines_with(facts, layer))
    has = re.findall(layer, made[0].text) if len(made) == 1 else []
    if numbers is None or len(has) != 1:
        return ()
    size, most = int(has[0][1]), int(numbers.max())
    if classes and numbers.min() == 1 and most == size:
        return (line.changed((of, f"{line.grouped(of)} - 1")),)
    if numbers.min() < 0 or most < size:
        return ()
    return (made[0].reads(re.sub(layer, rf"\g<1>{most + 1}", made[0].text)),)


REMEDIES: dict[str, Remedy] = {"shape-mismatch": _shaped, "out-of-range": _in_range}
