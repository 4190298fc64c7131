"""Back-pressure: what was logged and is not written yet stays within bounds; else the program waits.

The log is a plain list. Where it grows faster than it is taken down and written, `recording.log` is
a `Patient` until it is short again: whoever appends to that waits.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from engine import recording
from engine.tape.record.watch import Entry

MANY = 1 << 14  # entries in the log that the watch takes down itself
LONGEST = 1 << 20  # entries in the log: where there are more, the program waits
_OF_ITS_OWN = 400  # bytes of an entry beside the elements of its arrays
_RELIEVED = 0.5  # the part of what may wait at which the program goes on
_SAMPLES = 256  # entries that are weighed for all
_LEAST, _MOST = 256 << 20, 4 << 30  # bytes
_SHARE = 8  # the part of the machine's memory that may wait to be written


def budget() -> int:
    """Return how many bytes of arrays may wait to be written: an eighth of memory, 4 GiB at most."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        memory = 0
    return min(max(memory // _SHARE, _LEAST), _MOST)


class Patient:
    """What takes the place of a log that is too long: an append waits until it is short."""

    def __init__(self, entries: list[Entry], relieve: Callable[[], None]) -> None:
        self._entries, self._relieve = entries, relieve

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._relieve()


class Pressure:
    """Lets the program wait while too much waits to be written.

    pending: returns the bytes that were taken down and not written yet. take_down: takes down all.
    write: takes down and writes all but a plain pass that is not over; write_some: a piece of it,
    and returns how many entries that was; follow: as much as a busy program allows. waited: seconds
    in which the program stood still.
    """

    def __init__(
        self,
        log: list[Entry],
        pending: Callable[[], int],
        take_down: Callable[[], None],
        write: Callable[[], int],
        write_some: Callable[[], int],
        follow: Callable[[], int],
    ) -> None:
        self._log, self._pending, self._take_down = log, pending, take_down
        self._write, self._write_some, self._follow = write, write_some, follow
        self._stale = 0  # appends to the patient since it was last needed
        self.patient = Patient(log, self._relieve)
        self.most = budget()
        self.front: Any = log  # what the engine logs to while there is no pressure
        self._behind = False
        self.waited = 0.0

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of what the program has to wait for."""
        began, own = time.perf_counter(), time.thread_time()
        yield
        self.waited += time.perf_counter() - began - (time.thread_time() - own)

    def look(self) -> None:
        """Write where the log is long, and let the program wait where it is too long."""
        behind = self.is_behind()
        self._behind = behind
        if behind and recording.log is self._log:
            recording.log = self.patient
            if self.front is not self._log:  # since
                recording.log = self.front
        if behind or len(self._log) > MANY:
            self._follow()

    def hurry(self) -> None:
        """Let the program wait here if too much waits: what it logs to is none of ours."""
        if self._behind:
            self._behind = False
            self._make_short()

    def is_behind(self, part: float = 1.0) -> bool:
        """Whether more waits than may, or than a part of that."""
        if len(self._log) > LONGEST * part:
            return True
        return self._pending() + weight(self._log) > self.most * part

    def after_writing(self) -> None:
        """The program is about to write in place, and what shows the old values was copied."""
        if self._pending() > self.most:
            with self.waiting():
                self._write()

    def _relieve(self) -> None:
        """An entry was appended to a log that was too long: whoever did that makes it short."""
        if recording.log is not self.patient:  # a pass that began then still appends to it
            self._stale += 1
            if self._stale % 1024:
                return
        self._make_short()
        if recording.log is self.patient:
            recording.log = self.front

    def _make_short(self) -> None:
        with self.waiting():
            while self.is_behind(_RELIEVED) and self._write_some():
                pass
            if self.is_behind():  # with a pass that is not over
                self._take_down()
                self._write()


def portion(entries: list[Entry], most: int, size: int) -> int:
    """Return how many of the oldest entries to take: `most`, or those with so many bytes."""
    some = entries[:most]
    if weight(some) <= size:
        return most
    total = 0
    for count, entry in enumerate(some, 1):
        total += _weight(entry)
        if total > size:
            return count
    return most


def weight(entries: list[Entry]) -> int:
    """Estimate the bytes of what entries keep alive."""
    every = max(len(entries) // _SAMPLES, 1) | 1
    return sum(map(_weight, entries[::every])) * every


def _weight(entry: Entry) -> int:
    kind = entry[0]
    nbytes = _OF_ITS_OWN
    if kind == recording.OPERATION:
        nbytes += getattr(getattr(entry[2], "_a", None), "nbytes", 0)
    elif kind == recording.STEP:
        nbytes += sum(array.nbytes for array in entry[3] if array is not None)
    elif kind == recording.ACCUMULATE:
        nbytes += entry[3].nbytes
    return nbytes
