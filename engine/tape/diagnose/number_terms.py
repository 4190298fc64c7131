"""Terms of a loss that are plain numbers: a penalty that was read with .item() teaches nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.penalties import leads

_READS = ("item", "float", "tolist", "numpy")
Place = tuple[str, int]  # a cell and a line of it


def number_terms(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return the first sum of a loss and a number that was read from what has a graph."""
    read = _read_at(facts)
    if not read or not len(facts.tape.passes):
        return []
    roots = {v for p in range(len(facts.tape.passes)) for v in facts.roots(p)}
    for op in np.flatnonzero(facts.tape.ops["node"] >= 0).tolist():
        if cancelled():
            break
        if facts.base(op) not in ("add", "sub", "rsub") or len(facts.inputs(op)) != 1:
            continue
        out = facts.outputs(op)[0]
        if facts.shape(out) or not leads(facts, out, roots):
            continue
        row = next((read[place] for place in _places(facts, op) if place in read), -1)
        if row >= 0 and facts.tape.reads["event"][row] < facts.tape.ops["event"][op]:
            return [_finding(facts, row, op)]
    return []


def _read_at(facts: Facts) -> dict[Place, int]:
    """Return the lines that read a number from what has a graph, each with its first row of `reads`."""
    found: dict[Place, int] = {}
    for row, read in enumerate(facts.tape.reads):
        source = facts.tape.source(int(read["loc"]))
        tracked = (
            facts.requires_grad(int(read["value"])) and facts.tape.text(int(read["how"])) in _READS
        )
        if source is not None and tracked:
            found.setdefault((source.cell, source.line), row)
    return found


def _places(facts: Facts, op: int) -> list[Place]:
    """Return the line of an operation, and those that gave the names that it speaks of."""
    here = facts.at_op("", op)
    if here.source is None:
        return []
    loc = int(facts.tape.events["loc"][here.event])
    names = dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*(?![\w(])", here.code))
    names = {name: None for name in names if facts.named(name) < 0}  # of numbers
    given = [lines.assigned(facts.cells_until(loc), name) for name in names]
    return [
        (here.source.cell, here.source.line),
        *((one[0], one[1]) for one in given if one is not None),
    ]


def _finding(facts: Facts, row: int, op: int) -> Finding:
    read = facts.tape.reads[row]
    what, way = facts.label(int(read["value"])), facts.tape.text(int(read["how"]))
    how = f"{way}()" if way == "float" else f".{way}()"
    loc, event = int(read["loc"]), int(read["event"])
    link = Link(
        f"{what} is read as a number with {how}", event, value=int(read["value"]),
        source=facts.tape.source(loc), code=facts.line_at(loc),
    )  # fmt: skip
    return Finding(
        "left-torch", f"a term of the loss is a plain number: {what} is read with {how}",
        f"{how} gives a number without a graph. Added to the loss it changes its value, and teaches the parameters "
        "nothing.",
        f"Add the tensor itself: leave out {how} in this line.",
        (link, facts.at_op("it is added to the loss here", op)), Severity.WARNING,
    )  # fmt: skip
