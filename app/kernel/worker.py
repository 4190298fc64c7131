"""The thread that owns a kernel: process, sockets, the queue of cells, and their outputs."""

from __future__ import annotations

import atexit
import contextlib
import queue
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq

from app.kernel.channels import Channels, Message
from app.kernel.folders import make_folder, remove_folder, sweep
from app.kernel.messages import Event, Job, OutputLimit, Reply
from app.kernel.outputs import CellOutputs
from app.kernel.process import KernelProcess

#: Seconds between two batches of outputs.
BATCH_SECONDS = 1 / 30
#: Seconds that a kernel gets to leave by itself before it is killed.
GRACE_SECONDS = 1.0
#: Seconds after which the missing one of reply and idle message is no longer waited for.
STRAGGLER_SECONDS = 1.0
#: Seconds after which the first request, lost while the sockets were connecting, is repeated.
HELLO_SECONDS = 0.5
#: Seconds between two looks at a process that no descriptor tells about.
LOOK_SECONDS = 0.25
#: Messages handled between two looks at commands and clock.
ROUND = 50
#: Milliseconds of silence after which a dead kernel has said everything.
LAST_WORDS_MS = 50
#: Runs whose threads may still print after the cell has ended.
RECENT = 100
COMM = "tapedeck.tape"


@dataclass(slots=True)
class Run:
    """The cell that is running now."""

    job: Job
    message: str
    outputs: CellOutputs
    reply: Reply | None = None
    idle: bool = False
    deadline: float = float("inf")  # when the missing one of reply and idle is given up


