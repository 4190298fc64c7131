"""Breakpoints on a tape: where a replay stops, forward or backward, and what conditions can ask for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.conditions import Condition, ConditionError
from engine.tape.errors import NotKept
from engine.tape.modules import module_of, module_path
from engine.tape.schema import Event, GradChange
from engine.tape.tape import Tape

Events = NDArray[np.int64]

#: What a condition can ask for at a stop, and what it is.
NAMES: dict[str, str] = {
    "grad": "the gradient that came in at the step; at a leaf its .grad afterwards",
    "value": "what the operation computed, or what the leaf holds",
    "name": "what the person calls the tensor, or ''",
    "op": "the operation's name, like 'mul'",
    "grad_fn": "the node's name, like 'MulBackward0'",
    "shape": "the value's shape", "dtype": "the value's element type, like 'float32'",
    "pass_": "the number of the pass, from 1; 0 outside", "event": "the number of the event, from 1",
    "cell": "the cell's count, from 1", "line": "the line in it, from 1",
    "module": "the path of the module, like 'layers.0.fc'",
    "backward": "whether it is a step of a pass",
}  # fmt: skip
KNOWN = frozenset(NAMES)


class On(IntEnum):
    """What a breakpoint is on; `target` of a Breakpoint is what is given here."""

    ANY = 0  # nothing else than its condition
    NODE = 1  # an operation and its grad_fn: row of `ops`, or -1 - row of `nodes`
    TYPE = 2  # the name of operations or nodes
    LINE = 3  # (cell's key, line)
    LEAF = 4  # the name of a tensor, when something is added to its .grad


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A place to stop at.

    condition: an expression over `NAMES`, "" for always. skip: how many hits pass before it stops.
    log: an expression to note at every hit, in place of stopping.
    """

    on: On
    target: Any = None
    condition: str = ""
    enabled: bool = True
    skip: int = 0
    log: str = ""


class Hit(NamedTuple):
    """Where a breakpoint stopped: the playhead just after the event, and which one."""

    playhead: int
    breakpoint: Breakpoint


