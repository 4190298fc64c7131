"""What a pass freed: the tensors that a node had saved are gone after it stepped.

A step says so itself (`StepFlag.FREED`). What PyTorch answers to a second pass, "Trying to backward
through the graph a second time", goes back to such a step.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import StepFlag

if TYPE_CHECKING:
    from engine.tape.tape import Tape

_IDS = np.empty(0, np.int32)


class Freed(NamedTuple):
    """Where the tensors that a node had saved were freed."""

    node: int
    pass_: int
    step: int
    event: int


class Releases:
    """The steps that freed something, in order, with their nodes; grows with its tape."""

    def __init__(self) -> None:
        self._steps, self._nodes = _IDS, _IDS
        self._first: dict[int, int] = {}
        self._seen = 0

    def before(self, tape: Tape, n_steps: int) -> NDArray[np.int32]:
        """Return the nodes that were freed by the first `n_steps` steps, in order."""
        self._update(tape)
        return self._nodes[: int(np.searchsorted(self._steps, n_steps))]

    def of(self, tape: Tape, node: int) -> int:
        """Return the first step that freed what a node had saved, -1 where there is none."""
        self._update(tape)
        return self._first.get(node, -1)

    def _update(self, tape: Tape) -> None:
        if self._seen == len(tape.steps):
            return
        new = tape.steps[self._seen :]
        rows = np.flatnonzero(new["flags"] & StepFlag.FREED)
        nodes = new["node"][rows]
        for step, node in zip((rows + self._seen).tolist(), nodes.tolist(), strict=True):
            self._first.setdefault(node, step)
        self._steps = np.concatenate([self._steps, (rows + self._seen).astype(np.int32)])
        self._nodes = np.concatenate([self._nodes, nodes])
        self._seen = len(tape.steps)


def freed_by(tape: Tape, node: int, playhead: int) -> Freed | None:
    """Return where a node's saved tensors were freed, None if they are there at the playhead."""
    step = tape.releases.of(tape, node)
    if step < 0 or tape.steps["event"][step] >= playhead:
        return None
    return Freed(node, int(tape.steps["pass_"][step]), step, int(tape.steps["event"][step]))


def stopped_by(tape: Tape, end: int) -> Freed | None:
    """Return what a pass, by its row of `ends`, stopped for: a node that was freed before it.

    None where it ended well or stopped for another reason.
    """
    pass_, error, event = tape.ends[end].item()
    node = awaited(tape, pass_, event) if error >= 0 else -1
    found = freed_by(tape, node, event) if node >= 0 else None
    return found if found is not None and found.pass_ != pass_ else None


def awaited(tape: Tape, pass_: int, until: int) -> int:
    """Return the node that a pass would have come to next: the newest one that got something."""
    first, count, begin = (int(tape.passes[c][pass_]) for c in ("root0", "n_root", "event"))
    steps = tape.steps[_before(tape, begin) : _before(tape, until)]
    got = tape.roots["node"][first : first + count]
    if len(steps):
        last = int(steps["contrib0"][-1] + steps["n_contrib"][-1])
        sent = tape.contributions[int(steps["contrib0"][0]) : last]
        own = tape.steps["pass_"][sent["step"]] == pass_
        got = np.concatenate([got, sent["node"][own]])
    waiting = np.setdiff1d(got[got >= 0], steps["node"][steps["pass_"] == pass_])
    waiting = waiting[tape.nodes["variable"][waiting] < 0]
    return int(waiting[tape.nodes["seq"][waiting].argmax()]) if len(waiting) else -1


def _before(tape: Tape, event: int) -> int:
    return bisect_left(tape.steps["event"], event)
