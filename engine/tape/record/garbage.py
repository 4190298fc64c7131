"""Python's garbage collector while a recorder listens: it need not look at what the log keeps.

An entry keeps several objects alive that lead to no cycle. Were they left to the collector, it would
go over each of them once or twice and find nothing, which takes longer than to log them.
"""

from __future__ import annotations

import gc
import os
import weakref

_OBJECTS = 5  # that an entry keeps alive and the collector knows: tuples, a tensor, a node
_NEVER = 1 << 30
_begun: weakref.WeakSet[Collector] = weakref.WeakSet()


class Collector:
    """Lets the collector come when more objects are new than the entries of the log explain.

    The person may set other thresholds, which are left alone from then on.
    """

    def __init__(self, log: list[tuple[object, ...]]) -> None:
        self._log = log
        self._before = self._set = (0, 0, 0)  # thresholds; zeros where it is not begun

    def begin(self) -> None:
        """The log may grow from now on."""
        if self._before[0] == 0:
            self._before = self._set = gc.get_threshold()
            _begun.add(self)
            self.look()

    def look(self) -> None:
        """Now and then: compare the number of new objects with the length of the log."""
        first, *later = self._before
        if first > 0 and gc.get_threshold() == self._set:
            explained = gc.get_count()[0] <= first + _OBJECTS * len(self._log)
            self._set = (_NEVER if explained else first, *later)  # type: ignore[assignment]
            gc.set_threshold(*self._set)

    def end(self) -> None:
        """The log is empty again, or let go."""
        if self._before[0] > 0 and gc.get_threshold() == self._set:
            gc.set_threshold(*self._before)
        self._before = (0, 0, 0)
        _begun.discard(self)


def _leave_to_parent() -> None:
    """In a forked child nobody records."""
    for collector in list(_begun):
        collector.end()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_to_parent)
