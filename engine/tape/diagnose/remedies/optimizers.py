"""Lines to change where no step updates a parameter: what an optimizer is given, and what a model registers."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies.culprit import OPTIMIZER, Edits, Remedy, known, line_at
from engine.tape.diagnose.remedies.program_line import lines_with


def _known_layers(facts: Facts, found: Finding) -> Edits:
    """Layers in a list become a ModuleList; an optimizer that is made too early is made later."""
    line = line_at(facts, found)
    value = None if line is None else getattr(line.statement, "value", None)
    if line is None or not isinstance(value, ast.expr):
        return ()
    if isinstance(value, ast.List | ast.ListComp) and line.text.strip().startswith("self."):
        return (line.changed((value, f"nn.ModuleList({line.source(value)})")),)
    zero = re.sub(r"""(lr(=|["']:\s*))0(\.0*)?(?![\d.])""", r"\g<1>0.01", line.text)
    if found.remedy.startswith("Give the optimizer (and each") and zero != line.text:
        return (line.reads(zero),)
    early = re.match(r"(\w+) steps another tensor", found.title)
    for made in lines_with(facts, rf"^\s*{early[1]}\s*{OPTIMIZER}") if early else ():
        if made.at.cell == line.at.cell and made.number < line.number:
            return (made.left_out(), line.after(made.bare()))
    return ()


def _given(facts: Facts, found: Finding) -> Edits:
    """The optimizer gets the parameters of the module that it was not given."""
    module, dot, _ = facts.name(found.tensor).partition(".") if found.tensor >= 0 else ("", "", "")
    made = list(lines_with(facts, rf"^\s*\w+\s*{OPTIMIZER}"))
    is_module = (
        dot
        and module.isidentifier()
        and f"{module}.parameters()" not in "".join(m.text for m in made)
    )
    value = getattr(made[0].statement, "value", None) if len(made) == 1 and is_module else None
    if not isinstance(value, ast.Call) or not value.args or not known(facts, module):
        return ()
    given = value.args[0]
    text = f"[*{made[0].grouped(given)}, *{module}.parameters()]"
    return () if "{" in made[0].source(given) else (made[0].changed((given, text)),)


REMEDIES: dict[str, Remedy] = {
    "never-updated": lambda facts, found: _known_layers(facts, found) or _given(facts, found),
}
