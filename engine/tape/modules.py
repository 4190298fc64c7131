"""The modules (`scopes`) within which things happened."""

from __future__ import annotations

from engine.tape.schema import Event
from engine.tape.tape import Tape

_SOON = 8  # events: so many leaves may appear for one operation


def module_path(tape: Tape, scope: int) -> str:
    """Return "layers.0.fc" of a row of `scopes`; "" of the outermost."""
    names = []
    while scope > 0:
        parent, name, _ = tape.scopes[scope].item()
        names.append(tape.text(name))
        scope = parent
    return ".".join(reversed(names))


def module_of(tape: Tape, event: int) -> tuple[int, ...]:
    """Return the rows of `scopes` that an event is within, the outermost first."""
    if not 0 <= event < len(tape.events):
        return ()
    kind, ref = (int(tape.events[c][event]) for c in ("kind", "ref"))
    op = ref if kind == Event.OP else -1
    if kind == Event.LEAF:
        op = _taking(tape, event, ref)
    if kind == Event.STEP:
        op = int(tape.nodes["op"][tape.steps["node"][ref]])
    scope, found = int(tape.ops["scope"][op]) if op >= 0 else 0, list[int]()
    while scope > 0:
        found.append(scope)
        scope = int(tape.scopes["parent"][scope])
    return tuple(reversed(found))


def _taking(tape: Tape, event: int, value: int) -> int:
    """Return the operation before which a leaf appears because it takes it, or -1."""
    after = tape.events[event + 1 : event + 1 + _SOON]
    ops = after["ref"][after["kind"] == Event.OP]
    if not len(ops):
        return -1
    row = tape.ops[int(ops[0])]
    taken = tape.inputs["value"][int(row["in0"]) : int(row["in0"]) + int(row["n_in"])]
    return int(ops[0]) if (taken == value).any() else -1
