"""What a program's own code did inside of a pass: passes of its own, and gradients that it made."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine import recording
from engine.autograd.function import BackwardNode
from engine.tape import bits
from engine.tape.rerun.lists import Lists
from engine.tape.rerun.recorded import RecordedPass
from engine.tape.schema import Event
from engine.tape.tape import Tape


def interrupted(tape: Tape, lists: Lists, was: RecordedPass) -> Iterator[int]:
    """Yield the steps of a pass before which the program ran others, in order.

    What computes saved tensors again does so.
    """
    number, before = was.number + 1, -1
    while number < len(tape.passes):
        begin = int(tape.passes["event"][number])
        if begin >= was.end:
            return
        at = bisect_left(was.steps, begin, key=lists.steps_event.__getitem__)
        if at < len(was.steps) and was.steps[at] != before:
            before = was.steps[at]
            yield before
        number += 1


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep what happens inside from the log of the pass that runs."""
    before, recording.log = recording.log, None
    try:
        yield
    finally:
        recording.log = before


def is_persons(node: object) -> bool:
    """Whether a node computes by code of a person's, which runs its passes itself."""
    return isinstance(node, BackwardNode)


def sources_of(
    tape: Tape, number: int, events: Sequence[tuple[int, int, int]], wanted: Sequence[Any]
) -> dict[int, tuple[int, int]]:
    """Return which operation of a pass made what is wanted: event and row of values, by its place.

    events: number, kind and reference of those to look at.
    """
    found: dict[int, tuple[int, int]] = {}
    for event, kind, ref in events:
        if kind == Event.OP and int(tape.ops["pass_"][ref]) == number:
            first, count = (int(tape.ops[c][ref]) for c in ("out0", "n_out"))
            for row in range(first, first + count):
                content = tape.value(row)
                for nr, one in enumerate(wanted):
                    if one is not None and content is not None and equal(content, one):
                        found[nr] = event, row
    return found


def equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    return bits.same(np.asarray(left), np.asarray(right))
