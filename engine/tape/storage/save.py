"""Saving a tape so that the target is the old file or the new one, whole, whatever happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.tape.errors import TapeError
from engine.tape.storage.container import central_directory, local_header
from engine.tape.storage.segments import SegmentReader, summary_member
from engine.tape.storage.source import Source

_BLOCK = 4 << 20


def save_copy(
    source: Source, reader: SegmentReader, path: Path, summary: Callable[[], dict[str, Any]]
) -> None:
    """Copy all whole segments that were read to `path`, finished with summary and directory."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            _copy(source, reader.end, file.write)
            member, data = summary_member(reader.end, reader.summary or summary())
            file.write(local_header(member.name, member.size, member.crc))
            file.write(data)
            members = [m for m in reader.members if m.name != member.name]
            file.write(central_directory([*members, member], member.end))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise TapeError(str(path), "saving", error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _copy(source: Source, end: int, write: Callable[[bytes], object]) -> None:
    at = 0
    while at < end:
        block = source.read(at, min(_BLOCK, end - at))
        if not block:
            raise TapeError(
                source.name, f"byte {at}", "the file became shorter while it was copied"
            )
        write(block)
        at += len(block)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
