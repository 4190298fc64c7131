"""What a second pass through a freed graph has of the first one: a state carried over, or a constant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.tape.diagnose import lines
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
                return _carrier(facts, value, op, first)
    return None


def shared(facts: Facts, first: int, second: int) -> Carrier | None:
    """Return what two passes that begin at losses of their own both go through last, if it has a name."""
    roots = [facts.roots(pass_) for pass_ in (first, second)]
    if roots[0] == roots[1] or any(len(mine) != 1 for mine in roots):
        return None
    both = facts.reachable(first) & facts.reachable(second)
    ops = sorted((op for node in both if (op := facts.op_of(node)) >= 0), reverse=True)
    values = [out for op in ops for out in facts.outputs(op)]
    named = (v for v in values if facts.tape.name_of(int(facts.tape.values["tensor"][v])))
    last, losses = next(named, -1), [facts.label(mine[0]) for mine in roots]
    if last < 0 or not all(one.replace(".", "").isidentifier() for one in losses):
        return None
    name = facts.label(last)
    remedy = (
        f"Call backward() once: ({losses[0]} + {losses[1]}).backward(). Where one of them should not train what "
        f"is before {name}, give it {name}.detach(); else pass retain_graph=True to the first backward()."
    )
    return Carrier(name, facts.made_by(last), remedy)


def _of_before(facts: Facts, value: int, first: int) -> bool:
    made = facts.made_by(value)
    early = made >= 0 and facts.tape.ops["event"][made] < first
    return early and facts.requires_grad(value) and not facts.is_leaf(value)


def _carrier(facts: Facts, value: int, op: int, first: int) -> Carrier:
    """What is made in each iteration is a state or a total; what is made once is a constant of the loop."""
    name, made = facts.label(value), facts.made_by(value)
    line = facts.source(int(facts.tape.ops["event"][made]))
    events = facts.tape.ops["event"]
    later = np.flatnonzero(events > first)
    if not any(facts.source(int(events[one])) == line for one in later.tolist()):
        passes = facts.tape.passes["event"]
        second = int(passes[np.searchsorted(passes, first, "right")])
        anew = (
            f"Compute {name} anew for each pass (inside the loop), or pass retain_graph=True to the first "
            "backward() if it is to be differentiated again."
        )
        kept = f"Pass retain_graph=True to the first backward(), or compute {name} anew before the second."
        in_loop = facts.source(first) == facts.source(second)
        return Carrier(name, op, anew if in_loop else kept)
    if facts.base(op) == "add" and facts.shape(value) == () == facts.shape(facts.outputs(op)[0]):
        return Carrier(name, op, _of_total(facts, value, op, name))
    again = lines.given_anew(facts.code(int(events[op])))
    known = bool(facts.tape.name_of(int(facts.tape.values["tensor"][value])))
    if known and "[" in name and not again:
        kept = name.partition("[")[0]
        return Carrier(name, op, f"Keep numbers without their graph: {kept}.append(one.detach()).")
    in_tuple = bool(again) and name.startswith(f"{again[0]}[")
    name = again[0] if again and (in_tuple or not known) else name
    cut = f"{name} = {name}.detach()" if known or again else "state = state.detach()"
    both = [v for v in facts.inputs(op) if v >= 0 and _of_before(facts, v, first)]
    several = any(one.startswith(f"{name}[") for one in facts.names)
    if in_tuple or (not known and again and (several or len(both) > 1)):
        cut = f"{name} = tuple(one.detach() for one in {name})"
    return Carrier(
        name,
        op,
        f"Cut the state off that is carried over, at the beginning of each iteration: {cut}.",
    )


def _of_total(facts: Facts, value: int, op: int, name: str) -> str:
    """A total of losses, through all of which each pass goes."""
    others = [facts.label(v) for v in facts.inputs(op) if v >= 0 and v != value]
    loss = next((one for one in others if one.isidentifier()), "loss")
    return (
        f"Call {loss}.backward(), of this iteration alone, and add up numbers: {name} += {loss}.item(). Or call "
        f"{name}.backward() once, after the loop."
    )
