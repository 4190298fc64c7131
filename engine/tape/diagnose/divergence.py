"""Training that diverges: the parameter that each step threw further, before something overflowed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Edit, Finding, Link
from engine.tape.diagnose.remedies.program_line import line_of
from engine.tape.schema import ValueFlag

_GREW, _STEPS = 1e3, 3  # a parameter that grew by this factor, in at least so many steps
_REVERSED = (
    2.0  # the product of rate and weight decay above which a step throws a weight beyond -itself
)
_DIVERGES = ": training diverges"
_TOLD = ("overflow", "exp-overflow")


def diverging(facts: Facts, found: list[Finding]) -> list[Finding]:
    """Return findings of which the first overflow tells that training diverges, if it does.

    What the steps themselves overflow at afterwards is left out then.
    """
    first = next((one for one in found if one.cause in _TOLD), None)
    link = None if first is None else _thrown(facts, first.culprit.event)
    if first is None or link is None:
        return found
    upwards = link.op >= 0 and bool(facts.params(link.op).get("maximize"))
    params = facts.params(link.op) if link.op >= 0 else {}
    rate, decay = (float(params.get(name) or 0.0) for name in ("lr", "weight_decay"))
    pulled = rate * decay > _REVERSED and not upwards
    made = (
        lines.optimizer(facts.cells_until(-1), str(params["optimizer"]))
        if "optimizer" in params
        else None
    )
    given = () if made is None else (moved(replace(link, text="the optimizer is made here"), made),)
    how = "up, as maximize=True says" if upwards else "beyond the minimum"
    if pulled:
        how = f"beyond 0, to which weight_decay={decay:g} pulls with lr={rate:g}"
    told = replace(
        first,
        title=f"{first.title}{_DIVERGES}",
        text=f"{first.text} Before that {link.text}: each step goes further {how}.",
        remedy="Leave out maximize=True, if the loss is to become small."
        if upwards
        else "Lower weight_decay: 1e-4 to 1e-2 is usual."
        if pulled
        else "Lower the learning rate, or clip the gradient (clip_grad_norm_) before the step.",
        chain=(first.culprit, link, *given, *first.chain[1:]),
        edits=_less_decay(facts, given) if pulled else first.edits,
    )
    return [
        told if one is first else one
        for one in found
        if one is first or one.cause not in _TOLD or not _is_step(facts, one)
    ]


def _less_decay(facts: Facts, made: tuple[Link, ...]) -> tuple[Edit, ...]:
    """Write a usual weight_decay in the line that makes the optimizer."""
    line = line_of(facts, made[0]) if made else None
    text = (
        ""
        if line is None
        else re.sub(r"weight_decay\s*=\s*[\d.e+-]+", "weight_decay=1e-4", line.text)
    )
    return () if line is None or text == line.text else (line.reads(text),)


def diverges(found: Finding) -> bool:
    """Whether a finding tells that training diverges."""
    return found.title.endswith(_DIVERGES)


def _is_step(facts: Facts, found: Finding) -> bool:
    op = found.culprit.op
    return op >= 0 and "optimizer" in facts.params(op)


def _thrown(facts: Facts, event: int) -> Link | None:
    """Return a link to the last step of the leaf that grew most before an event, or None."""
    values, most, best = facts.tape.values, _GREW, None
    begun = int(facts.tape.passes["event"][0]) if len(facts.tape.passes) else event
    leaf = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    rows = np.flatnonzero((values["flags"] & leaf == leaf) & (values["event"] < event))
    for tensor in np.unique(values["tensor"][rows]).tolist():
        mine = [v for v in facts.values_of(tensor) if values["event"][v] < event]
        initial = sum(
            values["event"][v] < begun for v in mine
        )  # what initialised it does not count
        mine = mine[max(initial - 1, 0) :]
        stepped = [v for v in mine[1:] if facts.made_by(v) >= 0]
        while stepped and not np.isfinite(_size(facts, stepped[-1])):
            stepped.pop()
        if len(stepped) < _STEPS:
            continue
        first, end = _size(facts, mine[0]), _size(facts, stepped[-1])
        if end / max(first, 1e-3) > most:
            most, name = end / max(first, 1e-3), facts.name(tensor)
            text = f"{name} grew from {first:.3g} to {end:.3g} in {len(stepped)} steps"
            best = facts.at_op(text, facts.made_by(stepped[-1]))
    return best


def _size(facts: Facts, value: int) -> float:
    array = facts.array(value)
    return float(np.abs(array).max()) if array is not None and array.size else float("nan")
