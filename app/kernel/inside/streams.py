"""stdout and stderr that neither slow a printing cell down nor drown the connection."""

# mypy: allow-untyped-calls
from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ipykernel.iostream import OutStream

#: Characters after which a cell's thread passes on by itself what it has printed.
CHUNK = 100_000
#: Seconds that count as one burst, about the interval in which ipykernel sends what was written.
BURST_SECONDS = 0.2
#: What is sent of one burst: this many characters, and then its end.
BURST_CHARACTERS = 400_000
TAIL_CHARACTERS = 50_000
#: Explicit flushes by the person's code that really wait for the sender within one burst.
BURST_FLUSHES = 10
#: Who flushes to keep prints and displays in order, which must not be put off.
ORDERING = ("ipykernel", "IPython")


class CellStream(OutStream):
    """Sends what cells print; of a burst too large to be read, the beginning and the end.

    While a cell runs, what its thread writes is only put aside, ten times cheaper than sending;
    `drain` (called by a thread ten times a second), `flush` and `settle` pass it on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Called with everything that a cell's thread writes, as long as somebody wants to know.
        self.listener: Callable[[str], None] | None = None
        #: Set when the kernel ends: ipykernel's threads would wait for each other's flush.
        self.ending = False
        self._cell_thread = 0
        self._aside: deque[str] = deque()
        self._aside_size = 0
        self._lock = threading.RLock()
        self._since = 0.0
        self._sent = self._flushes = 0
        self._tail = ""
        self._left_out = 0

    def begin(self, listener: Callable[[str], None] | None = None) -> None:
        """A cell begins in this thread."""
        self.listener = listener
        self._cell_thread = threading.get_ident()

    def settle(self) -> None:
        """Send everything there is: the cell has ended."""
        self.listener = None
        self._cell_thread = 0
        self.drain()
        with self._lock:
            self._release()
            self._sent = 0
        super().flush()

    def write(self, string: str) -> int:
        """Write a text; TypeError for anything else."""
        if threading.get_ident() != self._cell_thread or not isinstance(string, str):
            return super().write(string) or 0
        if self.listener is not None:
            self.listener(string)
        self._aside.append(string)
        self._aside_size += len(string)
        if self._aside_size > CHUNK:
            self.drain()
        return len(string)

    def flush(self) -> None:
        """Send what was written; in a storm of flushes leave that to the sender's own rhythm."""
        if self.ending:
            return
        caller = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 (documented)
        if caller.partition(".")[0] not in ORDERING:
            self._flushes += 1
            if self._flushes > BURST_FLUSHES and time.monotonic() - self._since < BURST_SECONDS:
                return
        self.drain()
        super().flush()

    def drain(self) -> None:
        """Pass on what was put aside."""
        with self._lock:
            pieces = []
            while self._aside:
                pieces.append(self._aside.popleft())
            self._aside_size = 0
            if pieces:
                self._send("".join(pieces))

    def forget(self) -> None:
        """Start anew in a forked child: what was put aside is its parent's to send."""
        self.listener = None
        self._cell_thread = 0
        self._aside.clear()
        self._tail, self._left_out = "", 0
        self._lock = threading.RLock()

    def _send(self, text: str) -> None:
        now = time.monotonic()
        if now - self._since > BURST_SECONDS:
            self._release()
            self._since, self._sent, self._flushes = now, 0, 0
        head = text[: max(0, BURST_CHARACTERS - self._sent)]
        self._sent += len(head)
        if head:
            super().write(head)
        if len(head) < len(text):
            tail = self._tail + text[len(head) :]
            self._tail = tail[-TAIL_CHARACTERS:]
            self._left_out += len(tail) - len(self._tail)

    def _release(self) -> None:
        """Write the end of a burst, saying how much was left out before it."""
        tail, left_out = self._tail, self._left_out
        self._tail, self._left_out = "", 0
        if left_out:
            tail = f"\n[… {left_out:,} characters were printed too fast and left out …]\n{tail}"
        if tail:
            super().write(tail)
