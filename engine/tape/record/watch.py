"""Looks after the log without a cost for the program: a thread that sleeps while nothing happens.

The log is a plain list, which tells nobody that it grew. Where it stays empty, `recording.log` is a
`Bell` until the next entry: that wakes the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Entry = tuple[Any, ...]

_EVERY = 0.025  # seconds between two looks
_IDLE = 1.0  # the same while nothing is logged
_LONG = 10  # such looks in a row: the program rests


class Bell:
    """What takes the place of an empty log: its first append wakes the thread."""

    def __init__(self, entries: list[Entry], ring: Callable[[], None]) -> None:
        self._entries, self._ring = entries, ring

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._ring()


class Watch:
    """A thread that calls `look` as long as the recording is on.

    look: returns whether nothing will need it before `wake` is called. rest: called once the program
    has logged nothing for long.
    """

    def __init__(self, look: Callable[[], bool], rest: Callable[[], None] = lambda: None) -> None:
        self._look, self._rest = look, rest
        self._is_over = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tape watch", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look soon, and often until nothing is to do again."""
        self._woken.set()

    def end(self) -> None:
        """Return when the thread is over, unless it is this one."""
        self._is_over = True
        self._woken.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        quiet = 0
        while not self._is_over:
            self._woken.wait(_IDLE if quiet else _EVERY)
            self._woken.clear()
            if not self._is_over:
                quiet = quiet + 1 if self._look() else 0
                if quiet == _LONG:
                    self._rest()
