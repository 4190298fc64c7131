"""A gradient that was added up over other axes than a person's formula adds up: b of `x * b`, over rows or columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.question import Question
from engine.tape.diagnose.relation import same
from engine.tape.diagnose.trace import gradients

Array = NDArray[Any]
_SIGNS = {"add": (1.0, 1.0), "sub": (1.0, -1.0), "rsub": (-1.0, 1.0)}


def over_other_axes(question: Question, step: int) -> Finding | None:
    """Say that a formula adds up over other axes than a broadcast operand's gradient is added up over."""
    facts = question.facts
    found = _other_axes(facts, step, question.expected.value, question.tolerance)
    if found is None:
        return None
    op, own, yours = found
    mine, name = _axes(own), facts.name(question.tensor)
    words = f"{facts.called(op)} spreads {name} along {mine}"
    return question.found(
        "other-shape", f"{question.name} is added up over {mine}, your formula over {_axes(yours)}",
        f"{words}, so its gradient is the sum over {mine}.",
        f"Add up over {mine} in your formula; or give {name} a dimension of size 1 where it is to be spread.",
        facts.at_op(words, op),
    )  # fmt: skip


def _axes(axes: tuple[int, ...]) -> str:
    return f"ax{'i' if len(axes) == 1 else 'e'}s {' and '.join(map(str, axes))}"


def _other_axes(
    facts: Facts, step: int, expected: Array, tolerance: float
) -> tuple[int, tuple[int, ...], tuple[int, ...]] | None:
    """Return (operation, axes that it added over, axes that the formula has) of what comes to a leaf at a step."""
    rows = facts.arrivals(step)
    if len(rows) != 1:
        return None
    sender = facts.sender(rows[0])
    op = facts.op_of(facts.node_at(sender))
    whole = None if op < 0 else _before_the_sum(facts, op, sender, facts.slot(rows[0]))
    if whole is None:
        return None
    own = tuple(range(whole.ndim - expected.ndim))
    for axes in _choices(whole.ndim, len(own)):
        total = whole.sum(axes)
        if axes != own and total.shape == expected.shape and same(total, expected, tolerance):
            return op, own, axes
    return None


def _choices(dimensions: int, count: int) -> Iterator[tuple[int, ...]]:
    yield from combinations(range(dimensions), count) if count else ()


def _before_the_sum(facts: Facts, op: int, sender: int, slot: int) -> Array | None:
    """Return an elementwise operation's gradient for an operand that was broadcast, in the result's shape."""
    came = next((g for g in gradients(facts, sender) if g is not None), None)
    inputs, base = facts.inputs(op), facts.base(op)
    if came is None or len(inputs) != 2 or not 0 <= slot < 2:
        return None
    gradient = np.asarray(came, np.float64)
    if base in _SIGNS:
        return gradient * _SIGNS[base][slot]
    other = facts.array(inputs[1 - slot]) if inputs[1 - slot] >= 0 else None
    return gradient * np.asarray(other, np.float64) if base == "mul" and other is not None else None
