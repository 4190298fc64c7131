"""What to change, in the person's own lines: for each cause that can say it, how they should read."""

from __future__ import annotations

from dataclasses import replace

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies import (
    choices,
    cuts,
    domains,
    dtypes,
    expectations,
    functions,
    growth,
    leaves,
    loops,
    losses,
    masks,
    modules,
    optimizers,
    passes,
    roots,
    rounds,
    shapes,
    slopes,
    uses,
)
from engine.tape.diagnose.remedies.culprit import Remedy

_REMEDIES: dict[str, Remedy] = {
    cause: remedy
    for room in (
        choices, cuts, domains, dtypes, expectations, functions, growth, leaves, loops, losses,
        masks, modules, optimizers, passes, roots, rounds, shapes, slopes, uses,
    )
    for cause, remedy in room.REMEDIES.items()
}  # fmt: skip


def with_edits(facts: Facts, found: Finding) -> Finding:
    """Return a finding with the lines to change, where its cause and the program's text allow it."""
    remedy = _REMEDIES.get(found.cause)
    if remedy is None or found.edits or not found.remedy:
        return found
    return replace(found, edits=remedy(facts, found))
