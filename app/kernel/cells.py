"""The cells that wait and the one that runs: what they put out, how they end, in batches."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.kernel.channels import Message
from app.kernel.messages import Event, Job, OutputLimit, Reply
from app.kernel.outputs import CellOutputs

#: Seconds between two batches of outputs.
BATCH_SECONDS = 1 / 30
#: Seconds after which the missing one of reply and idle message is no longer waited for.
STRAGGLER_SECONDS = 1.0
#: Runs whose threads may still print after the cell has ended.
RECENT = 100
NEVER = float("inf")
#: How a request for input begins that asks what to do at a pause (see inside.pausing).
PAUSE = "\0tapedeck pause "


@dataclass(slots=True)
class Run:
    """The cell that is running now."""

    job: Job
    message: str
    outputs: CellOutputs
    reply: Reply | None = None
    idle: bool = False
    deadline: float = NEVER  # when the missing one of reply and idle is given up
    begun: bool = False  # the kernel has taken it up
    unwanted: bool = False  # it is to be interrupted when it has begun


class Cells:
    """Keeps the queue, and turns the kernel's messages about cells into events.

    `post` takes the events; while `busy` says that earlier ones were not looked at yet, outputs
    wait and are merged.
    """

    def __init__(
        self, post: Callable[[Event], None], busy: Callable[[], bool], limit: OutputLimit
    ) -> None:
        self._post, self._busy, self._limit = post, busy, limit
        self._queue: deque[Job] = deque()
        self._run: Run | None = None
        self._displays: dict[str, tuple[str, CellOutputs]] = {}
        self._recent: dict[str, tuple[str, CellOutputs]] = {}  # by message: runs that are over
        self._changed: dict[str, CellOutputs] = {}  # cells with outputs that were not posted
        self.watching = False  # cells that others run are told of
        self._tape_grew = False
        self._next_batch = 0.0

    @property
    def running(self) -> Job | None:
        """The cell that runs."""
        return None if self._run is None else self._run.job

    def interrupt(self) -> bool:
        """Return whether the running cell can be interrupted now.

        One that the kernel has not taken up yet cannot, as an idle kernel hears no interrupt; see
        `unwanted_began`.
        """
        if self._run is None or self._run.begun:
            return self._run is not None
        self._run.unwanted = True
        return False

    def unwanted_began(self) -> bool:
        """Return, once, whether a cell has begun that was interrupted before."""
        run = self._run
        if run is None or not run.begun or not run.unwanted:
            return False
        run.unwanted = False
        return True

    def enqueue(self, jobs: Iterable[Job]) -> None:
        """Let cells wait for their turn."""
        self._queue.extend(jobs)

    def next_job(self) -> Job | None:
        """Return the cell to send now, if none runs; empty ones have ended before they began."""
        while self._run is None and self._queue:
            job = self._queue.popleft()
            if job.source.strip():
                return job
            self._post(Event("finished", (job.key, Reply("ok"))))
        return None

    def began(self, job: Job, message: str) -> None:
        """The cell was sent in this message; its earlier outputs are void."""
        self.publish(now=True)
        for known in (self._displays, self._recent):
            for name in [name for name, (owner, _) in known.items() if owner == job.key]:
                del known[name]
        self._run = Run(job, message, CellOutputs(self._limit))

    def abort_waiting(self) -> None:
        """Forget the cells that wait."""
        while self._queue:
            self._post(Event("finished", (self._queue.popleft().key, Reply("aborted"))))

    def abort_all(self) -> None:
        """The kernel goes: what runs and what waits will not come to an end."""
        if self._run is not None:
            self._end(self._run, Reply("aborted"))
        self.abort_waiting()
        self._displays.clear()
        self._recent.clear()

    # --- messages

    def on_iopub(self, message: Message) -> None:
        """Take what the kernel tells everybody."""
        kind, content = message["msg_type"], message["content"]
        run, parent = self._run, message["parent_header"].get("msg_id")
        if kind == "update_display_data":
            self._update_display(content)
        elif run is not None and run.message == parent:
            if run.reply is not None:  # the idle message is still behind these
                run.deadline = time.monotonic() + STRAGGLER_SECONDS
            self._on_own(run, message)
        elif self.watching and kind == "execute_input" and parent not in self._recent:
            self._watch(str(parent), content)
        elif parent in self._recent and kind not in ("status", "execute_input"):
            self._put_out(*self._recent[parent], message)

    def on_reply(self, message: Message) -> None:
        """Take the answer to the request to run a cell."""
        run = self._run
        if run is not None and message["parent_header"].get("msg_id") == run.message:
            run.reply = _reply(message)
            run.deadline = time.monotonic() + STRAGGLER_SECONDS
            self._end_if_complete(run)

    def on_input_request(self, content: dict[str, Any]) -> None:
        """Pass on that the running cell wants a line of input."""
        if self._run is not None:
            self.publish(now=True)
            if str(content.get("prompt", "")).startswith(PAUSE):
                place = json.loads(content["prompt"].removeprefix(PAUSE))
                self._post(Event("paused", (self._run.job.key, place)))
                return
            prompt, password = str(content.get("prompt", "")), bool(content.get("password"))
            self._post(Event("input_requested", (self._run.job.key, prompt, password)))

    def note_tape(self) -> None:
        """Note that more of the tape can be read."""
        self._tape_grew = True

    def _watch(self, message: str, content: dict[str, Any]) -> None:
        """Somebody else runs a cell; its outputs will follow."""
        count = int(content.get("execution_count") or 0)
        key = f"run-{count}"
        self._recent[message] = (key, CellOutputs(self._limit))
        self._post(Event("watched", (key, str(content.get("code", "")), count)))

    def _on_own(self, run: Run, message: Message) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            if content.get("execution_state") == "idle":
                run.idle = True
                run.deadline = time.monotonic() + STRAGGLER_SECONDS
                self._end_if_complete(run)
        elif kind == "execute_input":
            run.begun = True
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

    def _update_display(self, content: dict[str, Any]) -> None:
        display = (content.get("transient") or {}).get("display_id", "")
        if display in self._displays:
            key, outputs = self._displays[display]
            outputs.update(display, content)
            self._changed[key] = outputs

    # --- ends

    def _end_if_complete(self, run: Run) -> None:
        if run.reply is None or not run.idle:
            return
        reply = run.reply
        if reply.status == "error" and not run.outputs.error_seen:
            run.outputs.feed("error", _error_content(reply))
        self._recent[run.message] = (run.job.key, run.outputs)
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        self._end(run, reply)
        if reply.status != "ok" and not run.job.may_raise:
            self.abort_waiting()

    def _end(self, run: Run, reply: Reply) -> None:
        self._run = None
        run.outputs.end()
        self._changed[run.job.key] = run.outputs
        self.publish(now=True)
        self._post(Event("finished", (run.job.key, reply)))

    # --- time

    def due(self) -> float:
        """Return when `look` or `publish` has something to do even if no message comes."""
        due = NEVER if self._run is None else self._run.deadline
        if self._changed or self._tape_grew:
            due = min(due, max(self._next_batch, time.monotonic() + 0.005))
        return due

    def look(self) -> None:
        """End a cell whose reply or idle message got lost, as an interrupt can make it."""
        run = self._run
        if run is not None and time.monotonic() >= run.deadline:
            lost = Reply("error", None, "KeyboardInterrupt", "interrupted")
            run.reply, run.idle = run.reply or lost, True
            self._end_if_complete(run)

    def publish(self, now: bool = False) -> None:
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


def _error_content(reply: Reply) -> dict[str, Any]:
    """Return a reply's error as the content of an error message."""
    trace = list(reply.traceback) or [f"{reply.ename}: {reply.evalue}"]
    return {"ename": reply.ename, "evalue": reply.evalue, "traceback": trace}
