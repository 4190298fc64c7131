"""What a program's optimizers did: their steps, and whether there were any."""

from __future__ import annotations

from typing import NamedTuple

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts
from engine.tape.schema import Mark


class Step(NamedTuple):
    """One optimizer's step of one tensor. value: what the tensor was after it."""

    op: int
    value: int


def steps_of(facts: Facts, tensor: int) -> list[Step]:
    """Return the steps that optimizers took with a tensor, in order."""
    made = [Step(facts.made_by(value), value) for value in facts.values_of(tensor)]
    return [one for one in made if one.op >= 0 and "optimizer" in facts.params(one.op)]


def has_stepped(facts: Facts, updated: dict[int, int]) -> bool:
    """Whether the step() of any optimizer ran, with gradients or without, as far as is known."""
    made = any("optimizer" in facts.params(op) for op in updated.values())
    marks = facts.tape.marks
    idle = [facts.tape.text(int(text)) for text in marks["text"][marks["kind"] == Mark.IDLE]]
    return (
        made
        or any(name.isalnum() for name in idle)
        or lines.optimizer(facts.cells_until(-1)) is None
    )


def has_steps(facts: Facts) -> bool:
    """Whether the program calls an optimizer's step: without gradients that leaves no other trace."""
    cells = facts.tape.cells
    return any(".step(" in facts.tape.text(int(cells["source"][row])) for row in range(len(cells)))
