"""Findings that follow from another one: only the cause is told."""

from __future__ import annotations

import numpy as np

from engine.tape.diagnose.divergence import diverges
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity

#: What training that diverges leaves behind.
_OF_DIVERGENCE = ("dead-relu", "saturated", "exploding", "vanishing")


def left_out(facts: Facts, found: list[Finding]) -> list[Finding]:
    """Return findings without those that another one of them is the cause of."""
    inside = {_pass_of(facts, one) for one in found if one.culprit.value >= 0} - {-1}
    found = [
        one
        for one in found
        if one.cause not in ("born", "hook") or one.severity < Severity.ERROR or one.culprit.value >= 0
        or _pass_of(facts, one) not in inside
    ]  # fmt: skip
    if not any(map(diverges, found)):
        return found
    return [one for one in found if one.cause not in _OF_DIVERGENCE]


def _pass_of(facts: Facts, found: Finding) -> int:
    """Return the pass during which a finding's culprit came about, or -1."""
    event, passes, ends = found.culprit.event, facts.tape.passes["event"], facts.tape.ends
    row = int(np.searchsorted(passes, event, "right")) - 1
    over = ends["event"][ends["pass_"] == row]
    return row if row >= 0 and (not len(over) or event <= over[-1]) else -1
