"""Findings that follow from another one: only the cause is told."""

from __future__ import annotations

import numpy as np

from engine.tape.diagnose.divergence import diverges
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.zero_source import zeros_behind

#: What training that diverges leaves behind.
_OF_DIVERGENCE = ("dead-relu", "saturated", "exploding", "vanishing")
#: What zeros in an operand make.
_OF_ZEROS = ("division-by-zero", "log-of-zero", "sqrt-at-zero", "power")


def left_out(facts: Facts, found: list[Finding]) -> list[Finding]:
    """Return findings without those that another one of them is the cause of."""
    inside = {_pass_of(facts, one) for one in found if one.culprit.value >= 0} - {-1}
    found = [
        one
        for one in found
        if one.cause not in ("born", "hook") or one.severity < Severity.ERROR or one.culprit.value >= 0
        or _pass_of(facts, one) not in inside
    ]  # fmt: skip
    found = _each_zero_once(facts, found)
    if not any(map(diverges, found)):
        return found
    return [one for one in found if one.cause not in _OF_DIVERGENCE]


def _each_zero_once(facts: Facts, found: list[Finding]) -> list[Finding]:
    """Leave out what divides by, or takes the logarithm of, zeros of which the same line has been told."""
    told, kept = list[tuple[object, set[int]]](), list[Finding]()
    for one in found:
        at, behind = one.culprit.source, _zeros_of(facts, one)
        if any(at == where and behind & others for where, others in told):
            continue
        if at is not None and behind:
            told.append((at, behind))
        kept.append(one)
    return kept


def _zeros_of(facts: Facts, one: Finding) -> set[int]:
    """Return the values from which the zeros come that a finding is about."""
    op = one.culprit.op
    if one.cause not in _OF_ZEROS or op < 0:
        return set()
    return {v for value in facts.inputs(op) if value >= 0 for v in zeros_behind(facts, value)}


def _pass_of(facts: Facts, found: Finding) -> int:
    """Return the pass during which a finding's culprit came about, or -1."""
    event, passes, ends = found.culprit.event, facts.tape.passes["event"], facts.tape.ends
    row = int(np.searchsorted(passes, event, "right")) - 1
    over = ends["event"][ends["pass_"] == row]
    return row if row >= 0 and (not len(over) or event <= over[-1]) else -1
