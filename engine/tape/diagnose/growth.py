"""Numbers that grow from round to round of a loop, or from layer to layer, until something overflows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.tape import Source

#: A line whose operations made the numbers grow by this factor, in at least so many rounds.
_GREW, _ROUNDS = 1e6, 6
_FAR = 5000  # operations that are looked at
_OVERFLOWS = ("overflow", "exp-overflow")


def growing(facts: Facts, found: list[Finding]) -> list[Finding]:
    """Return findings of which the first overflow tells of the line that made the numbers grow, if one did."""
    first = next((one for one in found if one.cause in _OVERFLOWS and one.culprit.op >= 0), None)
    told = None if first is None else _of_line(facts, first)
    return found if told is None else [told if one is first else one for one in found]


def _of_line(facts: Facts, found: Finding) -> Finding | None:
    """Return a finding whose culprit is the line through which the numbers grew most, or None."""
    rounds = dict[Source, list[tuple[int, float]]]()
    largest = _largest(facts, found.culprit.op)
    for _ in range(_FAR):
        op = facts.made_by(largest[0])
        before = _largest(facts, op) if op >= 0 else (-1, 0.0)
        if before[0] < 0 or not before[1] > 0:
            break
        source = facts.source(int(facts.tape.ops["event"][op]))
        if source is not None:
            rounds.setdefault(source, []).append((op, largest[1] / before[1]))
        largest = before
    factors = {s: float(np.prod([f for _, f in mine])) for s, mine in rounds.items()}
    line = max(factors, key=lambda source: factors[source], default=None)
    if line is None or factors[line] < _GREW:
        return None
    ops = [op for op, factor in rounds[line] if factor > 1]
    if len(ops) < _ROUNDS:
        return None
    rate = factors[line] ** (1 / len(ops))
    return replace(
        found,
        title=f"{found.title}: the numbers grow by {rate:.3g} in each of {len(ops)} rounds",
        text=f"{found.text} Before that {facts.called(ops[0])} in this line made the numbers larger time after "
        f"time, {len(ops)} times, by {factors[line]:.2g} in all.",
        remedy="Keep them bounded: a tanh or a normalisation in every round, smaller or orthogonal weights at "
        "the start (nn.init.orthogonal_), or fewer rounds.",
        chain=(facts.at_op("the numbers grow here", ops[0]), *found.chain),
    )


def _largest(facts: Facts, op: int) -> tuple[int, float]:
    """Return the input of an operation that has the largest finite element, and that element's size."""
    best = -1, 0.0
    for value in facts.inputs(op):
        array = facts.array(value) if value >= 0 and facts.made_by(value) >= 0 else None
        if array is None or array.dtype.kind != "f" or not array.size:
            continue
        size = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
        if size > best[1]:
            best = value, size
    return best
