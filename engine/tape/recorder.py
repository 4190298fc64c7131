"""The recorder: drains what the engine logged into the tables of a growing tape."""

from __future__ import annotations

import contextlib
import linecache
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from engine import process, recording
from engine.tape.record import transcript
from engine.tape.record.arrays import fill_in
from engine.tape.record.calm import uninterrupted
from engine.tape.record.following import Follower
from engine.tape.record.garbage import Collector
from engine.tape.record.meanwhile import Namespace
from engine.tape.record.order import Held, as_served, whole_passes
from engine.tape.record.places import frames
from engine.tape.record.pressure import Pressure, portion
from engine.tape.record.rows import capped, message
from engine.tape.record.spool import Spool
from engine.tape.record.transcript import Transcript
from engine.tape.record.watch import Bell, Watch
from engine.tape.storage.room import NoRoom
from engine.tape.tape import Tape

if TYPE_CHECKING:
    from engine.tape.record.stops import Stops

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_PRINT_LIMIT = 2000
_SOURCE_LIMIT = 1 << 20
_AT_ONCE = 1024
_LONGEST_PASS = 1 << 16  # entries of a pass that is not over, which are held back
_PER_SEGMENT = 16_384  # entries: a reader sees a long run grow steadily
_BYTES_PER_SEGMENT = 64 << 20  # of arrays: what a kernel that is killed was just writing is lost


