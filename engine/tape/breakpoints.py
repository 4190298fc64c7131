"""Breakpoints: where a replay stops, forward or backward, and a program that runs (`record.stops`)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.conditions import Condition
from engine.tape.modules import module_of
from engine.tape.moments import KNOWN, Moments, holds, noted
from engine.tape.names import stands_for
from engine.tape.schema import Event, GradChange
from engine.tape.tape import Tape

Events = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: How a program that waits goes on: to the next breakpoint; to the next operation or step; to the
#: next that is not further inside of modules; to the next outside of this module.
GO, STEP, OVER, OUT = "on", "step", "over", "out"


class On(IntEnum):
    """What a breakpoint is on; `target` of a Breakpoint is what is given here."""

    ANY = 0  # nothing else than its condition
    NODE = 1  # an operation and its grad_fn: row of `ops`, or -1 - row of `nodes`
    TYPE = 2  # the name of operations or nodes
    LINE = 3  # (cell's key, line)
    LEAF = 4  # the name of a tensor, when something is added to its .grad
    SPOT = 5  # an operation and its grad_fn in any run: a Spot


class Spot(NamedTuple):
    """An operation as another run has it too: its name, cell and line, and how many'th it is there.

    key: of the cell, or the name of a file. nth: from 0, in each run of the cell.
    """

    op: str
    key: str
    line: int
    nth: int


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A place to stop at.

    condition: an expression over `moments.NAMES`, "" for always. skip: how many hits pass before it stops.
    log: an expression to note at every hit, in place of stopping.
    """

    on: On
    target: Any = None
    condition: str = ""
    enabled: bool = True
    skip: int = 0
    log: str = ""

    def plain(self) -> list[Any]:
        """Return it as values that JSON holds; `breakpoint_of` reads them."""
        return [int(self.on), *astuple(self)[1:]]


def breakpoint_of(plain: Any) -> Breakpoint:
    """Return the breakpoint of what `Breakpoint.plain` gave; ValueError for anything else."""
    try:
        on, target, condition, enabled, skip, log = plain
        on = On(on)
        if on is On.SPOT:
            op, key, line, nth = target
            target = Spot(str(op), str(key), int(line), int(nth))
        elif on is On.LINE:
            key, line = target
            target = str(key), int(line)
        elif on in (On.TYPE, On.LEAF):
            target = str(target)
        elif on is On.NODE:
            target = int(target)
        return Breakpoint(on, target, str(condition), bool(enabled), int(skip), str(log))
    except (TypeError, ValueError):
        raise ValueError(f"this is no breakpoint: {plain!r:.80}") from None


class Hit(NamedTuple):
    """Where a breakpoint stopped: the playhead just after the event, and which one."""

    playhead: int
    breakpoint: Breakpoint


class Search:
    """Finds the hits of breakpoints on a tape that does not grow."""

    def __init__(self, tape: Tape, breakpoints: Sequence[Breakpoint]) -> None:
        """Read the conditions; ConditionError for one that is none."""
        self._tape, self._moments = tape, Moments(tape)
        self._all = [one for one in breakpoints if one.enabled]
        self._conditions = {
            one: Condition(one.condition, KNOWN) for one in self._all if one.condition
        }
        self._logs = {one: Condition(one.log, KNOWN) for one in self._all if one.log}
        self._places = {one: places(tape, one) for one in self._all}

    def next(
        self, playhead: int, backwards: bool = False, cancelled: Callable[[], bool] = lambda: False
    ) -> Hit | None:
        """Return the first hit after a playhead, or the last before it; None if there is none.

        A hit has the playhead just after its event, so the one stood on is not found again.
        """
        best: Hit | None = None
        for one in self._all:
            if one.log:
                continue
            for event in self._ordered(one, playhead, backwards):
                if cancelled():
                    return None
                if best is not None and (event + 1 >= best.playhead) is not backwards:
                    break  # another is nearer
                if self._hits(one, event):
                    best = Hit(event + 1, one)
                    break
        return best

    def every(
        self, one: Breakpoint, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[int, str]]:
        """Yield (playhead, what its `log` gives as text, "" where there is nothing) of every hit."""
        log = self._logs.get(one)
        for event in self._places[one].tolist():
            if cancelled():
                return
            if self._hits(one, event):
                yield event + 1, "" if log is None else noted(log, self._moments, event)

    def _ordered(self, one: Breakpoint, playhead: int, backwards: bool) -> list[int]:
        events = self._places[one]
        if backwards:
            found: list[int] = events[: bisect_left(events, playhead - 1)][::-1].tolist()
        else:
            found = events[bisect_left(events, playhead) :].tolist()
        return found

    def _hits(self, one: Breakpoint, event: int) -> bool:
        if not self._holds(one, event):
            return False
        if not one.skip:
            return True
        before = self._places[one]
        earlier = before[: bisect_left(before, event)].tolist()
        return sum(self._holds(one, e) for e in earlier) >= one.skip

    def _holds(self, one: Breakpoint, event: int) -> bool:
        condition = self._conditions.get(one)
        return condition is None or holds(condition, self._moments, event)


