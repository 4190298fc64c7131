"""Where the bytes of a growing tape go: the end of a file, or of a buffer in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from engine.tape.errors import TapeError

Bytes = bytes | bytearray | memoryview
_TOGETHER = 512 if hasattr(os, "writev") else 1  # parts in one call


class Sink(Protocol):
    """Takes bytes at its end; what `append` was given is wholly there or not at all."""

    name: str
    end: int

    def append(self, parts: Iterable[Bytes]) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


class FileSink:
    """A file that this process alone writes."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.end = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        try:
            self._fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise TapeError(self.name, "opening", error.strerror or str(error)) from error

    def append(self, parts: Iterable[Bytes]) -> None:
        """Write all parts, or cut the file back to where it was and raise the OSError."""
        at = self.end
        try:
            at += self._write([memoryview(part).cast("B") for part in parts if len(part)])
        except BaseException:
            os.ftruncate(self._fd, self.end)
            os.lseek(self._fd, self.end, os.SEEK_SET)
            raise
        self.end = at

    def _write(self, views: list[memoryview]) -> int:
        """Write all, many with one call where the system can; return how many bytes they are."""
        total = first = 0
        while first < len(views):
            some = views[first : first + _TOGETHER]
            count = os.write(self._fd, some[0]) if len(some) == 1 else os.writev(self._fd, some)
            total += count
            while first < len(views) and count >= views[first].nbytes:
                count -= views[first].nbytes
                first += 1
            if count:
                views[first] = views[first][count:]
        return total

    def sync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class MemorySink:
    """A buffer that a MemorySource reads."""

    name = "recording in memory"

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.end = 0

    def append(self, parts: Iterable[Bytes]) -> None:
        for part in parts:
            self.buffer += part
        self.end = len(self.buffer)

    def sync(self) -> None:
        """Memory needs none."""

    def close(self) -> None:
        """Nothing is held open."""
