"""Settings of a process that does nothing but build graphs: its garbage collector and its memory."""

from __future__ import annotations

import ctypes
import gc
import sys

#: An operation makes several objects that refer to each other in no cycle; to look at them after
#: every 700, as is the default, takes longer than to make them.
THRESHOLDS = (50_000, 20, 20)


def relax() -> None:
    """Let the collector come rarely, and leave alone what exists already; for a process of our own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    if sys.platform == "linux":
        _keep_memory()


#: Of glibc's mallopt.
_TRIM, _MMAP = -1, -3
_ONE_ARRAY, _IN_ALL = 32 << 20, 512 << 20


def _keep_memory() -> None:
    """Do not give the memory of an array back to the system only to ask for as much right after.

    Arrays of up to 32 MB come from memory that was used before, of which up to 512 MB stay.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries lack it
    if mallopt is not None:
        mallopt(_MMAP, _ONE_ARRAY)
        mallopt(_TRIM, _IN_ALL)
