"""How much memory the person's code may take, and what is said when it wants more."""

from __future__ import annotations

import sys
from pathlib import Path


def limit_memory(megabytes: float) -> float:
    """Let this process hold so many megabytes of data beyond what it holds now; 0 is no limit.

    Returns the limit that holds: 0 where the system has none for data (anything but Linux).
    Children inherit it, each for itself.
    """
    held = _held()
    if megabytes <= 0 or held is None:
        return 0.0
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = held + int(megabytes * 1e6)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return megabytes


def _held() -> int | None:
    """Return the bytes of writable memory that count for Linux's limit of data."""
    if not sys.platform.startswith("linux"):
        return None
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return None


def words(megabytes: float) -> str:
    """Return why there was a MemoryError, and what can be done."""
    size = f"{megabytes / 1000:g} GB" if megabytes >= 1000 else f"{megabytes:g} MB"
    return (
        f"This kernel may hold {size} of data. What is defined is still there: delete what is not "
        "needed, or choose Run > Memory Limit and restart."
    )
