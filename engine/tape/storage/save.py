"""Saving a tape so that the target is the old file or the new one, whole, whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from engine.tape.errors import TapeError
from engine.tape.storage import atomic
from engine.tape.storage.container import Member, central_directory, local_header
from engine.tape.storage.segments import SegmentReader, summary_member
from engine.tape.storage.source import Source

_BLOCK = 4 << 20


def save_copy(
    source: Source, reader: SegmentReader, path: Path, summary: Callable[[], dict[str, Any]],
    progress: Callable[[int, int], object],
) -> None:  # fmt: skip
    """Copy all whole segments that were read to `path`, finished with summary and directory."""
    with replacing(path) as file:
        _copy(source, reader.end, file.write, progress)
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

    As `atomic.replacing`, but raises TapeError.
    """
    try:
        with atomic.replacing(path) as file:
            yield file
    except OSError as error:
        raise TapeError(str(path), "saving", error.strerror or str(error)) from error


def _copy(
    source: Source, end: int, write: Callable[[bytes], object],
    progress: Callable[[int, int], object],
) -> None:  # fmt: skip
    at = 0
    while at < end:
        block = source.read(at, min(_BLOCK, end - at))
        if not block:
            raise TapeError(
                source.name, f"byte {at}", "the file became shorter while it was copied"
            )
        write(block)
        at += len(block)
        progress(at, end)
