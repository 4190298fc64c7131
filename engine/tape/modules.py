"""The modules (`scopes`) within which things happened."""

from __future__ import annotations

from engine.tape.schema import Event
from engine.tape.tape import Tape


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
    if kind == Event.STEP:
        op = int(tape.nodes["op"][tape.steps["node"][ref]])
    scope, found = int(tape.ops["scope"][op]) if op >= 0 else 0, list[int]()
    while scope > 0:
        found.append(scope)
        scope = int(tape.scopes["parent"][scope])
    return tuple(reversed(found))
