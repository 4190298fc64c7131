"""Let the person's program wait at a line, while its variables are looked at and changed."""

# mypy: allow-untyped-calls
from __future__ import annotations

import ast
import contextlib
import ctypes
import io
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: How a request for input begins that asks what to do at a pause.
MARK = "\0tapedeck pause "


class Pauses:
    """Watches the lines of cells while there are any to pause at; without any it costs nothing.

    `ask` takes a question and returns the person's answer; it may raise KeyboardInterrupt, which
    then comes up at the line. `key_of` tells which cell a file name stands for, "" for none.
    """

    def __init__(self, ask: Callable[[str], str], key_of: Callable[[str], str]) -> None:
        self._ask, self._key_of = ask, key_of
        self._lines: dict[str, frozenset[int]] = {}

    def set(self, places: Sequence[Sequence[Any]]) -> None:
        """Pause at these places from now on: (cell's key, 1-based line)."""
        found: dict[str, set[int]] = {}
        for key, line in places:
            found.setdefault(str(key), set()).add(int(line))
        self._lines = {key: frozenset(lines) for key, lines in found.items()}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Pause in the code that runs inside, in this thread."""
        if not self._lines:
            yield
            return
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        lines = self._lines.get(self._key_of(frame.f_code.co_filename))
        if not lines:
            return None

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line" and frame.f_lineno in lines:
                self._pause(frame)
            return trace

        return trace

    def _pause(self, frame: FrameType) -> None:
        """Do what the person says until they let the program go on."""
        place = {"cell": self._key_of(frame.f_code.co_filename), "line": frame.f_lineno}
        said = ""
        while True:
            answer = json.loads(self._ask(MARK + json.dumps(place | {"said": said})))
            if "run" not in answer:
                return
            said = run_in(frame, str(answer["run"]))


def run_in(frame: FrameType, source: str) -> str:
    """Run a text with a frame's names, which it may change, and return what it says."""
    out = io.StringIO()
    names: Mapping[str, Any] = frame.f_locals
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            tree = ast.parse(source, "<console>")
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<console>", "exec"), frame.f_globals, names)
            if isinstance(last, ast.Expr):
                code = compile(ast.Expression(last.value), "<console>", "eval")
                value = eval(code, frame.f_globals, names)
                if value is not None:
                    print(repr(value))
        except Exception as error:
            out.write("".join(traceback.format_exception_only(error)))
    if names is not frame.f_globals:  # a function's variables are a copy until Python 3.13
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return out.getvalue()
