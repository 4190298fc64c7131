"""Keeps the log short without a cost for the program: a thread looks after it now and then.

The log is a plain list. Where it grows faster than it is taken down and written, `recording.log` is
a `Patient` until it is short again: whoever appends to that waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from engine import recording

Entry = tuple[Any, ...]

_EVERY = 0.025  # seconds between two looks
_SAMPLES = 256  # entries that are weighed for all


class Patient:
    """What takes the place of a log that is too long: an append waits until it is short."""

    def __init__(self, entries: list[Entry], relieve: Callable[[], None]) -> None:
        self._entries, self._relieve = entries, relieve

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._relieve()


class Watch:
    """A thread that calls `look` as long as the recording is on."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tape watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Return when the thread is over, unless it is this one."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_EVERY):
            self._look()


def weight(entries: list[Entry]) -> int:
    """Estimate the bytes of the arrays that entries keep alive."""
    every = max(len(entries) // _SAMPLES, 1) | 1
    return sum(map(_weight, entries[::every])) * every


def _weight(entry: Entry) -> int:
    kind = entry[0]
    if kind == recording.OPERATION:
        return getattr(getattr(entry[2], "_a", None), "nbytes", 0)
    if kind == recording.STEP:
        return sum(array.nbytes for array in entry[3] if array is not None)
    return entry[3].nbytes if kind == recording.ACCUMULATE else 0
