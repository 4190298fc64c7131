"""Writing while the program runs: a piece and then a rest, so that most of the time is left to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

_REST = 4.0  # times what writing a piece took


class Follower:
    """Writes what was logged piece by piece, without a rest only while the program logs nothing.

    write: writes a piece; returns how many entries of the log that was. is_behind: whether so much
    waits that there is no time to rest.
    """

    def __init__(
        self, log: list[tuple[Any, ...]], write: Callable[[], int], is_behind: Callable[[], bool]
    ) -> None:
        self._log, self._write, self._is_behind = log, write, is_behind
        self._turn = threading.Lock()  # one thread follows at a time
        self._rests_until = 0.0  # by time.perf_counter

    def follow(self) -> None:
        """Write what there is, or a piece of it if the program is busy."""
        if self._turn.acquire(blocking=False):
            try:
                while self._is_awake() and self._goes_on():
                    pass
            finally:
                self._turn.release()

    def _is_awake(self) -> bool:
        return time.perf_counter() >= self._rests_until or self._is_behind()

    def _goes_on(self) -> bool:
        """Write a piece; return whether there is more."""
        before, began = len(self._log), time.perf_counter()
        taken = self._write()
        left, now = len(self._log), time.perf_counter()
        if left > before - taken:  # the program logged something meanwhile
            self._rests_until = now + _REST * (now - began)
        return taken > 0 and left > 0
