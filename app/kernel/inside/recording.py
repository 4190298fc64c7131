"""Let the recorder follow the cells: marks at their borders, and a tape written as it grows."""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import comm

import engine.recording
from app.kernel.inside import checking
from app.kernel.inside.imports import is_engine
from app.kernel.inside.shell import CellKernel, place_of
from app.kernel.inside.streams import CellStream
from engine.tape.record.stops import Stops
from engine.tape.record.transcript import Transcript
from engine.tape.storage.room import NoRoom
from engine.tape.tape import Tape

#: The comm through which the kernel tells how much of the spool can be read.
COMM = "tapedeck.tape"
FLUSH_SECONDS = 0.1
#: Lines of a cell's prints that become marks on the tape.
PRINTED_LINES = 200
_IPYTHONS_NAMES = re.compile(r"_+|_i+|_i?\d+|_oh|_dh|_ih|In|Out|get_ipython|exit|quit|open")


class TapeRecorder(Protocol):
    """What is used of engine.tape.recorder.Recorder."""

    failure: str | None

    def start(self) -> None: ...
    def stop_at(self, stops: Stops | None) -> None: ...
    def stop(self) -> None: ...
    def flush(self) -> int: ...
    def follow(self) -> int: ...
    def begin_cell(
        self, key: str, source: str, count: int, names: Callable[[], dict[str, object]]
    ) -> None: ...
    def register_file(self, filename: str, key: str) -> None: ...
    def end_cell(self, names: dict[str, object]) -> None: ...
    def error(self, exc: BaseException) -> None: ...
    def printed(self, text: str) -> None: ...
    def finish(self) -> None: ...
    def tape(self) -> Tape: ...
    def asked(self, question: Callable[[Transcript], None]) -> None: ...


class CellRecording:
    """Connects one recorder with one kernel, from before the first cell to the end."""

    def __init__(self, kernel: CellKernel, recorder: TapeRecorder) -> None:
        self._kernel, self._recorder = kernel, recorder
        # Kept, because the person may put something else into sys.
        self._streams: tuple[CellStream, ...] = (sys.stdout, sys.stderr)  # type: ignore[assignment]
        self._flushed = 0
        self._line = ""
        self._lines_left = 0
        self._running = threading.Event()
        self._comm: Any = comm.create_comm(target_name=COMM, comm_id=COMM)
        self._lock = threading.Lock()
        self._broken = False

    def begin(self) -> None:
        """Record from now on."""
        self._recorder.start()
        self._flush()
        if isinstance(self._kernel, CellKernel):  # not one that somebody else started
            self._kernel.pauses.recording = self
        self.unrecorded = self._flushed
        events = self._kernel.shell.events
        events.register("pre_run_cell", self._begin_cell)
        events.register("post_run_cell", self._end_cell)
        os.register_at_fork(after_in_child=self._leave_to_parent)
        atexit.register(self.finish)
        threading.Thread(target=self._follow, name="tape", daemon=True).start()

    def finish(self) -> None:
        """Complete the tape; nothing is recorded any more."""
        with self._lock:
            if not self._broken:
                self._broken = True
                self._recorder.stop()
                self._recorder.finish()

    def stop_at(self, stops: Stops | None) -> None:
        """Let the program wait where `stops` says."""
        self._recorder.stop_at(stops)

    def catch_up(self) -> None:
        """Let all be read that happened and was printed, and what parameters are called by now."""
        for stream in self._streams:
            stream.drain()
        self._flush(self._flush_with_names)

    def _flush_with_names(self) -> int:
        self._recorder.asked(Transcript.name_parameters)
        return self._recorder.flush()

    def checked(self, steps: Sequence[int] | None) -> dict[str, Any]:
        """Check the gradients of the person's own Functions (see `checking`)."""
        with self._lock:
            if self._broken:
                return {"status": "unknown", "why": "the recording has ended"}
            tape = self._recorder.tape()
        try:
            return checking.checked(tape, steps)
        finally:
            tape.close()

    def is_empty(self) -> bool:
        """Return whether no cell has run yet."""
        return self._flushed <= self.unrecorded

    def _begin_cell(self, info: Any) -> None:
        self._skip_autoreload()
        self._line, self._lines_left = "", PRINTED_LINES
        stdout, stderr = self._streams
        stdout.begin(self._printed)
        stderr.begin()
        shell = self._kernel.shell
        # IPython has counted the cell already if it keeps it.
        count = shell.execution_count - bool(info.store_history)
        key = self._key(info, count)
        self._recorder.begin_cell(key, info.raw_cell, count, self._names)
        file = shell.compile.get_code_name(info.raw_cell, info.transformed_cell or "", count)
        self._recorder.register_file(file, key)
        self._running.set()

    def _end_cell(self, result: Any) -> None:
        self._kernel.interruptible = False
        self._running.clear()
        if self._line and self._lines_left:
            self._recorder.printed(self._line)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            self._place_error(error)
            self._recorder.error(error)
        self._recorder.end_cell(self._names())
        self._flush()
        for stream in self._streams:
            stream.settle()

    def _key(self, info: Any, count: int) -> str:
        """Return the key of a cell that begins its run."""
        return info.cell_id or ""

    def _place_error(self, error: BaseException) -> None:
        """Let the reply say where an error came up."""
        self._kernel.error_place = place_of(error, self._kernel.shell.compile)

    def _names(self) -> dict[str, object]:
        """Return the person's names without those that IPython made."""
        shell = self._kernel.shell
        hidden = shell.user_ns_hidden
        return {
            name: value
            for name, value in shell.user_ns.items()
            if not _IPYTHONS_NAMES.fullmatch(name)
            and not (name in hidden and hidden[name] is value)
        }

    def _printed(self, text: str) -> None:
        """Mark what is printed, line by line, up to a limit per cell."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines[: self._lines_left]:
            self._recorder.printed(line)
            self._lines_left -= 1
        if not self._lines_left:
            self._streams[0].listener = None

    def _follow(self) -> None:
        pause = threading.Event()
        while self._running.wait():
            for stream in self._streams:
                stream.drain()
            self._flush(self._recorder.follow)
            pause.wait(FLUSH_SECONDS)

    def _flush(self, write: Callable[[], int] | None = None) -> None:
        """Write what was recorded, all or some of it, and tell how far the spool can be read."""
        with self._lock:
            if self._broken:
                return
            try:
                flushed = (write or self._recorder.flush)()
            except NoRoom as error:
                self._give_up(str(error))
                return
            except OSError as error:
                self._give_up(f"it cannot be written ({error})")
                return
        if self._recorder.failure:
            self._give_up(self._recorder.failure)
        if flushed != self._flushed:
            self._flushed = flushed
            self._comm.send({"bytes": flushed})

    def _give_up(self, reason: str) -> None:
        self._broken = True
        self._recorder.stop()
        print(f"The recording ends here: {reason}.", file=self._streams[1])
        self._comm.send({"bytes": self._flushed, "ended": reason})

    def _leave_to_parent(self) -> None:
        """In a forked child: it shares the spool's descriptor, and only the kernel may write."""
        engine.recording.log = None
        self._broken = True
        self._running = threading.Event()
        for stream in self._streams:
            stream.forget()

    def _skip_autoreload(self) -> None:
        """Keep %autoreload from reloading the engine: its classes must stay the same objects."""
        magics = self._kernel.shell.magics_manager.registry.get("AutoreloadMagics")
        if magics is not None:
            reloader = magics._reloader  # noqa: SLF001 (IPython offers only magics by name)
            skipped = {name: True for name in list(sys.modules) if is_engine(name)}
            reloader.skip_modules.update(skipped)
