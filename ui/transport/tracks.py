"""What the timeline shows of a tape: plain arrays of event indices, one set per track."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import Event, GradChange, Mark

Indices = NDArray[np.int32]
_NONE = np.zeros(0, np.int32)
_NO_PAIRS, _NO_TRIPLES = np.zeros((0, 2), np.int32), np.zeros((0, 3), np.int32)


class Tracks(NamedTuple):
    """The tape over its n events; every array holds ascending event indices unless it says so.

    forward: events that are forward work. segments: (s, 3) of begin, end (exclusive) and cell,
    runs of forward work in one cell between two passes. steps: visited nodes. passes: (p, 2) of
    begin and end (exclusive). first_step: (p,) index into steps of each pass's first. added:
    steps that accumulated into a leaf's .grad; cleared: .grad was zeroed, set to None or assigned.
    cells: begins of cells; counts: (c,) their execution counts. iterations: (k, 2) of begin and
    end (exclusive), none for fewer than two: each a forward run, its passes, and what follows until
    the next tracked operation (the optimizer's step).
    """

    n: int = 0
    forward: Indices = _NONE
    segments: Indices = _NO_TRIPLES
    steps: Indices = _NONE
    passes: Indices = _NO_PAIRS
    first_step: Indices = _NONE
    added: Indices = _NONE
    cleared: Indices = _NONE
    errors: Indices = _NONE
    cells: Indices = _NONE
    counts: Indices = _NONE
    iterations: Indices = _NO_PAIRS

    def cell_at(self, event: int) -> int | None:
        """Return the execution count of the cell in which `event` happened."""
        at = int(np.searchsorted(self.cells, event, "right")) - 1
        return int(self.counts[at]) if at >= 0 else None

    def iteration_at(self, event: int) -> int:
        """Return which iteration an event is of, or -1."""
        at = int(np.searchsorted(self.iterations[:, 0], event, "right")) - 1
        return at if at >= 0 and event < self.iterations[at, 1] else -1

    def pass_at(self, playhead: int) -> int:
        """Return the number of the pass that is running at a playhead, or -1."""
        at = int(np.searchsorted(self.passes[:, 0], playhead, "left")) - 1
        return at if at >= 0 and playhead <= self.passes[at, 1] else -1


def build(tape: Any) -> Tracks:
    """Return the tracks of a tape (an engine.tape Tape); O(events), a few ms per 100,000."""
    events = tape.events
    kind = events["kind"]
    n = len(kind)
    forward = _where((kind == Event.OP) | (kind == Event.LEAF))
    begins = _where(kind == Event.PASS)
    steps = _where(kind == Event.STEP)
    grads, marks = tape.grads, tape.marks
    adding = grads["kind"] == GradChange.ACCUMULATE
    errors = np.union1d(
        marks["event"][marks["kind"] == Mark.ERROR],
        tape.ends["event"][tape.ends["error"] >= 0],
    )
    return Tracks(
        n=n,
        forward=forward,
        segments=_segments(forward, events, begins),
        steps=steps,
        passes=_passes(tape, begins, n),
        first_step=np.searchsorted(steps, begins).astype(np.int32),
        added=_sorted(grads["event"][adding]),
        cleared=_sorted(grads["event"][~adding]),
        errors=errors.astype(np.int32),
        cells=np.asarray(tape.cells["event"], np.int32),
        counts=np.asarray(tape.cells["count"], np.int32),
        iterations=_iterations(tape, begins, n),
    )


def _where(mask: NDArray[np.bool_]) -> Indices:
    return np.flatnonzero(mask).astype(np.int32)


def _sorted(events: NDArray[np.int32]) -> Indices:
    return np.unique(events).astype(np.int32)


def _segments(forward: Indices, events: NDArray[np.void], begins: Indices) -> Indices:
    """Cut the forward events where the cell changes or a pass begins."""
    if not len(forward):
        return _NO_TRIPLES
    cell = events["cell"][forward]
    before = np.searchsorted(begins, forward)
    cut = np.flatnonzero((np.diff(cell) != 0) | (np.diff(before) != 0)) + 1
    first = np.concatenate(([0], cut))
    last = np.concatenate((cut, [len(forward)])) - 1
    return np.stack([forward[first], forward[last] + 1, cell[first]], axis=1).astype(np.int32)


def _iterations(tape: Any, begins: Indices, n: int) -> Indices:
    """Cut the tape at the first tracked operation after each pass, if another pass follows it.

    Operations of a pass itself (a recorded one, or a hook's) begin nothing.
    """
    outside = (tape.ops["node"] >= 0) & (tape.ops["pass_"] < 0)
    tracked = np.asarray(tape.ops["event"][outside], np.int32)
    if not len(tracked) or not len(begins):
        return _NO_PAIRS
    before = np.searchsorted(begins, tracked)
    first = tracked[np.flatnonzero(np.diff(before, prepend=-1))]  # of those between two passes
    first = first[first < begins[-1]]
    if len(first) < 2:
        return _NO_PAIRS
    return np.stack([first, np.append(first[1:], n)], axis=1).astype(np.int32)


def _passes(tape: Any, begins: Indices, n: int) -> Indices:
    """Return begin and end of each pass; one that never ended lasts to the tape's end."""
    end = np.full(len(begins), n, np.int32)
    rows = tape.ends["pass_"]
    known = (rows >= 0) & (rows < len(begins))
    end[rows[known]] = tape.ends["event"][known] + 1
    return np.stack([begins, np.maximum(end, begins + 1)], axis=1).astype(np.int32)
