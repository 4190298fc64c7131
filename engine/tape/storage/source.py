"""Where the bytes of a tape are: a file read with pread, or memory that still grows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from engine.tape.errors import TapeError


class Source(Protocol):
    """Random access to bytes that only grow at the end."""

    name: str

    def size(self) -> int: ...
    def read(self, offset: int, count: int) -> bytes: ...
    def close(self) -> None: ...


class FileSource:
    """A file opened for reading; never mapped, so that a file cut off meanwhile is no SIGBUS."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            if not os.path.isfile(self._fd):  # noqa: PTH113 (asks the open file, not the path)
                raise TapeError(self.name, "opening", "it is not a regular file")
        except OSError as error:
            raise TapeError(self.name, "opening", error.strerror or str(error)) from error
        except TapeError:
            self.close()
            raise

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes; fewer only at the end of the file."""
        parts: list[bytes] = []
        while count > 0:
            try:
                part = _pread(self._fd, count, offset)
            except OSError as error:
                where = f"byte {offset}"
                raise TapeError(self.name, where, error.strerror or str(error)) from error
            if not part:
                break
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


def _pread(fd: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(fd, count, offset)
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, count)


class MemorySource:
    """The bytes of a recording that is kept in memory; a MemorySink appends to the same buffer."""

    name = "recording in memory"

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer

    def size(self) -> int:
        return len(self._buffer)

    def read(self, offset: int, count: int) -> bytes:
        return bytes(self._buffer[offset : offset + count])

    def close(self) -> None:
        """Nothing is held open."""