class Recorder:
    """Records everything that the engine does from `start` to `stop`.

    The engine appends tuples to `recording.log`, a plain list, and goes on. They become rows when
    `flush` is called, from any thread, which writes them; before memory is overwritten that they
    show; and when the watch finds many. Where that is slower than the program, the program waits.
    A failure of the recorder ends the recording, with a line in the log and in `failure`, and never
    reaches the person's code.
    """

    def __init__(
        self, path: Path | str | None = None, keep: float = math.inf, most: float = math.inf
    ) -> None:
        """Record into a new file, or in memory.

        keep: bytes of arrays that are kept whole. Once so many are recorded, of arrays of more than
        64 bytes only statistics are. Into a file, arrays are in memory until they are written, of
        which at most an eighth of the machine's memory waits (4 GB). most: bytes that the file may
        have; there the recording ends, as where its disk is about to be full (`storage.room`).
        """
        self._spool = Spool(None if path is None else Path(path), most)
        self._transcript = Transcript()
        self._transcript.arrays.limit(keep)
        self._listen([])
        self._held = Held([])
        self._taken = 0  # entries, by the latest drain
        self._taking = 0.0  # seconds, for the latest segment
        self._watch: Watch | None = None
        self._lock = threading.RLock()  # the transcript
        self._pid = os.getpid()
        self._began, self._drained = time.perf_counter(), 0.0
        self._arrays_written = 0
        self._unsettled = 0
        self._busy = False
        self.failure: str | None = None
        self._stops: Stops | None = None

    @property
    def waited(self) -> float:
        """Seconds in which the program stood still for the recorder."""
        return self._pressure.waited

    # --- on and off ------------------------------------------------------------------------
    def start(self) -> None:
        """Let the engine log to this recorder."""
        if self.failure is None and not self._spool.finished:
            recording.before_write = self._before_write
            recording.before_change = self._before_change
            recording.enter_scope = self._transcript.scopes.enter
            recording.log = self._log
            self.stop_at(self._stops)
            self._collector.begin()
            if self._watch is None:
                self._watch = Watch(self._look, process.give_back)

    def stop(self) -> None:
        """Let the engine work unseen; what was logged is kept."""
        on, watch = self._is_on(), self._watch
        if on:
            _switch_off()
        if watch is not None:
            self._watch = None
            watch.end()
        if on:
            self._calmly(self._drain)
        self._collector.end()

    def __enter__(self) -> Recorder:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is not None:
            self.error(error)
        self.stop()

    def stop_at(self, stops: Stops | None) -> None:
        """Let the program wait where `stops` says, from now on; None: nowhere."""
        calls, before, self._stops = self._transcript.scopes, self._pressure.front, stops
        if self._is_on():
            if stops is not None:
                stops.begin(self._log, self, self._pressure.hurry, calls)
            self._pressure.front = self._log if stops is None else stops
            ours = (self._log, self._bell, self._pressure.patient, before)
            recording.put(ours, self._pressure.front)
            recording.watched = stops is not None
            recording.enter_scope = calls.enter if stops is None else stops.enter_scope

    # --- what the kernel tells -------------------------------------------------------------
    def begin_cell(self, key: str, source: str, count: int, names: Namespace | None = None) -> None:
        """A cell is about to be compiled and run; names: gives the namespace it runs in."""
        seen = set(linecache.cache)
        source = capped(source, _SOURCE_LIMIT)
        count = count if count is not None else -1
        self._note(transcript.BEGIN_CELL, key, source, count, seen, names)

    def end_cell(self, names: Mapping[str, object]) -> None:
        """The cell is over, whether it raised or not; names: the namespace as it left it."""
        self._after_draining(self._transcript.end_cell, names)

    def register_file(self, filename: str, key: str) -> None:
        """Say that the code of a file is that of the cell `key`, which began already."""
        self._after_draining(self._transcript.register_file, filename, key)

    def error(self, exc: BaseException) -> None:
        """The person's code raised; the error is shown at the innermost line that is theirs."""
        self._note(transcript.ERROR, message(exc), frames(exc))

    def printed(self, text: str) -> None:
        """The person's code printed a line."""
        self._note(transcript.PRINTED, capped(text, _PRINT_LIMIT))

    # --- reading ---------------------------------------------------------------------------
    def flush(self) -> int:
        """Write what happened since; return the bytes that are safely in the spool.

        Raises OSError where the file cannot be written; nothing of this flush is in it then.
        """
        left = len(self._log)  # what is logged from now on is left to the next flush
        while not self._spool.finished and os.getpid() == self._pid:
            taken = self._write_next()
            left -= taken
            if left <= 0 or not taken:
                break
        return self._spool.end

    def follow(self) -> int:
        """Write some of what happened, but leave most of the time to a program that is busy.

        Returns the bytes that are safely in the spool; raises as `flush` does.
        """
        if os.getpid() == self._pid:
            self._follower.follow()
        return self._spool.end

    def finish(self) -> None:
        """Complete the tape: summary, directory, and everything on the disk."""
        if self._spool.finished or os.getpid() != self._pid:
            return
        self.stop()
        self.flush()
        self._spool.finish()

    def tape(self) -> Tape:
        """Return what was recorded so far; call `refresh` on it for more."""
        self.flush()
        return self._spool.read()

    def asked(self, question: Callable[[Transcript], _T]) -> _T:
        """Return an answer of the transcript once all that was logged is in it."""
        with uninterrupted(), self._lock:
            self._work(self._drain)
            return question(self._transcript)

    # --- inside ----------------------------------------------------------------------------
    def _note(self, *entry: Any) -> None:
        if self.failure is None and not self._spool.finished:
            self._log.append(entry)

    def _listen(self, log: list[tuple[Any, ...]]) -> None:
        """Take an empty list as the log."""
        self._log = log
        self._bell = Bell(log, self._ring)
        self._collector = Collector(log)
        self._follower = Follower(log, self._piece, lambda: self._pressure.is_behind())
        self._pressure = Pressure(
            log, lambda: self._transcript.arrays.pending, lambda: self._calmly(self._drain),
            lambda: self._here(self.flush), lambda: self._here(self._write_next),
            lambda: self._here(self.follow),
        )  # fmt: skip

    def _is_on(self) -> bool:
        pressure = self._pressure
        return recording.is_taken(self._log, self._bell, pressure.patient, pressure.front)

    def _drain(self, most: int = sys.maxsize, hold: bool = False) -> None:
        """Take down what was logged, the oldest `most` entries or a few more.

        hold: a plain pass that is not over stays in the log, unless it is very long.
        """
        log, now = self._log, time.perf_counter() - self._began
        # Slices are single steps for other threads: what is appended meanwhile stays in the list.
        waiting = len(log)
        if waiting == 1 and log[0][0] == recording.OPERATION:  # between the writes of an optimizer
            entries = log[:1]
        else:
            entries = whole_passes(log, most, _LONGEST_PASS) if hold else log[:waiting]
            entries = as_served(entries)
        count = len(entries)
        span = (now - self._drained) / max(waiting, 1)
        for start in range(0, count, _AT_ONCE):
            some = entries[start : start + _AT_ONCE]
            then = self._drained + span * len(some)
            self._transcript.take_down(some, self._drained, then)
            self._drained = then
            self._unsettled += len(some)
            if self._unsettled >= _AT_ONCE:
                self._settle()
        del log[:count]
        if count >= waiting:
            self._drained = now
        self._transcript.arrays.forget()
        self._taken = count
        if count:
            self._held = Held([])

    def _settle(self) -> None:
        """Should something fail later, what was taken down up to here stays."""
        self._transcript.batch.settle()
        self._unsettled = 0

    def _drain_and(self, work: Callable[..., None], *args: Any) -> None:
        self._drain()
        work(*args)

    def _before_write(self, tensor: Any) -> None:
        self._at_once(self._protect, tensor)
        self._pressure.after_writing()

    def _before_change(self) -> None:
        self._at_once(self._drain)

    def _protect(self, tensor: Any) -> None:
        """Take down what shows the tensor's memory: of a plain pass that serves its leaves, nothing."""
        if self._log and not self._held.still(self._log):
            self._drain(hold=True)
            self._held = Held(self._log)
        if self._log and (self._held.shows(tensor) or not self._held.still(self._log)):
            self._drain()
        self._transcript.write_begins(tensor)

    def _after_draining(self, work: Callable[..., None], *args: Any) -> None:
        self._calmly(self._drain_and, work, *args)

    def _look(self) -> bool:
        """Now and then, in the thread of the watch; return whether the next entry rings for it."""
        if self.failure is not None:
            if self._is_on():  # a Function whose forward ran meanwhile put it back
                _switch_off()
            self._log.clear()
            return True
        self._collector.look()
        self._pressure.look()
        if not self._log and recording.log is self._log:
            recording.log = self._bell
            if self._pressure.front is not self._log:  # since
                recording.log = self._pressure.front
        return recording.log is self._bell and not self._log

    def _ring(self) -> None:
        if recording.log is self._bell:
            recording.log = self._pressure.front
            if self._watch is not None:
                self._watch.wake()

    def _here(self, write: Callable[[], int]) -> int:
        """Write, where `failure` says what goes wrong; not in a finalizer inside of a flush."""
        if os.getpid() == self._pid and not self._spool.is_mine:
            with contextlib.suppress(OSError):
                return write()
        return 0

    def _piece(self) -> tuple[int, float]:
        return (0 if self._spool.finished else self._write_next()), self._taking

    def _write_next(self) -> int:
        """Write a segment, alone; return how many entries were taken down for it."""
        with self._spool.alone():
            try:
                return self._write(_PER_SEGMENT)
            finally:
                self._collector.look()

    def _calmly(self, work: Callable[..., object], *args: Any) -> None:
        """Work on the transcript: an interrupt waits, and an error of ours ends the recording."""
        if os.getpid() == self._pid:  # a forked child's lock may be held by nobody in it
            with uninterrupted(), self._lock:
                self._work(work, *args)

    def _at_once(self, work: Callable[..., object], *args: Any) -> None:
        """The same in the program's thread, which may have to wait for another one."""
        if os.getpid() != self._pid:
            return
        with uninterrupted():
            if not self._lock.acquire(blocking=False):
                with self._pressure.waiting():
                    self._lock.acquire()
            try:
                self._work(work, *args)
            finally:
                self._lock.release()

    def _work(self, work: Callable[..., object], *args: Any) -> None:
        if self.failure is not None or self._busy:  # code of the person's that ran inside ours
            return
        self._busy = True
        try:
            work(*args)
        except Exception as error:  # whatever it is, it is not the person's
            self._transcript.batch.roll_back()
            self._fail(error)
        finally:
            self._busy = False

    def _fail(self, error: Exception) -> None:
        self.failure = message(error)
        if isinstance(error, NoRoom):
            self.failure = str(error)
        else:
            _log.error("the recording ends here: %s", self.failure, exc_info=error)
        if self._is_on():
            _switch_off()
        self._log.clear()

    def _write(self, most: int) -> int:
        """Write one segment; return how many entries were taken down for it.

        Arrays are written outside the lock, straight from their memory.
        """
        began = time.perf_counter()
        with self._lock:
            self._taken = 0
            most = portion(self._log, most, _BYTES_PER_SEGMENT)
            self._calmly(self._drain, most, True)
            taken, self._taking = self._taken, time.perf_counter() - began
            batch, arrays = self._transcript.batch, self._transcript.arrays
            if batch.empty:
                return taken
            first = self._arrays_written
            self._arrays_written = batch["arrays"].count
            tables, texts = batch.take()
            payloads, late = arrays.take()
        try:
            payloads = fill_in(tables["arrays"], first, late, payloads)
            self._spool.append(tables, texts, payloads)
        except Exception as error:
            self._fail(error)
            raise
        finally:
            arrays.land()
        return taken


def _switch_off() -> None:
    recording.take_away()
    recording.unhook()
