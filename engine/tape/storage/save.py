"""Saving a tape so that the target is the old file or the new one, whole, whatever happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from engine.tape.errors import TapeError
from engine.tape.storage.container import Member, central_directory, local_header
from engine.tape.storage.segments import SegmentReader, summary_member
from engine.tape.storage.source import Source

_BLOCK = 4 << 20


def save_copy(
    source: Source, reader: SegmentReader, path: Path, summary: Callable[[], dict[str, Any]]
) -> None:
    """Copy all whole segments that were read to `path`, finished with summary and directory."""
    with replacing(path) as file:
        _copy(source, reader.end, file.write)
        members = [m for m in reader.members if m.name != "summary.json"]
        write_end(file, members, reader.summary or summary())


def write_end(file: BinaryIO, members: Sequence[Member], summary: Mapping[str, Any]) -> None:
    """Append the summary and the central directory to a file that ends with the last segment."""
    member, data = summary_member(file.tell(), summary)
    file.write(local_header(member.name, member.size, member.crc))
    file.write(data)
    file.write(central_directory([*members, member], member.end))


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file beside `path` to write; it takes that name once it is whole and on the disk.

    The permissions of an older file stay, and of a link its target is replaced. Raises TapeError
    where that cannot be done; then `path` is what it was.
    """
    try:
        target = path.resolve()
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                part.chmod(target.stat().st_mode & 0o7777)
            part.replace(target)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
        _sync_folder(target.parent)
    except OSError as error:
        raise TapeError(str(path), "saving", error.strerror or str(error)) from error


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
    """Let the new name reach the disk; a network's file system may not know how, and needs not."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
