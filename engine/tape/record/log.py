"""The list that the engine logs to: it asks to be emptied when it is long or a pass begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import recording

_append = list.append
_PASS = recording.PASS


class Log(list[tuple[Any, ...]]):
    """Calls `full` from an `append` that makes it at least `longest` entries long.

    The same when a pass begins: it frees what the nodes saved.
    """

    __slots__ = ("_full", "_longest")

    def __init__(self, longest: int, full: Callable[[], None]) -> None:
        super().__init__()
        self._longest, self._full = longest, full

    def append(self, entry: tuple[Any, ...]) -> None:
        _append(self, entry)
        if len(self) >= self._longest or entry[0] == _PASS:
            self._full()
