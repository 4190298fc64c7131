"""Places in the program's text that a diagnosis points to and that no event of the tape names."""

from __future__ import annotations

from dataclasses import replace

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Link


def where_taken(facts: Facts, text: str, value: int) -> Link | None:
    """Return a link to where the program takes a leaf's numbers without recording it, or None."""
    found = lines.taken_out(facts.cells_until(-1), _name(facts, value))
    return None if found is None else moved(facts.at_value(text, value), found)


def where_data(facts: Facts, text: str, value: int) -> Link | None:
    """Return a link to where the program reads a leaf's .data, or None."""
    found = lines.through_data(facts.cells_until(-1), _name(facts, value))
    return None if found is None else moved(facts.at_value(text, value), found)


def where_frozen(facts: Facts, value: int) -> Link | None:
    """Return a link to where the program switches requires_grad of parameters off, or None."""
    found = lines.frozen(facts.cells_until(-1))
    text = f"{_name(facts, value)} is frozen here"
    return None if found is None else moved(facts.at_value(text, value), found)


def where_hooked(facts: Facts, step: int, tensor: int) -> tuple[Link, ...]:
    """Return a link to where the program registers a hook for a gradient, or nothing."""
    name = facts.name(tensor) if tensor >= 0 else ""
    found = lines.hooks(facts.cells_until(-1), name)
    link = facts.at_step("the hook is registered here", step)
    return () if found is None else (moved(link, found),)


def where_filled(facts: Facts, text: str, value: int) -> Link:
    """Return a link to the line that gave a leaf its first content: its filling, or its making."""
    passes, tensor = facts.tape.passes["event"], int(facts.tape.values["tensor"][value])
    first = int(passes[0]) if len(passes) else len(facts.tape.events)
    rows = facts.values_of(tensor)
    made = [
        op for v in rows if (op := facts.made_by(v)) >= 0 and facts.tape.ops["event"][op] < first
    ]
    return facts.at_op(text, made[-1]) if made else facts.at_birth(text, rows[0])


def backward_of(facts: Facts, step: int) -> Link | None:
    """Return a link to where the program defines the backward of a Function of its own, or None."""
    op = facts.op_of(facts.node_at(step))
    name = facts.op_name(op) if op >= 0 else ""
    return backward_named(facts, name, facts.at_step("", step))


def backward_named(facts: Facts, name: str, at: Link) -> Link | None:
    """Return a link to where the backward of a Function of a name is defined, or None; at: its event."""
    found = lines.method_of(facts.cells_until(-1), name, "backward")
    link = replace(at, text=f"the backward of {name} is written here")
    return None if found is None else moved(link, found)


def switched_off(facts: Facts, op: int) -> Link | None:
    """Return a link to the line that switched recording off for an operation, or None."""
    tape, event = facts.tape, int(facts.tape.ops["event"][op])
    source, loc = facts.source(event), int(tape.events["loc"][event])
    cell = int(tape.locs["cell"][loc]) if loc >= 0 else -1
    if source is None or cell < 0:
        return None
    key, text = (tape.text(int(tape.cells[c][cell])) for c in ("key", "source"))
    found = lines.switched_off(key, text, source.line)
    return (
        None if found is None else moved(facts.at_op("recording is switched off here", op), found)
    )


def _name(facts: Facts, value: int) -> str:
    return facts.name(int(facts.tape.values["tensor"][value]))
