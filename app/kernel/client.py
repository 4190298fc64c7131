"""The kernel as the window sees it: a QObject that starts, runs and ends it, and signals."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Container, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.kernel.messages import Budget, Event, Job, OutputLimit, Reply
from app.kernel.worker import Worker

__all__ = ["Kernel", "OutputLimit", "Reply"]

#: The key under which our own facts travel in a message's metadata.
METADATA = "tapedeck"
#: What a kernel that was shut down may still tell when the next one runs already.
CELL_EVENTS = ("outputs", "cleared", "finished")


class Kernel(QObject):
    """One kernel and its successors after restarts. No method blocks; signals tell what came of it.

    The state is "stopped" (not started, or shut down), "starting", "idle", "busy" or "dead".
    """

    state_changed = Signal(str)
    started_cell = Signal(str, int)  # key, execution count
    outputs = Signal(
        str, list
    )  # key, nbformat-4 outputs to append; streams merged, ≤ 30 per second
    cleared = Signal(str)  # key: its outputs so far are void
    held_back = Signal(str, int)  # key, lines printed beyond the limit so far
    finished = Signal(str, object)  # key, Reply
    tape_ready = Signal(object)  # Path of the spool; once per life, when it can be opened
    tape_grew = Signal()  # more was flushed
    tape_ended = Signal(str)  # why nothing more is recorded
    died = Signal(str)  # how the process ended, and its last words
    watched = Signal(str, str, int)  # key, source, count: what somebody else runs in this kernel
    #: Key; {"cell", "line"}, inside an operation or a pass also {"what", "pass", "name", "error",
    #: "has"}, and "said" by what was run in the pause.
    paused = Signal(str, dict)
    input_requested = Signal(str, str, bool)  # key, prompt, whether it is a password
    completed = Signal(int, dict)  # token, complete_reply content
    inspected = Signal(int, dict)  # token, inspect_reply content
    tried = Signal(int, dict)  # token, what a line would do (see app.kernel.inside.trial)
    checked = Signal(int, dict)  # token, outcomes for Functions (see app.kernel.inside.checking)
    listed = Signal(int, dict)  # token, the tensors that a line can name
    _arrived = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        limit: OutputLimit | None = None,
        folder: Path | None = None,
        transport: str | None = None,
    ) -> None:
        """`limit` caps what one cell may put out; `folder` is where spools are kept (else the
        system's temporary folder); `transport` "tcp" or "ipc" overrides the platform's choice."""
        super().__init__(parent)
        self.state = "stopped"
        #: What the next life may use.
        self.keep, self.memory = Budget()
        self._limit, self._folder, self._transport = limit, folder, transport
        self._cwd: Path | None = None
        self._worker: Worker | None = None
        self._workers: list[Worker] = []  # this one, and those that are still closing
        self._mailbox: deque[Event] = deque()
        self._lock = threading.Lock()
        self._tokens = 0
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(partial(_close, self._workers))

    def start(self, cwd: Path | None = None) -> None:
        """Start a kernel whose working folder is `cwd`; one that runs is ended first."""
        self._cwd = cwd
        self._living().start(cwd, Budget(self.keep, self.memory))

    def attach(self, file: Path) -> None:
        """Watch the kernel that a connection file leads to; it is left alone in the end."""
        self._living().attach(file, Budget(self.keep, self.memory))

    def _living(self) -> Worker:
        """Return the worker, made now if there is none."""
        if self._worker is None:
            self._workers[:] = [worker for worker in self._workers if not worker.join(0)]
            box: list[Worker] = []
            self._worker = Worker(
                lambda event: self._receive(event, box),
                busy=lambda: bool(self._mailbox),
                limit=self._limit,
                base=self._folder,
                transport=self._transport,
            )
            box.append(self._worker)
            self._workers.append(self._worker)
        return self._worker

    def execute(self, key: str, source: str, may_raise: bool = False) -> None:
        """Run a cell after those that wait; its error ends their run unless it `may_raise`."""
        self._execute([Job(key, source, may_raise)], True)

    def execute_many(
        self,
        cells: Sequence[tuple[str, str]],
        stop_on_error: bool = True,
        may_raise: Container[str] = (),
        stops: Sequence[object] = (),
    ) -> None:
        """Run cells, (key, source), in order; errors of those in `may_raise` end nothing.

        The program waits at the breakpoints `stops` (`Breakpoint.plain`), see `paused`.
        """
        metadata = {METADATA: {"stops": list(stops)}} if stops else {}
        jobs = [Job(key, source, key in may_raise, metadata) for key, source in cells]
        self._execute(jobs, stop_on_error)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell; those that wait are aborted."""
        if self._worker is not None:
            self._worker.interrupt()

    def restart(self) -> None:
        """End the kernel, however it may hang, and start a new one in the same folder."""
        self.start(self._cwd)

    def shutdown(self) -> None:
        """End the kernel and remove what it used; `start` makes a new one."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def join(self, seconds: float = 5.0) -> bool:
        """Wait until what was shut down is gone; returns whether it is."""
        deadline = time.monotonic() + seconds
        waiting = [worker for worker in self._workers if worker is not self._worker]
        return all(worker.join(max(0.0, deadline - time.monotonic())) for worker in waiting)

    def reply_input(self, text: str) -> None:
        """Answer `input_requested`."""
        if self._worker is not None:
            self._worker.reply_input(text)

    def resume(self, how: str, stops: Sequence[object]) -> None:
        """Let a paused program go on to the next of `stops`; how: of `engine.tape.breakpoints`."""
        self.reply_input(json.dumps({"go": how, "stops": list(stops)}))

    def run_paused(self, source: str) -> None:
        """Run a text with the names of the paused program; `paused` comes again with its words."""
        self.reply_input(json.dumps({"run": source}))

    def complete(self, source: str, position: int) -> int:
        """Ask how `source` may go on at `position`; `completed` comes with the returned token."""
        return self._ask("complete_request", "completed", {"code": source, "cursor_pos": position})

    def inspect(self, source: str, position: int, detail: int = 0) -> int:
        """Ask what is at `position`; `inspected` comes with the returned token."""
        content = {"code": source, "cursor_pos": position, "detail_level": detail}
        return self._ask("inspect_request", "inspected", content)

    def try_line(self, source: str, result: str) -> int:
        """Ask what `source` would do, without doing it; `tried` comes with the returned token."""
        return self._ask("trial_request", "tried", {"source": source, "result": result})

    def check_functions(self, steps: Sequence[int]) -> int:
        """Ask whether what steps of the person's own Functions sent agrees with differences."""
        return self._ask("check_request", "checked", {"steps": list(steps)})

    def list_tensors(self) -> int:
        """Ask which tensors a line can name; `listed` comes with the returned token."""
        return self._ask("tensors_request", "listed", {})

    def _execute(self, jobs: Sequence[Job], stop_on_error: bool) -> None:
        if self._worker is not None:
            self._worker.execute(jobs, stop_on_error)
        else:
            for job in jobs:
                self._receive(Event("finished", (job.key, Reply("aborted"))))

    def _ask(self, kind: str, event: str, content: dict[str, object]) -> int:
        self._tokens += 1
        if self._worker is not None:
            self._worker.request(kind, content, event, self._tokens)
        else:
            self._receive(Event(event, (self._tokens, {"status": "aborted"})))
        return self._tokens

    def _receive(self, event: Event, sender: Sequence[Worker] = ()) -> None:
        """Take an event in the worker's thread; the window hears of a batch once."""
        successor = self._worker
        if sender and successor not in (None, sender[0]) and event.name not in CELL_EVENTS:
            return  # the state is the successor's
        with self._lock:
            first = not self._mailbox
            self._mailbox.append(event)
        if first:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                self._arrived.emit()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            events = list(self._mailbox)
            self._mailbox.clear()
        for event in events:
            if event.name == "state_changed":
                (self.state,) = event.arguments
            getattr(self, event.name).emit(*event.arguments)


def _close(workers: Sequence[Worker], *_: object) -> None:
    """The QObject is gone; nobody else will end these."""
    for worker in workers:
        worker.close()