def places(tape: Tape, one: Breakpoint) -> Events:
    """Return the events at which a breakpoint may stop, whatever its condition says, ascending."""
    events = tape.events
    stops = np.isin(events["kind"], (Event.OP, Event.STEP))
    if one.on is On.ANY:
        return np.flatnonzero(stops)
    ops, nodes = np.zeros(len(tape.ops), bool), np.zeros(len(tape.nodes), bool)
    if one.on is On.NODE:
        if one.target >= 0:
            ops[one.target] = True
            node = int(tape.ops["node"][one.target])
        else:
            node = -1 - one.target
            op = int(tape.nodes["op"][node])
            if op >= 0:
                ops[op] = True
        if node >= 0:
            nodes[node] = True
    elif one.on is On.TYPE:
        texts = [i for i, text in enumerate(tape.texts()) if text == one.target]
        ops, nodes = np.isin(tape.ops["name"], texts), np.isin(tape.nodes["name"], texts)
    elif one.on in (On.LINE, On.SPOT):
        ops = _at_line(tape, *one.target) if one.on is On.LINE else _at_spot(tape, one.target)
        made = tape.nodes["op"]
        nodes = (made >= 0) & ops[np.maximum(made, 0)] if len(ops) else nodes
    elif one.on is On.LEAF:
        texts = [i for i, text in enumerate(tape.texts()) if stands_for(one.target, text)]
        tensors = tape.names["tensor"][np.isin(tape.names["text"], texts)]
        adds = tape.grads["kind"] == GradChange.ACCUMULATE
        rows = np.isin(tape.grads["tensor"], tensors) & adds
        return np.unique(tape.grads["event"][rows]).astype(np.int64)
    found = [tape.ops["event"][ops], tape.steps["event"][nodes[tape.steps["node"]]]]
    if one.on is On.LINE:  # where a pass begins, or a .grad is set
        begun = events["kind"] == Event.PASS
        begun[
            tape.grads["event"][np.isin(tape.grads["kind"], (GradChange.SET, GradChange.CLEAR))]
        ] = 1
        found.append(np.flatnonzero(begun & np.isin(events["loc"], _locs(tape, *one.target))))
    return np.unique(np.concatenate(found)).astype(np.int64)


def spot_of(tape: Tape, op: int) -> Spot | None:
    """Return what tells an operation from all others of a run; None where it has no line."""
    loc = int(tape.events["loc"][tape.ops["event"][op]])
    if loc < 0:
        return None
    cell, line = int(tape.locs["cell"][loc]), int(tape.locs["line"][loc])
    key = tape.text(int(tape.cells["key"][cell] if cell >= 0 else tape.locs["file"][loc]))
    spot = Spot(tape.text(int(tape.ops["name"][op])), key, line, 0)
    return spot._replace(nth=int(_turns(tape, _of_spot(tape, spot))[op]))


def _at_line(tape: Tape, key: str, line: int) -> Mask:
    """Return which operations a line of a cell, or of a file, made."""
    found: Mask = np.isin(tape.events["loc"][tape.ops["event"]], _locs(tape, key, line))
    return found


def _locs(tape: Tape, key: str, line: int) -> Events:
    """Return the rows of `locs` that are a line of a cell, or of a file."""
    locs, texts = tape.locs, [i for i, text in enumerate(tape.texts()) if text == key]
    cells = np.flatnonzero(np.isin(tape.cells["key"], texts))
    file = (locs["cell"] < 0) & np.isin(locs["file"], texts)
    return np.flatnonzero((locs["line"] == line) & (file | np.isin(locs["cell"], cells)))


def _of_spot(tape: Tape, spot: Spot) -> Mask:
    """Return which operations have a spot's name and line."""
    texts = [i for i, text in enumerate(tape.texts()) if text == spot.op]
    found: Mask = _at_line(tape, spot.key, spot.line) & np.isin(tape.ops["name"], texts)
    return found


def _at_spot(tape: Tape, spot: Spot) -> Mask:
    alike = _of_spot(tape, spot)
    found: Mask = alike & (_turns(tape, alike) == spot.nth)
    return found


def _turns(tape: Tape, alike: Mask) -> Events:
    """Return for operations how many of those that are alike their cell's run made before."""
    runs, found = tape.events["cell"][tape.ops["event"]], np.zeros(len(alike), np.int64)
    for run in np.unique(runs[alike]):
        here = runs == run
        found[here] = (np.cumsum(alike & here) - alike)[here]
    return found


def over(tape: Tape, playhead: int, backwards: bool = False, out: bool = False) -> int:
    """Return the playhead after stepping over a module's inside; `out`: after leaving this module.

    Without modules it is the next stop. At the end of the tape it stays within it.
    """
    stops = replay.stops(tape)
    here = module_of(tape, playhead - 1)
    at = bisect_left(stops, playhead - 1) - 1 if backwards else bisect_left(stops, playhead)
    move = -1 if backwards else 1
    while 0 <= at < len(stops):
        there = module_of(tape, int(stops[at]))
        inside = there[: len(here)] == here
        if not (inside if out else inside and len(there) > len(here)):
            return int(stops[at]) + 1
        at += move
    return 0 if backwards else len(tape.events)
