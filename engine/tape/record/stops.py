"""Breakpoints of a program that runs: it waits inside an operation, or inside a backward pass.

`Stops` takes the place of the log, so that a recording without breakpoints pays nothing for them.
What a breakpoint means, and what its condition can ask for, is the same as in a replay of the tape.
"""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from engine import recording
from engine.autograd import mode
from engine.autograd.node import AccumulateGrad
from engine.tape.breakpoints import GO, OUT, OVER, STEP, Breakpoint, On
from engine.tape.conditions import ConditionError
from engine.tape.moments import noted
from engine.tape.record import engine
from engine.tape.record.late import Late, Waiting
from engine.tape.record.moment import Happening, Made, Moment, line_of, made_on, place
from engine.tape.record.points import Point
from engine.tape.record.scopes import Scopes
from engine.tape.record.targets import Targets, named
from engine.tape.record.transcript import Transcript
from engine.tape.tape import Tape

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Stop(NamedTuple):
    """Where the program waits.

    what: the name of the operation, or of the node. pass_: from 1; 0: forward. cell, line: where the
    operation was written, "" and 0 if nowhere. error: why a condition could not be computed, "" if it
    holds. frame: the innermost of the person's. names: what the moment has: `value`, `grad`.
    """

    what: str
    pass_: int
    cell: str
    line: int
    name: str
    error: str
    frame: FrameType | None
    names: Mapping[str, Any]


class Recording(Protocol):
    """Who writes the tape, as `Stops` needs it."""

    def asked(self, question: Callable[[Transcript], _T]) -> _T:
        """Return an answer of the transcript once all that was logged is in it."""

    def tape(self) -> Tape:
        """Return what was recorded so far."""


