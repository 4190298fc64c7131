"""What raised, where it says more about a tensor than that nothing came to it."""

from __future__ import annotations

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.failures import failures
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.remedies import with_edits
from engine.tape.schema import Event

#: Answers that find nothing wrong, of these those of what has no gradient, and errors of passes.
_EMPTY = frozenset(("no-backward", "not-a-leaf", "cleared", "stopped", "sound"))
_NOTHING = frozenset(("no-backward", "cleared", "stopped"))
_RAISED = frozenset((
    "freed", "modified", "not-scalar", "root-without-graph", "leaf-in-place", "view-in-place",
    "shape-mismatch", "dtype-mismatch", "wrong-backward", "not-connected",
))  # fmt: skip


def instead(facts: Facts, found: Finding, op: int, node: int, playhead: int) -> Finding:
    """Return the error that concerns an operation or node where an answer finds nothing wrong.

    op, node: rows, -1 for none. Of what has no gradient any error that came later is the answer.
    """
    if found.cause not in _EMPTY:
        return found
    since = max((link.event for link in found.chain), default=-1)
    since = -1 if found.cause == "no-backward" else since
    for one in failures(facts):
        events = [link.event for link in one.chain]
        if one.cause not in _RAISED or max(events, default=playhead) >= playhead:
            continue
        later = found.cause in _NOTHING and max(events) >= since
        if later or _concerns(facts, one, op, node):
            return with_edits(facts, one)
    return found


def _concerns(facts: Facts, one: Finding, op: int, node: int) -> bool:
    """Whether an error's proof names an operation or its node, or a pass that began there."""
    tape = facts.tape
    if op >= 0 and node < 0:
        node = int(tape.ops["node"][op])
    for link in one.chain:
        if (op >= 0 and link.op == op) or (node >= 0 and link.node == node):
            return True
        if link.event >= 0 and tape.events["kind"][link.event] == Event.PASS:
            begun = tape.passes[int(tape.events["ref"][link.event])]
            first, count = int(begun["root0"]), int(begun["n_root"])
            if node >= 0 and node in tape.roots["node"][first : first + count].tolist():
                return True
    return False
