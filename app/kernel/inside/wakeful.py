"""Let no wait outlast an interrupt, whatever the main thread waits in."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable

#: Seconds from a signal to the nudges after it, one after the other.
NUDGES = (0.01, 0.04, 0.2, 1.0)


class Alarm:
    """Wakes the main thread after a SIGINT, in a thread of its own.

    Python runs a signal's handler between two instructions of the main thread. A signal that comes
    on the last step into a system call (a sleep, a lock, a read), or that another thread gets, is
    noted, but the call is entered all the same and nothing ends it. A second signal, whose handler
    does nothing, ends it; it may come too early as well, so that several follow.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Call `wake` at every signal, from the other thread: for a loop that sleeps in select."""
        self._wake = wake
        self._main = threading.main_thread()
        self._end, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        if hasattr(signal, "SIGURG"):
            signal.signal(signal.SIGURG, _nothing)
        threading.Thread(target=self._watch, name="alarm", daemon=True).start()

    def _watch(self) -> None:
        while numbers := self._end.recv(4096):
            self._wake()
            if signal.SIGINT in numbers and hasattr(signal, "pthread_kill"):
                self._nudge()

    def _nudge(self) -> None:
        for pause in NUDGES:
            time.sleep(pause)
            # The person's code may use the signal for its own ends.
            if signal.getsignal(signal.SIGURG) is _nothing:
                signal.pthread_kill(self._main.ident or 0, signal.SIGURG)


def _nothing(number: int, frame: object) -> None:
    """Handle a nudge: that the system call was left is all that it is for."""
