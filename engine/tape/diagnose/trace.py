"""One element of a gradient, followed from where it arrived back towards the root."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Link

Array = NDArray[Any]
Mask = NDArray[np.bool_]
_ENDS = 6  # links that are told of either end of a long way


class Trail:
    """What hands something on, from what was asked back towards its cause; told from the cause on."""

    def __init__(self, facts: Facts, kind: str) -> None:
        self._facts, self._kind = facts, kind
        self._rows: list[tuple[bool, int, str]] = []

    def step(self, step: int, text: str = "") -> None:
        self._rows.append((True, step, text))

    def op(self, op: int, text: str = "") -> None:
        self._rows.append((False, op, text))

    def links(self) -> tuple[Link, ...]:
        """Return the links, the cause's end first; of a long way both ends."""
        rows = self._rows[::-1]
        if len(rows) <= 2 * _ENDS:
            return tuple(map(self._link, rows))
        left_out = Link(f"… {len(rows) - 2 * _ENDS:,} nodes more {self._kind}")
        return (*map(self._link, rows[:_ENDS]), left_out, *map(self._link, rows[-_ENDS:]))

    def _link(self, row: tuple[bool, int, str]) -> Link:
        is_step, at, text = row
        facts = self._facts
        if is_step:
            name = facts.node_name(facts.node_at(at))
            return facts.at_step(text or f"{name} {self._kind}", at)
        return facts.at_op(text or f"{facts.called(at)} {self._kind}", at)


def gradients(facts: Facts, step: int) -> list[Array | None]:
    """Return what came in at a step, per output of its node; None for nothing."""
    rows = facts.arrivals(step)
    if len(rows) != 1 or facts.hooked(step) or facts.number(rows[0]) != 0:
        return replay.cotangents(facts.tape, step)
    return [facts.sent(rows[0])]
