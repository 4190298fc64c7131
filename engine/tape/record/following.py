"""Writing while the program runs: a piece and then a rest, so that most of the time is left to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

_REST = 4.0  # times what the program could not run for a piece


class Follower:
    """Writes what was logged piece by piece, without a rest only while the program logs nothing.

    write: writes a piece; returns how many entries of the log that was, and the seconds for which
    it held Python's lock, about: large arrays are written without it. is_behind: whether so much
    waits that there is no time to rest.
    """

    def __init__(
        self,
        log: list[tuple[Any, ...]],
        write: Callable[[], tuple[int, float]],
        is_behind: Callable[[], bool],
    ) -> None:
        self._log, self._write, self._is_behind = log, write, is_behind
        self._turn = threading.Lock()  # one thread follows at a time
        self._rests_until = 0.0  # by time.perf_counter

    def follow(self) -> None:
        """Write what there is, or a piece of it if the program is busy."""
        if self._turn.acquire(blocking=False):
            try:
                left = len(self._log)  # what is logged from now on is for the next time
                while self._is_awake():
                    taken = self._piece()
                    left -= taken
                    if left <= 0 or not taken:
                        break
            finally:
                self._turn.release()

    def _is_awake(self) -> bool:
        return time.perf_counter() >= self._rests_until or self._is_behind()

    def _piece(self) -> int:
        before = len(self._log)
        taken, seconds = self._write()
        if len(self._log) > before - taken:  # the program logged something meanwhile
            self._rests_until = time.perf_counter() + _REST * seconds
        return taken
