"""Ways on which nothing but zeros came, followed many steps at a time."""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat

import numpy as np

from engine.tape.diagnose.elements import KEEP
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.trace import Mask, Trail

_TOGETHER = 256  # steps of a way whose elements are read together
_FEW = 4  # steps for which that is not worth it


def through_zeros(facts: Facts, step: int, mask: Mask, trail: Trail) -> tuple[int, Mask]:
    """Go back while nothing but zeros arrives; return the last step, and all its elements."""
    rows, begun = facts.arrivals(step), step
    while rows and all(map(facts.sent_zero, rows)):
        source = facts.sender(rows[-1])
        above = facts.arrivals(source)
        if facts.hooked(source) or not all(map(_is_plain_zero, repeat(facts), above)) or not above:
            break
        trail.step(source)
        step, rows = source, above
    return step, mask if step == begun else whole(facts.sent_shape(rows[0]))


def _is_plain_zero(facts: Facts, row: int) -> bool:
    """Whether a contribution brought zeros, and some, to the first output of a node."""
    return facts.sent_zero(row) and facts.sent_size(row) > 0 and facts.number(row) == 0


@lru_cache(256)
def whole(shape: tuple[int, ...]) -> Mask:
    """Return a mask of all elements, the same one each time."""
    found: Mask = np.ones(shape, bool)
    found.flags.writeable = False
    return found


def is_live(facts: Facts, row: int, mask: Mask) -> bool:
    """Whether a contribution brought something other than zero at some element of a mask."""
    if facts.sent_zero(row):
        return False
    array = facts.sent(row)
    if array is None or array.shape != mask.shape:
        return False
    return bool(np.count_nonzero(array[mask]))


def through_elements(facts: Facts, step: int, mask: Mask, trail: Trail) -> int:
    """Go back while element by element the same ones are zero; return the last step.

    Only through nodes that one other sent to, whose operation gives each element at its own place.
    """
    if not mask.any():
        return step
    while True:
        sources, rows = _run(facts, step, mask.shape)
        if len(rows) < _FEW:
            return step
        live = np.flatnonzero(facts.sent_live(rows, mask))
        # Of what came to the last source nothing is known yet: it is the first of the next run.
        quiet = int(live[0]) - 1 if len(live) else len(rows) - 1
        for source in sources[: max(quiet, 0)]:
            trail.step(source)
            step = source
        if len(live):
            return step


def _run(facts: Facts, step: int, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the steps before one, and what each sent, as long as they keep elements apart."""
    sources, rows = list[int](), list[int]()
    arrived = facts.arrivals(step)
    while len(rows) < _TOGETHER and len(arrived) == 1 and facts.number(arrived[0]) == 0:
        source = facts.sender(arrived[0])
        op = facts.op_of(facts.node_at(source))
        if op < 0 or facts.base(op) not in KEEP or facts.hooked(source):
            break
        if facts.sent_shape(arrived[0]) != shape:
            break
        sources.append(source)
        rows.append(arrived[0])
        arrived = facts.arrivals(source)
    return sources, rows
