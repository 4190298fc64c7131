"""A section that Ctrl+C does not break in two: the interrupt comes when it is over."""

from __future__ import annotations

import signal
import threading
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

# What the signal module wraps: without its search for enum members it takes a 20th of the time.
_set = getattr(import_module("_signal"), "signal", signal.signal)
_SIGINT = int(signal.SIGINT)


class uninterrupted:
    """Holds SIGINT back while the main thread is inside; other threads never get it."""

    __slots__ = ("_before", "_came")

    def __enter__(self) -> None:
        self._came: tuple[int, FrameType | None] | None = None
        self._before: Any = None
        if threading.get_ident() == threading.main_thread().ident:
            self._before = _set(_SIGINT, self._note)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._before is not None:
            _set(_SIGINT, self._before)
            if self._came is not None and callable(self._before):
                self._before(*self._came)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = number, frame
