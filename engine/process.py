"""Settings of a process that does nothing but build graphs: its garbage collector and its memory."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

#: An operation makes several objects that refer to each other in no cycle; to look at them after
#: every 700, as is the default, takes longer than to make them.
THRESHOLDS = (50_000, 20, 20)


def relax() -> None:
    """Let the collector come rarely, and leave alone what exists already; for a process of our own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    mallopt = _of_libc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP, _ONE_ARRAY)
        mallopt(_TRIM, _ALL)


def give_back() -> None:
    """Give the system all memory that nobody uses now; for when the program rests."""
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(0)


#: Of glibc's mallopt. The memory of an array is not given back to the system only to be asked for
#: right after, page by page: arrays of up to 32 MB come from memory that was used before, all of
#: which stays until `give_back`, since gigabytes may wait for a recorder. With 512 MB a recorded
#: program that makes 56 MB of arrays in 6 ms takes 5 to 8 times as long when it runs again, so 1.4
#: to 1.7 times.
_TRIM, _MMAP = -1, -3
_ONE_ARRAY, _ALL = 32 << 20, -1


def _of_libc(name: str) -> Any:
    """A function of the C library, or None: only glibc has those for its memory."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