class Moments:
    """What conditions ask for at the events of a tape, looked up only when they do."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def at(self, event: int, names: set[str]) -> Mapping[str, Any]:
        """Return the values of some names just after an event."""
        return {name: getattr(self, f"_{name}")(event) for name in names}

    @cached_property
    def _kinds(self) -> list[int]:
        found: list[int] = self.tape.events["kind"].tolist()
        return found

    def _ref(self, event: int) -> tuple[int, int]:
        return self._kinds[event], int(self.tape.events["ref"][event])

    def _op_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.OP:
            return ref
        return (
            int(self.tape.nodes["op"][self.tape.steps["node"][ref]]) if kind == Event.STEP else -1
        )

    def _node_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.STEP:
            return int(self.tape.steps["node"][ref])
        return int(self.tape.ops["node"][ref]) if kind == Event.OP else -1

    def _value_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.LEAF:
            return ref
        tensor = self._leaf_row(event)
        if tensor >= 0:
            rows = np.flatnonzero(self.tape.values["tensor"] == tensor)
            at = bisect_right(self.tape.values["event"][rows], event)
            return int(rows[max(at - 1, 0)]) if len(rows) else -1
        op = self._op_row(event)
        return int(self.tape.ops["out0"][op]) if op >= 0 and self.tape.ops["n_out"][op] else -1

    def _leaf_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.STEP:
            return int(self.tape.nodes["variable"][self.tape.steps["node"][ref]])
        return int(self.tape.grads["tensor"][ref]) if kind == Event.GRAD else -1

    def _grad(self, event: int) -> Any:
        tensor = self._leaf_row(event)
        try:
            if tensor >= 0:
                return replay.grad_at(self.tape, tensor, event + 1)
            kind, ref = self._ref(event)
            if kind != Event.STEP:
                return None
            return next((g for g in replay.cotangents(self.tape, ref) if g is not None), None)
        except NotKept:
            return None

    def _value(self, event: int) -> Any:
        row = self._value_row(event)
        try:
            return self.tape.value(row) if row >= 0 else None
        except NotKept:
            return None

    def _name(self, event: int) -> str:
        row = self._value_row(event)
        return (self.tape.name_of(int(self.tape.values["tensor"][row])) or "") if row >= 0 else ""

    def _op(self, event: int) -> str:
        row = self._op_row(event)
        return self.tape.text(int(self.tape.ops["name"][row])) if row >= 0 else ""

    def _grad_fn(self, event: int) -> str:
        row = self._node_row(event)
        return self.tape.text(int(self.tape.nodes["name"][row])) if row >= 0 else ""

    def _shape(self, event: int) -> tuple[int, ...]:
        row = self._value_row(event)
        return self.tape.value_shape(row) if row >= 0 else ()

    def _dtype(self, event: int) -> str:
        row = self._value_row(event)
        return self.tape.value_dtype(row) if row >= 0 else ""

    def _pass_(self, event: int) -> int:
        kind, ref = self._ref(event)
        return int(self.tape.steps["pass_"][ref]) + 1 if kind == Event.STEP else 0

    def _event(self, event: int) -> int:
        return event + 1

    def _loc(self, event: int) -> int:
        op = self._op_row(event)
        at = event if op < 0 else int(self.tape.ops["event"][op])
        return int(self.tape.events["loc"][at])

    def _cell(self, event: int) -> int:
        loc = self._loc(event)
        cell = int(self.tape.locs["cell"][loc]) if loc >= 0 else -1
        return int(self.tape.cells["count"][cell]) if cell >= 0 else 0

    def _line(self, event: int) -> int:
        loc = self._loc(event)
        return int(self.tape.locs["line"][loc]) if loc >= 0 else 0

    def _module(self, event: int) -> str:
        op = self._op_row(event)
        return module_path(self.tape, int(self.tape.ops["scope"][op])) if op >= 0 else ""

    def _backward(self, event: int) -> bool:
        return self._kinds[event] == Event.STEP


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
        """Yield (playhead, what its `log` gives as text) of every hit of a breakpoint."""
        log = self._logs.get(one)
        for event in self._places[one].tolist():
            if cancelled():
                return
            if self._hits(one, event):
                noted = "" if log is None else log(self._moments.at(event, log.names))
                yield (
                    event + 1,
                    f"{noted:.6g}" if isinstance(noted, (float, np.floating)) else str(noted),
                )

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


def holds(condition: Condition, moments: Moments, event: int) -> bool:
    """Return whether a condition holds just after an event; ConditionError where it has no truth."""
    try:
        return condition.holds(moments.at(event, condition.names))
    except ConditionError as error:
        if "nothing here" in str(error):
            return False  # asks for a gradient where there is none
        raise


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
    elif one.on is On.LINE:
        key, line = one.target
        cells = [i for i, row in enumerate(tape.cells["key"].tolist()) if tape.text(row) == key]
        locs = np.flatnonzero((tape.locs["line"] == line) & np.isin(tape.locs["cell"], cells))
        ops = np.isin(events["loc"][tape.ops["event"]], locs)
        made = tape.nodes["op"]
        nodes = (made >= 0) & ops[np.maximum(made, 0)] if len(ops) else nodes
    elif one.on is On.LEAF:
        texts = [i for i, text in enumerate(tape.texts()) if text == one.target]
        tensors = tape.names["tensor"][np.isin(tape.names["text"], texts)]
        adds = tape.grads["kind"] == GradChange.ACCUMULATE
        rows = np.isin(tape.grads["tensor"], tensors) & adds
        return np.unique(tape.grads["event"][rows]).astype(np.int64)
    found = [tape.ops["event"][ops], tape.steps["event"][nodes[tape.steps["node"]]]]
    return np.unique(np.concatenate(found)).astype(np.int64)


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
