"""What to change, in the person's own lines: for each cause that can say it, how they should read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.tape.diagnose import remedies_graph, remedies_numbers, remedies_training
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding

Remedy = Callable[[Facts, Finding], tuple[Edit, ...]]

_REMEDIES: dict[str, Remedy] = (
    remedies_graph.REMEDIES | remedies_numbers.REMEDIES | remedies_training.REMEDIES
)


def with_edits(facts: Facts, found: Finding) -> Finding:
    """Return a finding with the lines to change, where its cause and the program's text allow it."""
    remedy = _REMEDIES.get(found.cause)
    if remedy is None or found.edits or not found.remedy:
        return found
    return replace(found, edits=remedy(facts, found))