@dataclass(slots=True)
class Life:
    """One kernel process and what belongs to it."""

    process: KernelProcess
    channels: Channels
    hello: float = 0.0  # when to say hello again
    ready: bool = False
    heard: bool = False  # something came on iopub: outputs will not be lost
    known: bool = False  # the kernel answered
    flushed: int = -1
    requests: dict[str, tuple[str, int]] = field(default_factory=dict)


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
        self._post, self._busy = post, busy
        self._limit = limit or OutputLimit()
        self._base, self._transport = base, transport
        self._allow_input = allow_input
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bell, self._doorbell = socket.socketpair()
        self._bell.setblocking(False)
        self._doorbell.setblocking(False)
        self._cwd: Path | None = None
        self._folder: Path | None = None
        self._life: Life | None = None
        self._queue: deque[Job] = deque()
        self._stop_on_error = True
        self._run: Run | None = None
        self._displays: dict[str, tuple[str, CellOutputs]] = {}
        self._changed: dict[str, CellOutputs] = {}  # cells with outputs that were not posted
        self._tape_grew = False
        self._next_batch = 0.0
        self._next_look = 0.0
        self._open = True
        self._state = "stopped"
        self._was_busy = False
        self._recent: dict[str, tuple[str, CellOutputs]] = {}  # by message: runs that are over
        self._thread = threading.Thread(target=self._main, name="kernel client", daemon=True)
        self._thread.start()
        _living.add(self)

    # --- commands, from any thread

    def start(self, cwd: Path | None = None) -> None:
        """Start a kernel in the folder `cwd`."""
        self._do(lambda: self._start(cwd))

    def execute(self, jobs: Sequence[Job], stop_on_error: bool = True) -> None:
        """Run cells one after the other, after those that wait already."""
        self._do(lambda: self._enqueue(jobs, stop_on_error))

    def interrupt(self) -> None:
        """Stop the running cell and forget those that wait."""
        self._do(self._interrupt)

    def restart(self) -> None:
        """End the kernel and start a new one with a new spool."""
        self._do(lambda: self._start(self._cwd))

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
                self._publish()
        finally:
            self._end_life()
            self._context.term()
            self._bell.close()
            self._doorbell.close()
            _living.discard(self)

    def _wait(self) -> None:
        """Sleep until there is something to do."""
        poller = zmq.Poller()
        poller.register(self._doorbell, zmq.POLLIN)
        life = self._life
        if life is not None:
            for channel in life.channels.sockets:
                poller.register(channel, zmq.POLLIN)
            if life.process.descriptor is not None:
                poller.register(life.process.descriptor, zmq.POLLIN)
        due = self._due()
        wait = None if due == float("inf") else max(0, int(1000 * (due - time.monotonic())) + 1)
        poller.poll(wait)

    def _due(self) -> float:
        """Return when something must be done even if nothing arrives."""
        due = float("inf")
        if self._changed or self._tape_grew:
            due = min(due, max(self._next_batch, time.monotonic() + 0.005))
        if self._run is not None:
            due = min(due, self._run.deadline)
        if self._life is not None:
            if not self._life.ready:
                due = min(due, self._life.hello)
            if self._life.process.descriptor is None or self._run is not None:
                due = min(due, self._next_look)  # without a run nothing writes a log
        return due

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._doorbell.recv(4096)
        while self._open and not self._commands.empty():
            self._commands.get()()

    def _read(self) -> None:
        life = self._life
        if life is None:
            return
        channels = life.channels
        for message in channels.receive(channels.iopub, ROUND):
            self._on_iopub(life, message)
        for message in channels.receive(channels.shell, ROUND):
            self._on_shell(life, message)
        for message in channels.receive(channels.stdin, ROUND):
            self._on_stdin(message)
        for _ in channels.receive(channels.control, ROUND):
            pass  # nothing that is asked there needs its answer
        if not life.ready and life.known and life.heard:
            self._become_ready(life)

    def _look(self) -> None:
        """Do what time or the process demands."""
        now = time.monotonic()
        life = self._life
        if life is None:
            return
        if not life.ready and now >= life.hello:
            life.hello = now + HELLO_SECONDS
            life.channels.send(life.channels.shell, "kernel_info_request", {})
        if life.process.has_ended():
            self._died(life)
            return
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            life.process.trim_log()
        run = self._run
        if run is not None and now >= run.deadline:
            lost = Reply("error", None, "KeyboardInterrupt", "interrupted")
            run.reply, run.idle = run.reply or lost, True
            self._finish_if_complete()

    def _set_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._post(Event("state_changed", (state,)))

    # --- lives

    def _start(self, cwd: Path | None) -> None:
        self._abort_all()
        self._set_state("starting")
        self._end_life()
        self._cwd = cwd
        sweep(self._base)
        try:
            self._folder = make_folder(self._base)
            process = KernelProcess(self._folder, cwd, self._transport)
        except OSError as error:
            self._drop_folder()
            self._post(Event("died", (f"The kernel cannot be started: {error}",)))
            self._set_state("dead")
            return
        self._life = Life(process, Channels(self._context, process.connection))

    def _become_ready(self, life: Life) -> None:
        life.ready = True
        self._set_state("idle")
        if life.process.spool.exists():
            self._post(Event("tape_ready", (life.process.spool,)))
        self._run_next()

    def _died(self, life: Life) -> None:
        """The process ended by itself: tell what it still said, and that it is gone."""
        while life.channels.iopub.poll(LAST_WORDS_MS):
            self._read()
        self._read()
        words = life.process.last_words()
        self._abort_all()
        self._close_life(life)
        self._life = None
        self._post(Event("died", (words,)))
        self._set_state("dead")

    def _stop(self) -> None:
        self._abort_all()
        if self._life is not None:
            self._leave(self._life)
            self._life = None
        self._set_state("stopped")

    def _close(self) -> None:
        self._stop()
        self._open = False

    def _leave(self, life: Life) -> None:
        """Ask the kernel to go, and make it go."""
        if not life.process.has_ended():
            life.channels.send(life.channels.control, "shutdown_request", {"restart": False})
            if self._was_busy and life.ready:
                life.process.interrupt()
            life.process.wait(GRACE_SECONDS if life.ready else 0.0)
        self._close_life(life)

    def _close_life(self, life: Life) -> None:
        life.process.close()
        life.channels.close()

    def _end_life(self) -> None:
        if self._life is not None:
            self._leave(self._life)
            self._life = None
        self._drop_folder()

    def _drop_folder(self) -> None:
        # Whoever has the old spool open can go on reading it (not on Windows, where it stays).
        if self._folder is not None:
            remove_folder(self._folder)
            self._folder = None

    # --- cells

    def _enqueue(self, jobs: Sequence[Job], stop_on_error: bool) -> None:
        if self._life is None:
            for job in jobs:
                self._post(Event("finished", (job.key, Reply("aborted"))))
            return
        if not stop_on_error:
            jobs = [Job(job.key, job.source, True, job.metadata) for job in jobs]
        self._queue.extend(jobs)
        self._run_next()

    def _run_next(self) -> None:
        life = self._life
        if life is None or not life.ready:
            return
        while self._run is None and self._queue:
            job = self._queue.popleft()
            if not job.source.strip():
                self._post(Event("finished", (job.key, Reply("ok"))))
                continue
            content = {
                "code": job.source,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": self._allow_input,
                "stop_on_error": False,  # the queue is ours
            }
            metadata = {"cellId": job.key, **job.metadata}
            message = life.channels.send(life.channels.shell, "execute_request", content, metadata)
            self._publish(now=True)
            self._forget(job.key)
            self._run = Run(job, message, CellOutputs(self._limit))
            self._set_state("busy")

    def _forget(self, key: str) -> None:
        """A cell runs again: its earlier outputs are void."""
        for display in [d for d, (owner, _) in self._displays.items() if owner == key]:
            del self._displays[display]
        for message in [m for m, (owner, _) in self._recent.items() if owner == key]:
            del self._recent[message]

    def _interrupt(self) -> None:
        self._abort_queue()
        if self._life is not None and self._run is not None:
            self._life.process.interrupt()

    def _abort_queue(self) -> None:
        while self._queue:
            self._post(Event("finished", (self._queue.popleft().key, Reply("aborted"))))

    def _abort_all(self) -> None:
        """The kernel goes: what runs and what waits will not come to an end."""
        self._was_busy = self._run is not None
        if self._run is not None:
            run, self._run = self._run, None
            run.outputs.end()
            self._changed[run.job.key] = run.outputs
            self._publish(now=True)
            self._post(Event("finished", (run.job.key, Reply("aborted"))))
        self._abort_queue()
        self._displays.clear()
        self._recent.clear()

    def _finish_if_complete(self) -> None:
        run = self._run
        if run is None or run.reply is None or not run.idle:
            return
        self._run = None
        self._recent[run.message] = (run.job.key, run.outputs)
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        reply = run.reply
        if reply.status == "error" and not run.outputs.error_seen:
            run.outputs.feed("error", vars_of_error(reply))
        run.outputs.end()
        self._changed[run.job.key] = run.outputs
        self._publish(now=True)
        self._post(Event("finished", (run.job.key, reply)))
        if reply.status != "ok" and not run.job.may_raise:
            self._abort_queue()
        if self._queue:
            self._run_next()
        if self._run is None:
            self._set_state("idle")

    # --- messages

    def _on_iopub(self, life: Life, message: Message) -> None:
        life.heard = True
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_msg" and content.get("comm_id") == COMM:
            self._on_tape(life, content.get("data", {}))
            return
        if kind == "update_display_data":
            self._update_display(content)
            return
        run, parent = self._run, message["parent_header"].get("msg_id")
        if run is not None and run.message == parent:
            if run.reply is not None:
                run.deadline = time.monotonic() + STRAGGLER_SECONDS
            self._on_output_of(run, message)
        elif parent in self._recent and kind not in ("status", "execute_input"):
            key, outputs = self._recent[parent]
            self._put_out(key, outputs, message)

    def _on_output_of(self, run: Run, message: Message) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            if content.get("execution_state") == "idle":
                run.idle = True
                run.deadline = time.monotonic() + STRAGGLER_SECONDS
                self._finish_if_complete()
        elif kind == "execute_input":
            self._post(Event("started_cell", (run.job.key, int(content["execution_count"]))))
        else:
            self._put_out(run.job.key, run.outputs, message)

    def _put_out(self, key: str, outputs: CellOutputs, message: Message) -> None:
        if "too_large" in message:
            outputs.leave_out(message["too_large"])
        else:
            outputs.feed(message["msg_type"], message["content"])
        for display in outputs.displays():
            self._displays[display] = (key, outputs)
        self._changed[key] = outputs

    def _on_tape(self, life: Life, data: dict[str, Any]) -> None:
        flushed = int(data.get("bytes", 0))
        if flushed > life.flushed:
            life.flushed = flushed
            self._tape_grew = life.ready  # before that nobody has opened it

    def _update_display(self, content: dict[str, Any]) -> None:
        display = (content.get("transient") or {}).get("display_id", "")
        if display in self._displays:
            key, outputs = self._displays[display]
            outputs.update(display, content)
            self._changed[key] = outputs

    def _on_shell(self, life: Life, message: Message) -> None:
        kind, content = message["msg_type"], message["content"]
        parent = message["parent_header"].get("msg_id")
        if kind == "kernel_info_reply":
            life.known = True
        elif kind == "execute_reply" and self._run is not None and parent == self._run.message:
            self._run.reply = _reply(message)
            self._run.deadline = time.monotonic() + STRAGGLER_SECONDS
            self._finish_if_complete()
        elif parent in life.requests:
            event, token = life.requests.pop(parent)
            self._post(Event(event, (token, content)))

    def _on_stdin(self, message: Message) -> None:
        if message["msg_type"] == "input_request" and self._run is not None:
            content = message["content"]
            self._publish(now=True)
            arguments = (self._run.job.key, content.get("prompt", ""), content.get("password"))
            self._post(Event("input_requested", arguments))

    def _reply_input(self, text: str) -> None:
        if self._life is not None:
            channels = self._life.channels
            channels.send(channels.stdin, "input_reply", {"value": text})

    def _request(self, kind: str, content: dict[str, Any], event: str, token: int) -> None:
        life = self._life
        if life is None or not life.ready:
            self._post(Event(event, (token, {"status": "aborted"})))
            return
        life.requests[life.channels.send(life.channels.shell, kind, content)] = (event, token)

    # --- batches

    def _publish(self, now: bool = False) -> None:
        """Post new outputs and the tape's growth, at most so often and if somebody is listening."""
        clock = time.monotonic()
        if not now and (clock < self._next_batch or self._busy()):
            return
        if not self._changed and not self._tape_grew:
            return
        self._next_batch = clock + BATCH_SECONDS
        if self._tape_grew:
            self._tape_grew = False
            self._post(Event("tape_grew"))
        changed, self._changed = self._changed, {}
        for key, outputs in changed.items():
            cleared, new = outputs.take()
            if cleared:
                self._post(Event("cleared", (key,)))
            if new:
                self._post(Event("outputs", (key, new)))
            if outputs.left_lines:
                self._post(Event("held_back", (key, outputs.left_lines)))


def _reply(message: Message) -> Reply:
    content = message["content"]
    place = message["metadata"].get("tapedeck") or {}
    return Reply(
        status=content.get("status", "error"),
        count=content.get("execution_count"),
        ename=str(content.get("ename", "")),
        evalue=str(content.get("evalue", "")),
        traceback=tuple(content.get("traceback") or ()),
        cell=str(place.get("cell") or ""),
        line=int(place.get("line") or 0),
    )


def vars_of_error(reply: Reply) -> dict[str, Any]:
    """Return a reply's error as the content of an error message."""
    trace = list(reply.traceback) or [f"{reply.ename}: {reply.evalue}"]
    return {"ename": reply.ename, "evalue": reply.evalue, "traceback": trace}


_living: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Nobody closed these: their kernels must not outlive the program."""
    workers = list(_living)
    for worker in workers:
        worker.close()
    for worker in workers:
        worker.join(2 * GRACE_SECONDS)