class Stops:
    """Lets the program wait at breakpoints.

    A name is what a statement assigns when it ends: where a condition needs it, the program waits as the
    operation after it begins, or as the cell's statement ends (`settle`).

    wait: called with a Stop in the program's thread; returns GO, STEP, OVER or OUT, or raises what
    then comes up in the program. cell_of: key and count of the cell that a file name stands for, ""
    and 0 for none. names: the person's namespace. note: called with a line of text at each hit of a
    breakpoint that notes something instead of stopping.
    """

    def __init__(
        self, points: Sequence[Breakpoint], wait: Callable[[Stop], str],
        cell_of: Callable[[str], tuple[str, int]], names: Callable[[], Mapping[str, object]],
        note: Callable[[str], object] = print,
    ) -> None:  # fmt: skip
        """Read the conditions; ConditionError for one that is none."""
        self._wait, self._cell_of, self._namespace, self._note = wait, cell_of, names, note
        self._thread = threading.get_ident()
        self._mode, self._from = GO, tuple[int, ...]()
        self._quiet = False
        self._made: weakref.WeakKeyDictionary[Any, Made | None] = weakref.WeakKeyDictionary()
        self._turns: Counter[tuple[str, str, int]] = Counter()
        self._places: dict[tuple[CodeType | None, int], tuple[str, int, int, str]] = {}
        self._targets = Targets()
        self._scopes: dict[int, tuple[tuple[int, ...], str]] = {0: ((), "")}
        self._named: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._looked = -1  # the pass in which the names were last looked up
        self._running: list[tuple[int, tuple[int, int]]] = []  # passes, with cell and line
        self._passes = 0
        self._late = Late(self._made)
        self.set(points)

    def set(self, points: Sequence[Breakpoint]) -> None:
        """Wait at these from now on; those that were there before keep their counts."""
        before = {one.point: one for one in getattr(self, "_points", ())}
        kept = [p for p in dict.fromkeys(points) if p.enabled and p.on is not On.NODE]
        self._points = [before.get(point) or Point(point) for point in kept]
        self._keeps = any("value" in one.asks for one in self._points)
        self._asks_name = any("name" in one.asks for one in self._points)

    def step(self, how: str) -> None:
        """Wait where a step of this kind ends that begins here, outside of modules."""
        self._mode, self._from = how, ()

    # --- as the log ------------------------------------------------------------------------
    def begin(
        self, log: list[Any], recorder: Recording, hurry: Callable[[], None], calls: Scopes
    ) -> None:
        """Take the place of a log. hurry: called after each entry. calls: numbers those of modules."""
        self._append, self._recorder, self._hurry, self._calls = log.append, recorder, hurry, calls
        self._passes = recorder.asked(lambda transcript: transcript.batch["passes"].count)

    def append(self, entry: tuple[Any, ...]) -> None:
        """Log an entry, and wait if something is to be waited for."""
        asked = entry[0] == recording.GRAD and self._is_asked_for(entry)
        before = self._events() if asked else 0
        self._append(entry)
        self._hurry()
        try:
            waits = self._quiet or threading.get_ident() != self._thread
            late = None if waits else self._counted(self._late.settled(entry))
            happening = self._assigned(entry, before) if asked else self._follow(entry)
            stop = None if happening is None or waits else self._check(happening)
        except Exception:  # ours: the person's program goes on without
            _log.exception("breakpoints of the running program end here")
            self._points, self._mode = [], GO
            return
        if late is not None:
            self._pause(*late)
        if stop is not None and happening is not None:
            self._pause(stop, happening)

    def settle(self) -> None:
        """A statement of the cell is over: the operation before, if it was its last, has its name."""
        hits = self._late.settled(None)
        late = None if self._quiet else self._counted(hits)
        if late is not None:
            self._pause(late[0]._replace(frame=None), late[1])

    def enter_scope(self, module: Any) -> int:
        """Number a call of a module, and note what it is inside of."""
        outer, path = self._scopes.get(recording.scope, ((), ""))
        number = self._calls.enter(module)
        name = self._calls.latest
        self._scopes[number] = (*outer, number), f"{path}.{name}" if outer else name
        return number

    # --- what happens ----------------------------------------------------------------------
    def _follow(self, entry: tuple[Any, ...]) -> Happening | None:
        """Keep what later steps need, and return what a breakpoint can be at."""
        kind = entry[0]
        if kind == recording.FUNCTION:
            entry = entry[1] or (None,)
            kind = entry[0]
        if kind == recording.OPERATION:
            return self._operation(*entry[1:])
        if kind == recording.RETURNED:
            self._unpack(*entry[1:])
        elif kind == recording.PASS:
            self._passes += 1
            key, count, line, _ = self._place(*entry[7:9])
            self._running.append((self._passes, (count, line)))
            return Happening("", None, None, None, self._passes, begun=(key, line))
        elif kind == recording.END and self._running:
            self._running.pop()
        elif self._running and kind in (recording.STEP, recording.ACCUMULATE, recording.CAPTURE):
            return self._step(kind, entry)
        return None

    def _operation(
        self, name: str, out: Any, inputs: Any, params: Any, code: Any, lasti: int, scope: int
    ) -> Happening:
        key, count, line, target = self._place(code, lasti)
        outs = [t for t in out if engine.is_tensor(t)] if isinstance(out, tuple | list) else [out]
        tensor = outs[0] if outs else None
        if not target and code is not None and isinstance(out, tuple | list):
            target = self._unpacked_first(out, code, lasti, name)
        nth = self._turns[name, key, line]
        self._turns[name, key, line] += 1
        scopes, module = self._scopes.get(scope, ((), ""))
        shape, dtype, value = tuple[int, ...](), "", None
        node = None
        if tensor is not None:
            shape, dtype = tuple(engine.facts(tensor)[1]), engine.dtype_name(tensor)
            node = engine.edge_of(tensor)[0]
        sure = not target or code is None or not self._targets.calls_other(code, lasti, name)
        made = Made(name, key, count, line, nth, target, scopes, module, shape, dtype, None, sure)
        title = ""
        if node is not None and node is not engine.LEAF and node not in self._made:
            title = _title(node)
            if self._keeps and any(one.may_be_at(made, title) for one in self._points):
                value = np.array(engine.contents(tensor))
            self._made[node] = made._replace(value=value)
        self._late.begin(code, lasti, node, target)
        if self._asks_name and tensor is not None and not target:
            self._late.keep(tensor, made)
        return Happening(title, made, tensor, None, 0)

    def _counted(self, hits: list[Waiting]) -> tuple[Stop, Happening] | None:
        """Count the hits of breakpoints that waited for a name; return where to wait, if at one."""
        stops = [hit for hit in hits if hit.point.counts()]
        for hit in stops:
            hit.moment.sure = True
            self._note_hit(hit.point, hit.moment)
        moment = next((hit.moment for hit in stops if hit.point.log is None), None)
        return None if moment is None else (self._stop(moment, ""), moment.happening)

    def _unpack(self, result: Any, code: CodeType | None, lasti: int) -> None:
        """A call gave a tuple back: what it is unpacked to are names of what was made inside."""
        if not self._asks_name or self._quiet or code is None:
            return
        for tensor, name in named(result, self._targets.unpacked(code, lasti, "")):
            made = self._late.unpacked(tensor, name)
            if made is None:
                continue
            node = engine.edge_of(tensor)[0]
            title = "" if node is None or node is engine.LEAF else _title(node)
            for one in self._points:
                with suppress(ConditionError):  # the operation itself told it
                    self._waits_for_name(one, Happening(title, made, tensor, None, 0), (0, 0))

    def _unpacked_first(self, out: Any, code: CodeType, lasti: int, op: str) -> str:
        """Return the name that the first of an operation's results is unpacked to; "" for none."""
        first = next(filter(engine.is_tensor, out), None)
        parts = named(out, self._targets.unpacked(code, lasti, op))
        return next((name for tensor, name in parts if tensor is first), "")

    def _is_asked_for(self, entry: tuple[Any, ...]) -> bool:
        """Whether a breakpoint is at the line that assigns a .grad."""
        if len(entry) < 5 or self._quiet or threading.get_ident() != self._thread:
            return False
        key, _, line, _ = self._place(*entry[3:5])
        points = (one.point for one in self._points)
        return any(p.on is On.LINE and tuple(p.target) == (key, line) for p in points)

    def _assigned(self, entry: tuple[Any, ...], before: int) -> Happening | None:
        """Return that a .grad was assigned, if that is an event; before: how many there were."""
        if self._events() == before:
            return None
        _, leaf, grad, code, lasti = entry
        key, count, line, _ = self._place(code, lasti)
        held = None if grad is None else engine.contents(grad)
        return Happening("", None, leaf, held, 0, begun=(key, line), place=(count, line))

    def _step(self, kind: int, entry: tuple[Any, ...]) -> Happening:
        number = self._running[-1][0]
        if kind == recording.STEP:
            node, arrived = entry[1], next((g for g in entry[2] if g is not None), None)
            return Happening(_title(node), self._made_by(node), None, arrived, number)
        leaf = entry[2] if kind == recording.ACCUMULATE else entry[1]
        node = engine.edge_of(leaf)[0]
        if kind == recording.CAPTURE and node is not engine.LEAF:
            return Happening(_title(node), self._made_by(node), None, entry[2], number)
        held = entry[4] if kind == recording.ACCUMULATE else engine.grad_of(leaf)
        grad = None if held is None else engine.contents(held)
        added = kind == recording.ACCUMULATE
        return Happening("AccumulateGrad", None, leaf, grad, number, added)

    def _made_by(self, node: Any) -> Made | None:
        """Return the operation that made a node, also one from before there were breakpoints."""
        if type(node) is AccumulateGrad:
            return None
        try:
            return self._made[node]
        except KeyError:
            row = self._recorder.asked(lambda transcript: transcript.row_of(node))
            found = None
            if row is not None:
                tape = self._recorder.tape()
                op = int(tape.nodes["op"][row])
                found = made_on(tape, op) if op >= 0 else None
                tape.close()
            self._made[node] = found
            return found

    def _place(self, code: CodeType | None, lasti: int) -> tuple[str, int, int, str]:
        """Return key and count of the cell, the line, and the name that is assigned."""
        found = self._places.get((code, lasti))
        if found is None:
            key, count, target = "", 0, ""
            if code is not None:
                key, count = self._cell_of(code.co_filename)
                key, target = key or code.co_filename, self._targets.of(code, lasti)
            found = self._places[code, lasti] = key, count, line_of(code, lasti), target
        return found

    def _name_of(self, tensor: Any) -> str:
        """Return what the person calls a tensor; leaves are looked for anew once in a pass."""
        known = self._named.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return known[1]
        if engine.requires_grad_leaf(tensor) and self._looked != self._passes:
            self._looked = self._passes
            names = self._namespace()
            found = self._recorder.asked(lambda transcript: transcript.called_by_now(names))
            self._named = {key: (weakref.ref(one), name) for key, (one, name) in found.items()}
            return self._name_of(tensor)
        return ""

    # --- waiting ---------------------------------------------------------------------------
    def _check(self, happening: Happening) -> Stop | None:
        place = happening.place or (self._running[-1][1] if self._running else (0, 0))
        moment = Moment(happening, self._name_of, self._events, place)
        stepped = happening.begun is None and self._stepped(happening)
        hit, error = False, ""
        for one in self._points:
            try:
                if self._waits_for_name(one, happening, place):
                    continue
                if one.met(moment) and one.counts():  # each counts its own
                    hit = one.log is None or hit
                    self._note_hit(one, moment)
            except ConditionError as failure:
                one.broken = True
                if one.log is not None:
                    self._note(f"{one.point.log} is noted no more: {failure}")
                    continue
                hit, error = True, str(failure)
        return self._stop(moment, error) if hit or stepped else None

    def _waits_for_name(self, one: Point, happening: Happening, place: tuple[int, int]) -> bool:
        """Whether a breakpoint depends on a name that only the end of the statement gives."""
        made = happening.made
        if "name" not in one.asks or happening.pass_ or made is None or not made.target:
            return False
        bare = replace(happening, made=made._replace(target=""))
        moments = [Moment(h, self._name_of, self._events, place) for h in (happening, bare)]
        return self._late.waits(one, *moments)

    def _note_hit(self, one: Point, moment: Moment) -> None:
        if one.log is not None and (words := noted(one.log, moment, 0)):
            self._note(f"{one.point.log} = {words}  ({place(moment)})")

    def _events(self) -> int:
        return self._recorder.asked(lambda transcript: transcript.batch.events.count)

    def _stepped(self, happening: Happening) -> bool:
        if self._mode in (GO, STEP):
            return self._mode == STEP
        here = self._from
        there = () if happening.made is None else happening.made.scopes
        inside = there[: len(here)] == here
        return not (inside if self._mode == OUT else inside and len(there) > len(here))

    def _stop(self, moment: Moment, error: str) -> Stop:
        happening = moment.happening
        made, names = happening.made, dict[str, Any]()
        if happening.grad is not None:
            names["grad"] = engine.tensor_over(np.array(happening.grad))
        if happening.tensor is not None:
            names["value"] = happening.tensor
        where = happening.begun or (("", 0) if made is None else (made.key, made.line))
        return Stop(
            happening.what, happening.pass_, *where, moment.told, error, _persons_frame(), names
        )

    def _pause(self, stop: Stop, happening: Happening) -> None:
        self._quiet, self._mode = True, GO  # what the person runs meanwhile is only recorded
        before, mode.enabled = mode.enabled, mode.enabled or happening.pass_ > 0
        try:
            said = self._wait(stop)
            self._mode = said if said in (STEP, OVER, OUT) else GO
        finally:
            self._quiet, mode.enabled = False, before
        self._from = () if happening.made is None else happening.made.scopes


def _title(node: Any) -> str:
    return str(node.name()).removeprefix("torch::autograd::")


def _persons_frame() -> FrameType | None:
    """Return the innermost frame that is not the engine's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and recording.is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame
