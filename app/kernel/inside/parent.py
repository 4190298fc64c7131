"""Notice that the process which started the kernel has died."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.5


def watch_parent(pid: int, gone: Callable[[], None]) -> None:
    """Call `gone` in a thread of its own once the parent `pid` has ended."""
    threading.Thread(target=_watch, args=(pid, gone), name="parent", daemon=True).start()


def _watch(pid: int, gone: Callable[[], None]) -> None:
    descriptor = _open_process(pid)
    if descriptor is not None and os.getppid() == pid:
        select.select([descriptor], [], [])
    while os.getppid() == pid:
        time.sleep(POLL_SECONDS)
    gone()


def _open_process(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends, where the system has it."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
