"""One kernel process with its sockets and its folder, from the first hello to the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zmq

from app.kernel.channels import Channels, Message
from app.kernel.folders import make_folder, remove_folder
from app.kernel.messages import Budget, Job
from app.kernel.process import KernelProcess

#: Seconds that a kernel gets to leave by itself before it is killed.
GRACE_SECONDS = 1.0
#: Seconds after which the first request, lost while the sockets were connecting, is repeated.
HELLO_SECONDS = 0.5
#: Seconds between two looks at a process that no descriptor tells about, and at its log.
LOOK_SECONDS = 0.25
#: Messages taken from a socket between two looks at commands and clock.
ROUND = 50
#: Milliseconds of silence after which a dead kernel has said everything.
LAST_WORDS_MS = 50
#: The comm on which the kernel tells how much of the spool can be read.
COMM = "tapedeck.tape"


class Life:
    """A running kernel. Raises OSError if it cannot be started; nothing is left then."""

    def __init__(
        self, context: zmq.Context[Any], cwd: Path | None, base: Path | None,
        transport: str | None, budget: Budget,
    ) -> None:  # fmt: skip
        folder = make_folder(base)
        try:
            process = KernelProcess(folder, cwd, transport, budget)
        except OSError:
            remove_folder(folder)
            raise
        self._begin(folder, process, Channels(context, process.connection))

    def _begin(self, folder: Path, process: Any, channels: Channels) -> None:
        self._folder, self._process, self._channels = folder, process, channels
        self._hello_at = self._look_at = 0.0
        self._answered = self._heard = False
        self._flushed = -1
        self._requests: dict[str, tuple[str, int]] = {}
        self.ready = False

    @property
    def spool(self) -> Path:
        """The file that the tape is written to."""
        spool: Path = self._process.spool
        return spool

    @property
    def last_words(self) -> str:
        """How the process ended."""
        words: str = self._process.last_words()
        return words

    def register(self, poller: zmq.Poller) -> None:
        """Let a poller wake for messages and for the process's end."""
        for channel in self._channels.sockets:
            poller.register(channel, zmq.POLLIN)
        if self._process.descriptor is not None:
            poller.register(self._process.descriptor, zmq.POLLIN)

    def due(self, running: bool) -> float:
        """Return when `look` has something to do; without a run nothing writes a log."""
        due = float("inf") if self.ready else self._hello_at
        return min(due, self._look_at) if running or self._process.descriptor is None else due

    def look(self) -> bool:
        """Do what time demands; returns whether the process still runs."""
        now = time.monotonic()
        if not self.ready and now >= self._hello_at:
            self._hello_at = now + HELLO_SECONDS
            self._channels.send(self._channels.shell, "kernel_info_request", {})
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._process.trim_log()
        return not self._process.has_ended()

    def iopub(self) -> Iterator[Message]:
        """Yield what the kernel tells everybody."""
        for message in self._channels.receive(self._channels.iopub, ROUND):
            self._heard = True
            yield message

    def shell(self) -> Iterator[Message]:
        """Yield replies."""
        for message in self._channels.receive(self._channels.shell, ROUND):
            self._answered |= message["msg_type"] == "kernel_info_reply"
            yield message
        for message in self._channels.receive(self._channels.control, ROUND):
            self._heard_control(message)

    def _heard_control(self, message: Message) -> None:
        """Nothing that is asked there needs its answer."""

    def stdin(self) -> Iterator[Message]:
        """Yield requests for input."""
        return self._channels.receive(self._channels.stdin, ROUND)

    def still_talks(self) -> bool:
        """Return whether a dead kernel's messages are still coming in."""
        return bool(self._channels.iopub.poll(LAST_WORDS_MS))

    def became_ready(self) -> bool:
        """Return whether now, for the first time, requests are answered and outputs arrive."""
        first = self._answered and self._heard and not self.ready
        self.ready |= first
        return first

    def tape_grew(self, message: Message) -> bool:
        """Return whether the message says that more of the tape can be read."""
        content = message["content"]
        if message["msg_type"] != "comm_msg" or content.get("comm_id") != COMM:
            return False
        flushed = int(content.get("data", {}).get("bytes", 0))
        grew, self._flushed = flushed > self._flushed, max(flushed, self._flushed)
        return grew and self.ready  # before that nobody has opened it

    def tape_ended(self, message: Message) -> str:
        """Return why nothing more is recorded, if the message says so."""
        content = message["content"]
        if message["msg_type"] != "comm_msg" or content.get("comm_id") != COMM:
            return ""
        return str(content.get("data", {}).get("ended", ""))

    def execute(self, job: Job, allow_input: bool) -> str:
        """Send a cell and return the message's id."""
        content = {
            "code": job.source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_input,
            "stop_on_error": False,  # the queue is ours
        }
        metadata = {"cellId": job.key, **job.metadata}
        return self._channels.send(self._channels.shell, "execute_request", content, metadata)

    def request(self, kind: str, content: dict[str, Any], event: str, token: int) -> None:
        """Ask something; `answered` knows whose answer comes."""
        message = self._channels.send(self._channels.shell, kind, content)
        self._requests[message] = (event, token)

    def answered(self, message: Message) -> tuple[str, int] | None:
        """Return the event and token that a reply belongs to."""
        return self._requests.pop(message["parent_header"].get("msg_id", ""), None)

    def reply_input(self, text: str) -> None:
        """Send a line of input."""
        self._channels.send(self._channels.stdin, "input_reply", {"value": text})

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        self._process.interrupt()

    def leave(self, running: bool) -> None:
        """Ask the kernel to go, make it go, and close everything but the folder."""
        if not self._process.has_ended():
            self._channels.send(self._channels.control, "shutdown_request", {"restart": False})
            if running and self.ready:
                self._process.interrupt()
            self._process.wait(GRACE_SECONDS if self.ready else 0.0)
        self._process.close()
        self._channels.close()

    def forget(self) -> None:
        """Remove the folder. Whoever has the spool open can go on reading it (not on Windows)."""
        remove_folder(self._folder)
