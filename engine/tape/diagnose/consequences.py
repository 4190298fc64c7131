"""Findings that follow from another one: only the cause is told."""

from __future__ import annotations

from engine.tape.diagnose.divergence import diverges
from engine.tape.diagnose.finding import Finding

#: What training that diverges leaves behind.
_OF_DIVERGENCE = ("dead-relu", "saturated", "exploding", "vanishing")


def left_out(found: list[Finding]) -> list[Finding]:
    """Return findings without those that another one of them is the cause of."""
    if not any(map(diverges, found)):
        return found
    return [one for one in found if one.cause not in _OF_DIVERGENCE]
