"""What a second pass through a freed graph has of the first one: a state carried over, or a constant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.tape.diagnose.facts import Facts


class Carrier(NamedTuple):
    """A value of before a pass that an operation after it uses.

    name: what a person calls it. op: the operation. remedy: what to do.
    """

    name: str
    op: int
    remedy: str


def carrier(facts: Facts, first: int, second: int) -> Carrier | None:
    """Return what of before the pass at event `first` came into the graph of the pass ending at `second`.

    None where nothing was recorded in between: both passes begin in the same graph.
    """
    pass_ = int(np.searchsorted(facts.tape.passes["event"], second, "right")) - 1
    events = facts.tape.ops["event"]
    for node in sorted(facts.reachable(pass_), reverse=True):
        op = facts.op_of(node)
        if op < 0 or events[op] < first:
            continue
        for value in facts.inputs(op):
            if value >= 0 and _of_before(facts, value, first):
                name = facts.label(value)
                return Carrier(name, op, _remedy(facts, value, name, first))
    return None


def _of_before(facts: Facts, value: int, first: int) -> bool:
    made = facts.made_by(value)
    return made >= 0 and facts.tape.ops["event"][made] < first and facts.requires_grad(value)


def _remedy(facts: Facts, value: int, name: str, first: int) -> str:
    """What is made in each iteration is a state; what is made once is a constant of the loop."""
    made = facts.made_by(value)
    line = facts.source(int(facts.tape.ops["event"][made]))
    events = facts.tape.ops["event"]
    later = np.flatnonzero(events > first)
    again = any(facts.source(int(events[op])) == line for op in later.tolist())
    if again:
        named = bool(facts.tape.name_of(int(facts.tape.values["tensor"][value])))
        cut = f"{name} = {name}.detach()" if named else "state = state.detach()"
        return f"Cut the state off that is carried over, at the beginning of each iteration: {cut}."
    return (
        f"Compute {name} anew for each pass (inside the loop), or pass retain_graph=True to the first "
        "backward() if it is to be differentiated again."
    )
