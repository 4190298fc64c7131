"""stdout and stderr that a flood of prints cannot drown the connection with."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ipykernel.iostream import OutStream

#: Seconds that count as one burst, about the interval in which ipykernel sends what was written.
BURST_SECONDS = 0.2
#: What is sent of one burst: this many characters, and then its end.
BURST_CHARACTERS = 400_000
TAIL_CHARACTERS = 50_000
#: Explicit flushes that really wait for the sender within one burst.
BURST_FLUSHES = 10


class CellStream(OutStream):  # type: ignore[misc]
    """Sends what cells print; of a burst too large to be read it keeps the beginning and the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Called with everything that is written.
        self.listener: Callable[[str], None] | None = None
        self._lock = threading.RLock()
        self._since = 0.0
        self._written = self._flushes = 0
        self._held: deque[str] = deque()
        self._held_size = self._left_out = 0

    def write(self, string: str) -> int | None:
        """Write a text; TypeError for anything else."""
        if isinstance(string, str):
            if self.listener is not None:
                self.listener(string)
            now = time.monotonic()
            if now - self._since > BURST_SECONDS:
                self.release()
                self._since, self._written, self._flushes = now, 0, 0
            self._written += len(string)
            if self._written > BURST_CHARACTERS:
                self._hold(string)
                return len(string)
        written: int | None = super().write(string)
        return written

    def flush(self) -> None:
        """Send what was written; in a storm of flushes leave that to the sender's own rhythm."""
        self._flushes += 1
        if self._flushes <= BURST_FLUSHES or time.monotonic() - self._since > BURST_SECONDS:
            super().flush()

    def settle(self) -> None:
        """Send everything there is: a cell has ended."""
        self.release()
        self._written = self._flushes = 0
        super().flush()

    def release(self) -> None:
        """Write what was held back of a burst, saying how much was left out."""
        with self._lock:
            if not self._held:
                return
            text, left_out = "".join(self._held), self._left_out
            self._held.clear()
            self._held_size = self._left_out = 0
        note = f"\n[… {left_out:,} characters were printed too fast and left out …]\n"
        super().write(note + text if left_out else text)

    def _hold(self, string: str) -> None:
        with self._lock:
            self._held.append(string[-TAIL_CHARACTERS:])
            self._left_out += max(0, len(string) - TAIL_CHARACTERS)
            self._held_size += len(self._held[-1])
            while self._held_size > TAIL_CHARACTERS and len(self._held) > 1:
                dropped = len(self._held.popleft())
                self._held_size -= dropped
                self._left_out += dropped
