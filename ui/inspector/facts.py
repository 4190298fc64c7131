"""Facts about tensors, operations and backward nodes, as label and value."""

from __future__ import annotations

import json

import numpy as np

from engine.tape.freed import freed_by, stopped_by
from engine.tape.schema import OpFlag, ValueFlag
from ui.inspector.lookup import Lookup
from ui.inspector.records import Fact


def tensor_facts(look: Lookup, value: int) -> tuple[Fact, ...]:
    """Return what is known of a tensor at one of its values."""
    row = look.tape.values[value]
    flags = int(row["flags"])
    facts = [
        Fact("shape", str(list(look.tape.value_shape(value)))),
        Fact("dtype", look.tape.value_dtype(value)),
        Fact("requires_grad", str(bool(flags & ValueFlag.REQUIRES_GRAD))),
        Fact("is_leaf", str(bool(flags & ValueFlag.LEAF))),
        Fact("version", str(int(row["version"]))),
    ]
    if flags & ValueFlag.VIEW:
        facts.append(Fact("view", "shares its memory"))
    return tuple(facts)


def op_facts(look: Lookup, op: int) -> tuple[Fact, ...]:
    """Return how an operation was called, and where."""
    row = look.tape.ops[op]
    facts = []
    arguments = _arguments(look.tape.text(int(row["params"])))
    if arguments:
        facts.append(Fact("arguments", arguments))
    if row["flags"] & OpFlag.INPLACE:
        facts.append(Fact("in place", "writes its first input"))
    scope = _scope(look, int(row["scope"]))
    if scope:
        facts.append(Fact("module", scope))
    if row["pass_"] >= 0:
        facts.append(Fact("made in", f"pass {int(row['pass_']) + 1} (create_graph)"))
    return tuple(facts)


def _arguments(params: str) -> str:
    """Return "dim=1, keepdim=True" for the recorded arguments."""
    try:
        given = json.loads(params) if params else {}
    except (ValueError, RecursionError):  # what another program wrote
        return params
    if not isinstance(given, dict):
        return params
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _scope(look: Lookup, scope: int) -> str:
    """Return the path of the module call: "net.fc1 (Linear)"."""
    tape = look.tape
    if scope <= 0:
        return ""
    kind = tape.text(int(tape.scopes["type"][scope]))
    names = []
    while scope > 0:
        name = tape.text(int(tape.scopes["name"][scope]))
        if name:
            names.append(name)
        scope = int(tape.scopes["parent"][scope])
    path = names[0] if names and "." in names[0] else ".".join(reversed(names))
    return f"{path} ({kind})" if path else kind


def visit_facts(look: Lookup, node: int, playhead: int) -> tuple[Fact, ...]:
    """Return when a backward pass last came to a node before the playhead."""
    tape, step = look.tape, look.step_before(node, playhead)
    if step < 0:
        return (Fact("visited", "not yet at the playhead"),)
    pass_ = int(tape.steps["pass_"][step])
    return (Fact("visited", f"in pass {pass_ + 1}, step {_number(look, pass_, step)}"),)


def freed_facts(look: Lookup, node: int, playhead: int) -> tuple[Fact, ...]:
    """Return where a node's saved tensors were freed, and what then failed for want of them."""
    tape, freed = look.tape, freed_by(look.tape, node, playhead)
    if freed is None:
        return ()
    at = f"by pass {freed.pass_ + 1}, step {_number(look, freed.pass_, freed.step)}"
    facts = [Fact("saved tensors", f"freed {at}")]
    events = tape.ends["event"]
    for end in np.flatnonzero((tape.ends["error"] >= 0) & (events < playhead)).tolist():
        cause = stopped_by(tape, end)
        if cause is not None and cause.node == node:
            failed = int(tape.ends["pass_"][end])
            facts.append(Fact("missed", f"by pass {failed + 1}, which stopped here"))
    return tuple(facts)


def _number(look: Lookup, pass_: int, step: int) -> int:
    """Return which step of its pass a step is, from 1."""
    begin = int(look.tape.passes["event"][pass_])
    return step - int(look.tape.steps["event"].searchsorted(begin)) + 1
