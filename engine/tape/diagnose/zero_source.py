"""Which tensor of the program the zeros in an operand come from."""

from __future__ import annotations

import numpy as np

from engine.tape.diagnose.facts import Facts
from engine.tape.schema import OpFlag

#: Operations whose result is 0 where an operand is.
_KEEPING = (
    "mul",
    "pow",
    "square",
    "abs",
    "neg",
    "sqrt",
    "relu",
    "expand",
    "clone",
    "sum",
    "mean",
    "to",
)
_FAR = 8  # operations that are gone back


def zeros_behind(facts: Facts, value: int) -> list[int]:
    """Return the values, nearest first, that a value's zeros come from, itself included."""
    found = [value]
    while len(found) <= _FAR:
        op = facts.made_by(found[-1])
        if op < 0 or (
            facts.base(op) not in _KEEPING and not facts.tape.ops["flags"][op] & OpFlag.VIEW
        ):
            break
        before = next(
            (v for v in facts.inputs(op) if v >= 0 and _is_behind(facts, v, found[-1])), -1
        )
        if before < 0:
            break
        found.append(before)
    return found


def said(facts: Facts, value: int) -> str:
    """Return what a person calls an operand, with the named tensor that its zeros come from."""
    label = facts.label(value)
    if not label.startswith("the result of"):
        return label
    for one in zeros_behind(facts, value)[1:]:
        name = facts.label(one)
        if not name.startswith("the result of") and facts.tape.name_of(
            int(facts.tape.values["tensor"][one])
        ):
            return f"{label}, which comes of {name},"
    return label


def _is_behind(facts: Facts, value: int, result: int) -> bool:
    """Whether a value is 0 where a result of it is."""
    mine, theirs = facts.array(value), facts.array(result)
    if mine is None or theirs is None:
        return False
    if mine.shape == theirs.shape:
        return bool((theirs == 0).any()) and bool((mine[theirs == 0] == 0).any())
    return mine.size > 0 and not np.any(mine)
