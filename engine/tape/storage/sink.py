"""Where the bytes of a growing tape go: the end of a file, or of a buffer in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from engine.tape.errors import TapeError

Bytes = bytes | bytearray | memoryview


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
            for part in parts:
                at = self._write(part, at)
        except BaseException:
            os.ftruncate(self._fd, self.end)
            os.lseek(self._fd, self.end, os.SEEK_SET)
            raise
        self.end = at

    def _write(self, part: Bytes, at: int) -> int:
        view = memoryview(part).cast("B") if len(part) else memoryview(b"")
        while view:
            count = os.write(self._fd, view)
            view = view[count:]
            at += count
        return at

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
