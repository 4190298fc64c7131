"""A kernel that somebody else started: we load the recorder into it, watch, and leave it alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zmq

import app
from app.kernel.channels import Channels, Message
from app.kernel.folders import SPOOL, make_folder
from app.kernel.life import ROUND, Life
from app.kernel.messages import Budget

#: Seconds between two questions whether it still lives, and after which its silence means no.
PING_SECONDS, SILENCE_SECONDS = 1.0, 10.0
#: Milliseconds in which our goodbye may be sent.
GOODBYE_MS = 500
_NEEDED = ("transport", "ip", "key", "shell_port", "iopub_port", "stdin_port", "control_port")

#: Runs in the foreign kernel. Its NumPy comes first, so that ours does not get in its way.
LOADER = """\
def _tapedeck_load():
    import sys
    import numpy
    sys.path.insert(0, {root!r})
    try:
        from app.kernel.inside.attach import attach
        attach({spool!r}, {session!r}, {keep!r})
    finally:
        sys.path.remove({root!r})
        for name in [n for n in sys.modules if n == "app" or n.startswith("app.")]:
            del sys.modules[name]
_tapedeck_load()
del _tapedeck_load
"""
GOODBYE = "get_ipython().kernel.tapedeck.leave()"


class NoKernel(Exception):
    """A file does not lead to a kernel; the message says why."""


class ForeignKernel:
    """What `Life` asks of a process, for one that is not ours."""

    descriptor = None

    def __init__(self, folder: Path, connection: dict[str, Any]) -> None:
        self.folder, self.connection = folder, connection
        self.spool = folder / SPOOL
        self.failure = ""  # why it cannot be watched
        self.heard = time.monotonic()

    def has_ended(self) -> bool:
        """Return whether it has been silent for too long, or cannot be watched."""
        return bool(self.failure) or time.monotonic() - self.heard > SILENCE_SECONDS

    def last_words(self) -> str:
        """Return why it is not watched any more."""
        return self.failure or f"The kernel has not answered for {SILENCE_SECONDS:g} seconds."

    def trim_log(self) -> None:
        """It has no log of ours."""


class AttachedLife(Life):
    """The time in which a foreign kernel is watched. Raises NoKernel for a file that is none."""

    def __init__(
        self, context: zmq.Context[Any], file: Path, base: Path | None, budget: Budget
    ) -> None:
        connection = read_connection(file)
        self._budget = budget
        self._foreign = ForeignKernel(make_folder(base), connection)
        self._loading = ""  # the message that loads the recorder
        self._loaded = False
        self._ping_at = 0.0
        self._begin(self._foreign.folder, self._foreign, Channels(context, connection))

    def due(self, running: bool) -> float:
        """Return when `look` has something to do."""
        return min(self._ping_at, self._hello_at if not self._answered else float("inf"))

    def look(self) -> bool:
        """Ask whether it lives; returns whether it can be watched."""
        now = time.monotonic()
        if now >= self._ping_at:
            self._ping_at = now + PING_SECONDS
            self._channels.send(self._channels.control, "kernel_info_request", {})
        if not self._answered:
            return super().look()
        if not self._loading:
            self._loading = self._run_silently(self._loader())
        return not self._foreign.has_ended()

    def shell(self) -> Iterator[Message]:
        """Yield replies to what was asked for the window."""
        for message in super().shell():
            if message["parent_header"].get("msg_id") != self._loading:
                yield message
            elif message["content"].get("status") == "ok":
                self._loaded = True
            else:
                content = message["content"]
                why = content.get("evalue") or content.get("ename") or "it refused"
                self._foreign.failure = f"The kernel cannot be watched: {why}."

    def became_ready(self) -> bool:
        """Return whether now, for the first time, the recorder is there."""
        return self._loaded and super().became_ready()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        self._channels.send(self._channels.control, "interrupt_request", {})

    def leave(self, running: bool) -> None:
        """Take the recorder out, once what runs there has ended; the kernel goes on."""
        if self._loaded:
            self._wait_for(self._run_silently(GOODBYE))
        self._channels.close(GOODBYE_MS)

    def _wait_for(self, message: str) -> None:
        """Wait for an answer for a moment: a message that nobody has read yet ends with us."""
        deadline = time.monotonic() + GOODBYE_MS / 1000
        while (left := deadline - time.monotonic()) > 0:
            self._channels.shell.poll(int(1000 * left) + 1)
            for reply in self._channels.receive(self._channels.shell, ROUND):
                if reply["parent_header"].get("msg_id") == message:
                    return

    def _heard_control(self, message: Message) -> None:
        self._foreign.heard = time.monotonic()

    def _loader(self) -> str:
        return LOADER.format(
            root=str(Path(app.__file__).absolute().parent.parent),
            spool=str(self.spool), session=self._channels.session, keep=self._budget.keep,
        )  # fmt: skip

    def _run_silently(self, code: str) -> str:
        content = {"code": code, "silent": True, "store_history": False, "allow_stdin": False}
        return self._channels.send(self._channels.shell, "execute_request", content)


def read_connection(file: Path) -> dict[str, Any]:
    """Return what a connection file says. Raises NoKernel."""
    try:
        connection = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise NoKernel(f"{file.name} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise NoKernel(f"{file.name} is no connection file of a kernel: it is not JSON") from None
    known = connection if isinstance(connection, dict) else {}
    missing = [name for name in _NEEDED if name not in known]
    if missing:
        raise NoKernel(f"{file.name} is no connection file of a kernel: it lacks {missing[0]!r}")
    return known
