"""Lines to change where shapes or types do not fit."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import Edits, Remedy, line_at
from engine.tape.diagnose.remedies.program_line import called, lines_with


def _shaped(facts: Facts, found: Finding) -> Edits:
    """A target gets its loss's shape, a layer the number of features that come to it."""
    line = line_at(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    sizes = re.search(
        r"Target size \(torch\.Size\(\[(.*?)\]\)\).*input size \(torch\.Size\(\[(.*?)\]\)\)", said
    )
    way = "squeeze(1)" if "multi-target" in said else ""
    if sizes:
        target, given = (one.split(", ") for one in sizes.groups())
        way = (
            "unsqueeze(1)"
            if [*target, "1"] == given
            else "squeeze(1)"
            if [*given, "1"] == target
            else ""
        )
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if way and losses:
        text = line.source(losses[0].args[1])
        if way.startswith("squeeze") and text.endswith(".unsqueeze(1)"):
            return (line.changed((losses[0].args[1], text.removesuffix(".unsqueeze(1)"))),)
        return (line.changed((losses[0].args[1], f"{line.grouped(losses[0].args[1])}.{way}")),)
    product = re.search(r"multiplied \(\d+x(\d+) and (\d+)x\d+\)", said)
    layers = list(lines_with(facts, rf"\bnn\.Linear\({product[2]}\s*,")) if product else []
    if product and len(layers) == 1:
        text = re.sub(rf"nn\.Linear\({product[2]}\s*,", f"nn.Linear({product[1]},", layers[0].text)
        return (layers[0].reads(text),)
    return ()


def _typed(facts: Facts, found: Finding) -> Edits:
    line = line_at(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if "to be Long" in said and losses:
        return (line.changed((losses[0].args[1], f"{line.grouped(losses[0].args[1])}.long()")),)
    if "Indices are integers" in found.remedy:
        plain = [c for c in losses or line.nodes if isinstance(c, ast.Call) and len(c.args) == 1]
        named = [c.args[0] for c in plain if isinstance(c.args[0], ast.Name)]
        return (line.changed((named[0], f"{line.source(named[0])}.long()")),) if named else ()
    if "Double" in said and "Float" in said:
        single = [
            n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 1 and not n.keywords
        ]
        plain = [
            n for n in single if isinstance(n.args[0], ast.Name) and not called(n).startswith("to")
        ]
        return (
            (line.changed((plain[0].args[0], f"{line.source(plain[0].args[0])}.float()")),)
            if plain
            else ()
        )
    return ()


REMEDIES: dict[str, Remedy] = {
    "shape-mismatch": _shaped,
    "dtype-mismatch": _typed,
}
