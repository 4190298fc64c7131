"""What a person expects of a tensor or gradient: a formula over the names of a tape, or numbers.

`2 * x.T @ (x @ w - y)` in NumPy's or PyTorch's words, or numbers as either of them prints arrays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.conditions import ConditionError
from engine.tape.tape import Tape
from engine.tape.watches import Names, Watch

Array = NDArray[Any]

#: Relative difference up to which numbers are the same: computed, and typed as they were printed.
COMPUTED, TYPED = 1e-4, 2e-3
_TOKEN = re.compile(
    r"\s*([\[\](),]|[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf|nan))", re.I
)
_PRINTED = re.compile(
    r"\s*(?:(?:torch\.)?tensor|(?:np\.|numpy\.)?array|Parameter containing:\s*tensor)\s*\((.*)\)\s*",
    re.DOTALL,
)
_MOST = 200_000  # characters of pasted numbers


@dataclass(frozen=True, slots=True)
class Expected:
    """A value as it was typed. steps: the parts of a formula in order of evaluation, the whole last.

    tolerance: the relative difference up to which something is the same.
    """

    text: str
    value: Array
    steps: tuple[tuple[str, Array], ...] = ()
    tolerance: float = COMPUTED


def read(text: str, tape: Tape, playhead: int) -> Expected:
    """Read what a person typed, with the tape's names as they are at a playhead.

    ConditionError where it is neither numbers nor a formula, or gives no numbers.
    """
    numbers = read_numbers(text)
    if numbers is not None:
        return Expected(text.strip(), numbers, tolerance=TYPED)
    watch = Watch(text, Names(tape))
    value = as_numbers(watch.at(playhead))
    if value is None:
        raise ConditionError(f"{text.strip()} gives no numbers")
    parts = [(part, as_numbers(found)) for part, found in watch.steps(playhead)]
    return Expected(text.strip(), value, tuple((p, v) for p, v in parts if v is not None))


def as_numbers(value: Any) -> Array | None:
    """Return a value as an array of numbers; None where it is none."""
    if value is None or isinstance(value, str):
        return None
    try:
        found = np.asarray(value)
    except ValueError:  # lists of several lengths
        return None
    return found if found.dtype.kind in "biufc" else None


def read_numbers(text: str) -> Array | None:
    """Return an array as NumPy or PyTorch prints it, or a list; None where it is something else.

    ConditionError for numbers whose rows have several lengths, or that end too early.
    """
    printed = _PRINTED.fullmatch(text)
    inner = printed[1] if printed else text
    if printed and "]" in inner:
        inner = inner[: inner.rindex("]") + 1]
    elif printed:
        inner = inner.partition(",")[0]
    tokens, at = [], 0
    if len(inner) > _MOST:
        raise ConditionError(f"more than {_MOST:,} characters of numbers")
    while inner[at:].strip():
        found = _TOKEN.match(inner, at)
        if found is None:
            return None
        tokens.append(found[1])
        at = found.end()
    if not tokens:
        return None
    return _array([("[" if t == "(" else "]" if t == ")" else t) for t in tokens if t != ","])


def _array(tokens: list[str]) -> Array:
    open_lists: list[list[Any]] = [[]]
    for token in tokens:
        if token == "[":
            open_lists.append([])
        elif token == "]":
            if len(open_lists) == 1:
                raise ConditionError("a ] closes nothing")
            done = open_lists.pop()
            open_lists[-1].append(done)
        else:
            open_lists[-1].append(float(token))
    if len(open_lists) > 1:
        raise ConditionError("a [ is not closed")
    found = open_lists[0][0] if len(open_lists[0]) == 1 else open_lists[0]
    try:
        return np.array(found, np.float64)
    except ValueError:
        raise ConditionError("the rows of these numbers have several lengths") from None
