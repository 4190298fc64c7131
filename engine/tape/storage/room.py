"""How far a recording's file may grow: to a limit, and not into the last of the disk."""

from __future__ import annotations

import errno
import math
import shutil
from pathlib import Path

RESERVE = 1e9  # bytes that are left on the disk; half of what was free, where that is less


class NoRoom(OSError):
    """A recording ends because its file may not grow any more; the message says why."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.ENOSPC, words)

    def __str__(self) -> str:
        return str(self.strerror)


class Room:
    """What a file may still take."""

    def __init__(self, path: Path, most: float = math.inf) -> None:
        self._folder, self._most = path.absolute().parent, most
        self._reserve = min(RESERVE, self._free() / 2)

    def ask(self, end: int) -> None:
        """Raise NoRoom if a file of `end` bytes may not grow; it may pass the limit by a segment."""
        if end >= self._most:
            raise NoRoom(
                f"it has reached {in_words(self._most)}, the most that a recording may take on "
                "the disk; a larger limit, or fewer iterations, go further"
            )
        if self._free() < self._reserve:
            raise NoRoom(
                f"only {in_words(self._free())} are left on the disk of {self._folder}; "
                "make room there, and run it again"
            )

    def _free(self) -> float:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:  # an odd file system: writing will tell
            return math.inf


def in_words(count: float) -> str:
    """Write a number of bytes as people read it: "850 kB", "12 MB", "1.5 GB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= 0.9995 * size:
            amount = count / size
            text = f"{amount:,.0f}" if amount >= 9.95 else f"{amount:.1f}".removesuffix(".0")
            return f"{text} {unit}"
    return f"{count:.0f} bytes"
