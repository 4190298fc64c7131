"""The thread that owns a kernel: it takes commands, moves messages, and posts events."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import queue
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import zmq

from app.kernel.attached import AttachedLife, NoKernel
from app.kernel.cells import NEVER, Cells
from app.kernel.folders import sweep
from app.kernel.life import GRACE_SECONDS, Life
from app.kernel.messages import Budget, Event, Job, OutputLimit, Reply


class Worker:
    """Runs a kernel in a thread of its own. Any thread may call the methods; they return at once.

    `post` is called in the worker's thread with everything that happens; while `busy` says that
    earlier events were not looked at yet, outputs wait and are merged.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        busy: Callable[[], bool] = lambda: False,
        limit: OutputLimit | None = None,
        base: Path | None = None,
        allow_input: bool = True,
        transport: str | None = None,
    ) -> None:
        self._post = post
        self._base, self._transport, self._allow_input = base, transport, allow_input
        self._cells = Cells(post, busy, limit or OutputLimit())
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bell, self._doorbell = socket.socketpair()
        self._bell.setblocking(False)
        self._doorbell.setblocking(False)
        self._cwd: Path | None = None
        self._life: Life | None = None  # the running kernel
        self._kept: Life | None = None  # the last one, whose spool is still there
        self._state = "stopped"
        self._open = True
        self._thread = threading.Thread(target=self._main, name="kernel client", daemon=True)
        self._thread.start()
        _living.add(self)

    # --- commands, from any thread

    def start(self, cwd: Path | None = None, budget: Budget | None = None) -> None:
        """Start a kernel in the folder `cwd`; one that runs is ended first."""
        self._do(lambda: self._start(cwd, budget or Budget()))

    def attach(self, file: Path, budget: Budget | None = None) -> None:
        """Watch the kernel that a connection file leads to; one that runs here is ended first."""
        self._do(lambda: self._attach(file, budget or Budget()))

    def execute(self, jobs: Sequence[Job], stop_on_error: bool = True) -> None:
        """Run cells one after the other, after those that wait already."""
        self._do(lambda: self._execute(jobs, stop_on_error))

    def interrupt(self) -> None:
        """Stop the running cell and forget those that wait."""
        self._do(self._interrupt)

    def stop(self) -> None:
        """End the kernel; its spool stays until `close`."""
        self._do(self._stop)

    def close(self) -> None:
        """End the kernel and this thread, and remove all that they used."""
        self._do(self._close)

    def join(self, seconds: float | None = None) -> bool:
        """Wait until `close` is done; returns whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def reply_input(self, text: str) -> None:
        """Answer the kernel's request for a line of input."""
        self._do(lambda: self._reply_input(text))

    def request(self, kind: str, content: dict[str, Any], event: str, token: int) -> None:
        """Ask the kernel something; the answer's content is posted as `event` with the token."""
        self._do(lambda: self._request(kind, content, event, token))

    def _do(self, command: Callable[[], None]) -> None:
        self._commands.put(command)
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody is there
            self._bell.send(b"\0")

    # --- the loop

    def _main(self) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        try:
            while self._open:
                self._wait()
                self._obey()
                self._read()
                self._look()
                self._run_next()
                self._cells.publish()
        finally:
            self._end_life()
            self._forget()
            self._context.term()
            self._bell.close()
            self._doorbell.close()
            _living.discard(self)

    def _wait(self) -> None:
        """Sleep until there is something to do."""
        poller = zmq.Poller()
        poller.register(self._doorbell, zmq.POLLIN)
        due = self._cells.due()
        if self._life is not None:
            self._life.register(poller)
            due = min(due, self._life.due(self._cells.running is not None))
        left = max(0, int(1000 * (due - time.monotonic())) + 1) if due < NEVER else None
        poller.poll(left)

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._doorbell.recv(4096)
        while self._open and not self._commands.empty():
            self._commands.get()()

    def _read(self) -> None:
        life = self._life
        if life is None:
            return
        for message in life.iopub():
            ended = life.tape_ended(message)
            if ended:
                self._post(Event("tape_ended", (ended,)))
            if life.tape_grew(message):
                self._cells.note_tape()
            else:
                self._cells.on_iopub(message)
        if self._cells.unwanted_began():
            life.interrupt()
        for message in life.shell():
            asked = life.answered(message)
            if asked is not None:
                self._post(Event(asked[0], (asked[1], message["content"])))
            elif message["msg_type"] == "execute_reply":
                self._cells.on_reply(message)
        for message in life.stdin():
            if message["msg_type"] == "input_request":
                self._cells.on_input_request(message["content"])
        if life.became_ready():
            self._set_state("idle")
            self._post(Event("tape_ready", (life.spool,)))

    def _look(self) -> None:
        """Do what time or the process demands."""
        if self._life is not None and not self._life.look():
            self._died(self._life)
        self._cells.look()

    def _run_next(self) -> None:
        life = self._life
        if life is None or not life.ready:
            return
        job = self._cells.next_job()
        if job is not None:
            self._cells.began(job, life.execute(job, self._allow_input))
        self._set_state("idle" if self._cells.running is None else "busy")

    def _set_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._post(Event("state_changed", (state,)))

    # --- lives

    def _start(self, cwd: Path | None, budget: Budget) -> None:
        self._set_state("starting")
        self._end_life()
        self._forget()
        self._cells.watching = False
        self._cwd = cwd
        sweep(self._base)
        try:
            self._life = Life(self._context, cwd, self._base, self._transport, budget)
        except OSError as error:
            self._set_state("dead")
            self._post(Event("died", (f"The kernel cannot be started: {error}",)))

    def _attach(self, file: Path, budget: Budget) -> None:
        self._set_state("starting")
        self._end_life()
        self._forget()
        try:
            self._life = AttachedLife(self._context, file, self._base, budget)
        except (NoKernel, OSError, zmq.ZMQError) as error:
            self._set_state("dead")
            self._post(Event("died", (str(error),)))
            return
        self._cells.watching = True

    def _died(self, life: Life) -> None:
        """The process ended by itself: tell what it still said, and that it is gone."""
        while life.still_talks():
            self._read()
        self._read()
        self._end_life()
        self._set_state("dead")  # first: who hears of the death may ask for a new kernel at once
        self._post(Event("died", (life.last_words,)))

    def _stop(self) -> None:
        self._end_life()
        self._set_state("stopped")

    def _close(self) -> None:
        self._stop()
        self._open = False

    def _end_life(self) -> None:
        running = self._cells.running is not None
        self._cells.abort_all()
        if self._life is not None:
            self._life.leave(running)
            self._life, self._kept = None, self._life

    def _forget(self) -> None:
        if self._kept is not None:
            self._kept.forget()
            self._kept = None

    # --- requests

    def _execute(self, jobs: Sequence[Job], stop_on_error: bool) -> None:
        if self._life is None:
            for job in jobs:
                self._post(Event("finished", (job.key, Reply("aborted"))))
        elif stop_on_error:
            self._cells.enqueue(jobs)
        else:
            self._cells.enqueue(dataclasses.replace(job, may_raise=True) for job in jobs)

    def _interrupt(self) -> None:
        self._cells.abort_waiting()
        if self._life is not None and (self._cells.interrupt() or self._cells.watching):
            self._life.interrupt()

    def _reply_input(self, text: str) -> None:
        if self._life is not None:
            self._life.reply_input(text)

    def _request(self, kind: str, content: dict[str, Any], event: str, token: int) -> None:
        if self._life is None or not self._life.ready:
            self._post(Event(event, (token, {"status": "aborted"})))
        else:
            self._life.request(kind, content, event, token)


_living: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Nobody closed these: their kernels must not outlive the program."""
    workers = list(_living)
    for worker in workers:
        worker.close()
    for worker in workers:
        worker.join(2 * GRACE_SECONDS)
