"""Let the person's program wait, at a line or inside an operation or a pass, to be looked into."""

# mypy: allow-untyped-calls
from __future__ import annotations

import ast
import contextlib
import ctypes
import io
import json
import sys
import traceback
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from engine.tape.breakpoints import Breakpoint
    from engine.tape.record.stops import Stop, Stops

_STEP, _OVER, _OUT = "step", "over", "out"  # of `engine.tape.breakpoints`, which a kernel imports
# only where somebody has set some
#: How a request for input begins that asks what to do at a pause.
MARK = "\0tapedeck pause "


class Recording(Protocol):
    """Who records, as pauses need it."""

    def stop_at(self, stops: Stops | None) -> None: ...
    def catch_up(self) -> None: ...
    def checked(self, steps: Sequence[int] | None) -> dict[str, Any]: ...


class Pauses:
    """Where the program waits, and what the person does there; without any it costs nothing.

    ask: takes a question and returns the person's answer; it may raise KeyboardInterrupt, which
    then comes up where the program waits. cell_of: tells key and count of the cell that a file name
    stands for, "" and 0 for none. names: the person's namespace.
    """

    def __init__(
        self, ask: Callable[[str], str], cell_of: Callable[[str], tuple[str, int]],
        names: Callable[[], Mapping[str, object]],
    ) -> None:  # fmt: skip
        self._ask, self._cell_of, self._names = ask, cell_of, names
        self.recording: Recording | None = None
        self._lines: dict[str, frozenset[int]] = {}
        self._stops: Stops | None = None
        self._next: FrameType | None = None  # the program waits before its next line
        self._into = False  # or before that of any cell's

    def set(self, points: Sequence[Any]) -> None:
        """Pause at these breakpoints (see `Breakpoint.plain`) in a run that begins."""
        self._next, self._into = None, False
        if self._stops is not None and self.recording is not None:
            self.recording.stop_at(None)
        self._stops = None
        self._change(points)

    def _change(self, points: Sequence[Any]) -> None:
        self._lines = {}
        if not points and self._stops is None:
            return
        from engine.tape.record.stops import Stops

        found: dict[str, set[int]] = {}
        given = [point for one in points for point in _read(one)]
        for point in given:
            if _before_line(point):
                key, line = point.target
                found.setdefault(key, set()).add(line)
        self._lines = {key: frozenset(lines) for key, lines in found.items()}
        if self._stops is not None:
            self._stops.set(given)
        elif given and self.recording is not None:
            self._stops = Stops(given, self._stopped, self._cell_of, self._names)
        if self.recording is not None:
            self.recording.stop_at(self._stops)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Pause in the statement that runs inside, in this thread, and where it ends."""
        before = sys.gettrace()
        if self._lines or self._into or self._next:
            sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)
        if self._stops is not None:
            self._stops.settle()

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        lines = self._lines.get(self._cell_of(frame.f_code.co_filename)[0])
        return self._trace if lines or (self._into and self._is_cells(frame)) else None

    def _is_cells(self, frame: FrameType) -> bool:
        return bool(self._cell_of(frame.f_code.co_filename)[0])

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            lines = self._lines.get(self._cell_of(frame.f_code.co_filename)[0], frozenset())
            if self._into or self._next is frame or frame.f_lineno in lines:
                self._before(frame)
        elif event == "return" and self._next is frame:
            self._go_to(frame.f_back, self._into)
        return self._trace

    def _go_to(self, frame: FrameType | None, into: bool = False) -> None:
        """Wait before the next line of a frame, or of the nearest outside of it in a cell.

        into: or of a function of a cell that is called before, as an optimizer calls its closure.
        """
        while frame is not None and not self._is_cells(frame):
            frame = frame.f_back
        over = frame is None  # the statement: before the next
        self._next, self._into = frame, over or into
        if frame is not None:
            frame.f_trace = self._trace

    def _before(self, frame: FrameType) -> None:
        """Wait before a line."""
        self._next, self._into = None, False
        place = {"cell": self._cell_of(frame.f_code.co_filename)[0], "line": frame.f_lineno}
        how = self._wait(frame, place, {})
        if how == _OUT:
            self._go_to(frame.f_back)
        elif how == _OVER:
            self._next = frame
        elif how == _STEP:
            self._into = True
            self._next = frame

    def _stopped(self, stop: Stop) -> str:
        """Wait inside an operation or a step."""
        place = {
            "cell": stop.cell, "line": stop.line, "what": stop.what, "pass": stop.pass_,
            "name": stop.name, "error": stop.error, "has": sorted(stop.names),
        }  # fmt: skip
        return self._wait(stop.frame, place, stop.names)

    def _wait(
        self, frame: FrameType | None, place: Mapping[str, Any], beside: Mapping[str, Any]
    ) -> str:
        """Do what the person says until they let the program go on; return how."""
        trace = sys.gettrace()
        sys.settrace(None)
        said = ""
        try:
            if self.recording is not None:
                self.recording.catch_up()
            while True:
                answer = json.loads(self._answered(MARK + json.dumps({**place, "said": said})))
                if "run" not in answer:
                    break
                said = run_in(frame or self._names(), str(answer["run"]), beside)
        finally:
            sys.settrace(trace)
        if "stops" in answer:
            self._change(answer["stops"])
        return str(answer.get("go"))

    def _answered(self, question: str) -> str:
        """Ask; an interrupt meanwhile comes up at the person's line, not where we wait for them."""
        try:
            return self._ask(question)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted while it waited at a breakpoint") from None


def _read(plain: Any) -> list[Breakpoint]:
    """Return a breakpoint, but nothing for one that is none or whose condition cannot be read."""
    from engine.tape.breakpoints import breakpoint_of
    from engine.tape.conditions import Condition
    from engine.tape.moments import KNOWN

    try:
        point = breakpoint_of(plain)
        if point.condition:
            Condition(point.condition, KNOWN)
    except ValueError:
        return []
    return [point]


def _before_line(point: Breakpoint) -> bool:
    from engine.tape.breakpoints import On

    plain = not (point.condition or point.skip or point.log)
    return point.on is On.LINE and point.enabled and plain


def run_in(where: FrameType | Any, source: str, beside: Mapping[str, Any]) -> str:
    """Run a text with the names of a frame or namespace, which it may change; return what it says.

    beside: names that are there where the frame has none such.
    """
    out = io.StringIO()
    frame = where if isinstance(where, FrameType) else None
    outer: Any = where if frame is None else frame.f_globals
    own: Any = where if frame is None else frame.f_locals
    names: Any = ChainMap(own, {k: v for k, v in beside.items() if k not in outer})
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            tree = ast.parse(source, "<console>")
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<console>", "exec"), outer, names)
            if isinstance(last, ast.Expr):
                code = compile(ast.Expression(last.value), "<console>", "eval")
                value = eval(code, outer, names)
                if value is not None:
                    print(repr(value))
        except Exception as error:
            out.write("".join(traceback.format_exception_only(error)))
    if frame is not None and own is not outer:  # functions: a copy until Python 3.13
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return out.getvalue()
