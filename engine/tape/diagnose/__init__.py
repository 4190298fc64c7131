"""Answers about gradients: why one is None, zero, NaN, doubled, and what is wrong with a whole run.

`why` answers for one tensor, `problems` looks through the whole tape. Both read the tape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.tape import replay
from engine.tape.diagnose import consequences, failures, none, nonfinite, size, trace, zero
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import CAUSES, Finding, Link, Severity
from engine.tape.diagnose.remedies import with_edits
from engine.tape.schema import GradChange
from engine.tape.tape import Tape

__all__ = [
    "CAUSES",
    "Facts",
    "Finding",
    "Link",
    "Severity",
    "problems",
    "why",
    "why_node",
    "why_value",
]


def why(
    tape: Tape | Facts,
    tensor: int,
    element: Sequence[int] | None = None,
    playhead: int | None = None,
) -> Finding:
    """Return why a tensor's .grad is what it is at a playhead (default: the end).

    element: the index of one element, or of a row; else the whole is asked for. Raises IndexError for an element
    that the tensor does not have.
    """
    facts = tape if isinstance(tape, Facts) else Facts(tape)
    playhead = len(facts.tape.events) if playhead is None else playhead
    return with_edits(facts, _why(facts, tensor, element, playhead))


def _why(facts: Facts, tensor: int, element: Sequence[int] | None, playhead: int) -> Finding:
    tape = facts.tape
    grad = replay.grad_at(tape, tensor, playhead)
    if grad is None:
        return none.why_none(facts, tensor, playhead)
    mask = np.ones(grad.shape, bool)
    if element is not None:
        if len(element) > grad.ndim:
            raise IndexError(
                f"{facts.name(tensor)}.grad has {grad.ndim} dimensions, not {len(element)}"
            )
        mask[:] = False
        mask[tuple(element)] = True
    chosen: Any = grad[mask]
    if not np.isfinite(chosen).all():
        step = _last_step(facts, tensor, playhead)
        if step >= 0:
            return nonfinite.why_gradient(facts, tensor, step)
    elif not chosen.any() and chosen.size:
        return zero.why_zero(facts, tensor, playhead, mask)
    return size.why_size(facts, tensor, playhead)


def why_node(tape: Tape | Facts, node: int, playhead: int | None = None) -> Finding:
    """Return why the gradient that came to a node last before a playhead is what it is."""
    facts = tape if isinstance(tape, Facts) else Facts(tape)
    playhead = len(facts.tape.events) if playhead is None else playhead
    return with_edits(facts, _why_node(facts, node, playhead))


def _why_node(facts: Facts, node: int, playhead: int) -> Finding:
    tape = facts.tape
    variable, op = (int(tape.nodes[c][node]) for c in ("variable", "op"))
    if variable >= 0:
        return why(facts, variable, playhead=playhead)
    steps = [s for s in facts.visits(node) if tape.steps["event"][s] < playhead]
    if not steps:
        out = facts.outputs(op)[0] if op >= 0 and len(facts.outputs(op)) else -1
        tensor = int(tape.values["tensor"][out]) if out >= 0 else -1
        return none.not_visited(facts, node, tensor, playhead)
    came = [g for g in trace.gradients(facts, steps[-1]) if g is not None]
    if any(nonfinite.bad(g) for g in came):
        return nonfinite.why_gradient(facts, -1, steps[-1])
    if came and not any(g.any() for g in came):
        return zero.why_zero_at(facts, steps[-1], came[0].shape)
    return size.why_step(facts, steps[-1])


def why_value(tape: Tape | Facts, value: int) -> Finding | None:
    """Return where the NaN or Inf in a value was born; None if it is finite."""
    facts = tape if isinstance(tape, Facts) else Facts(tape)
    return with_edits(facts, nonfinite.why_value(facts, value)) if facts.is_bad(value) else None


def problems(
    tape: Tape | Facts,
    progress: Callable[[float], None] = lambda done: None,
    cancelled: Callable[[], bool] = lambda: False,
    going_on: bool = False,
) -> list[Finding]:
    """Return everything that looks wrong in a tape, the worst first, nothing twice.

    going_on: the program still runs: only what no later operation can put right is told.
    """
    from engine.tape.diagnose import survey

    facts = tape if isinstance(tape, Facts) else Facts(tape)
    found = failures.failures(facts)
    for part, done in survey.parts(facts, going_on):
        if cancelled():
            break
        found.extend(part(cancelled))
        progress(done)
    there = [one for one in consequences.left_out(facts, found) if not _rewritten(facts, one)]
    return [with_edits(facts, one) for one in _ordered(there)]


def _rewritten(facts: Facts, finding: Finding) -> bool:
    """Whether the cell has run again since, without the line that a finding is about."""
    tape, event = facts.tape, finding.culprit.event
    loc = int(tape.events["loc"][event]) if event >= 0 else -1
    cell = int(tape.locs["cell"][loc]) if loc >= 0 else -1
    if cell < 0 or not finding.culprit.code:
        return False
    runs = np.flatnonzero(tape.cells["key"] == tape.cells["key"][cell])
    if runs[-1] == cell:
        return False
    latest = tape.text(int(tape.cells["source"][runs[-1]]))
    return finding.culprit.code not in map(str.strip, latest.splitlines())


def _ordered(found: list[Finding]) -> list[Finding]:
    """Keep of each line and cause one finding: the first of the cell's latest run."""
    kept: dict[tuple[Any, ...], Finding] = {}
    for one in found:
        key = _line_of(one)
        before = kept.setdefault(key, one)
        if _run_of(before) != _run_of(one) and before.culprit.event < one.culprit.event:
            kept[key] = one
    return sorted(kept.values(), key=lambda f: (-f.severity, f.culprit.event))


def _line_of(finding: Finding) -> tuple[Any, ...]:
    """What a finding shares with itself in another run of its cell."""
    where = finding.culprit
    if where.source is None:
        return finding.cause, where.op
    file, line, cell, _ = where.source
    return finding.cause, cell or file, line, where.code


def _run_of(finding: Finding) -> str:
    return "" if finding.culprit.source is None else finding.culprit.source.file


def _last_step(facts: Facts, tensor: int, playhead: int) -> int:
    tape = facts.tape
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    steps = [
        int(tape.grads["ref"][row])
        for row in rows
        if tape.grads["event"][row] < playhead and tape.grads["kind"][row] == GradChange.ACCUMULATE
    ]
    return next(
        (s for s in reversed(steps) if any(map(facts.sent_bad, facts.contributions(s)))),
        -1,
    )
