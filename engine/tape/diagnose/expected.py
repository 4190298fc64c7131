"""Why a tensor or a gradient is other than a person expects: the first place where the two part."""

from __future__ import annotations

from collections.abc import Callable

from engine.tape import ledger
from engine.tape.diagnose.expectation import Expected
from engine.tape.diagnose.expected_gradient import OfGradient
from engine.tape.diagnose.expected_value import OfValue
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies import with_edits
from engine.tape.schema import GradChange
from engine.tape.tape import Tape


def why_other(
    tape: Tape | Facts, tensor: int, grad: bool, expected: Expected, playhead: int | None = None,
    cancelled: Callable[[], bool] = lambda: False, node: int = -1,
) -> Finding:  # fmt: skip
    """Return where a tensor, or its .grad, and what was expected part; whether they are the same.

    node: the gradient that came there last is meant.
    """
    facts = tape if isinstance(tape, Facts) else Facts(tape)
    playhead = len(facts.tape.events) if playhead is None else playhead
    if grad:
        found = OfGradient(facts, tensor, node, expected, playhead, cancelled).answer()
    else:
        found = OfValue(facts, facts.latest(tensor, playhead), expected).answer()
    return with_edits(facts, found)


def reads_at(tape: Tape, tensor: int, grad: bool, playhead: int, node: int = -1) -> int:
    """Return the playhead at which the names of a formula are meant: for a gradient, its pass."""
    if not grad:
        return playhead
    if node >= 0:
        steps = Facts(tape).visits(node)
        passes = [int(tape.steps["pass_"][s]) for s in steps if tape.steps["event"][s] < playhead]
    else:
        changes = ledger.changes(tape, tensor, playhead)
        passes = [c.pass_ for c in changes if c.kind is GradChange.ACCUMULATE]
    return int(tape.passes["event"][passes[-1]]) + 1 if passes else playhead
