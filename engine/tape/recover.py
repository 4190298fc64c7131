"""Writes what can be read of a damaged tape as a whole one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.tape.check import Progress, Report, check
from engine.tape.errors import TapeError
from engine.tape.schema import ArrayFlag
from engine.tape.storage import npy, versions
from engine.tape.storage.container import Member, first_member, local_header, preamble
from engine.tape.storage.save import replacing, write_end
from engine.tape.storage.segments import SegmentReader
from engine.tape.storage.source import FileSource, Source
from engine.tape.summary import summarize
from engine.tape.tape import Tape

_BLOCK = 4 << 20


def recover(path: Path | str, target: Path | str, progress: Progress | None = None) -> Report:
    """Verify `path` and write its readable part to `target`, which then passes `check`.

    Arrays whose bytes are damaged are marked as lost; all else is as it was. Raises TapeError where
    nothing can be read, or `target` cannot be written.
    """
    report = check(path, progress)
    if report.hopeless:
        raise TapeError(report.file, "recovering", f"nothing of it can be read: {report.damage[0]}")
    source = FileSource(Path(path))
    try:
        summary = summarize(Tape(source, partial=True))
        with replacing(Path(target)) as file:
            file.write(preamble())
            members = [first_member()]
            for member, data in _parts(source, report):
                head = local_header(member.name, member.size, member.crc)
                at = file.tell()
                members.append(Member(member.name, at, at + len(head), member.size, member.crc))
                file.write(head)
                file.writelines(data)
            write_end(file, members, summary)
    finally:
        source.close()
    return report


def _parts(
    source: Source, report: Report
) -> Iterator[tuple[Member, list[bytes] | Iterator[bytes]]]:
    """Yield the members of the readable segments as they are to be written, and their data."""
    reader = SegmentReader(source)
    version, lost = reader.manifest["version"], np.array(report.lost, np.int64)
    yield reader.members[1], _blocks(source, reader.members[1])
    seen, rows = len(reader.members), 0
    for _ in range(report.segments):
        segment = reader.next()
        assert segment is not None
        count = len(segment.tables.get("arrays", ()))
        gone = lost[(lost >= rows) & (lost < rows + count)] - rows
        rows += count
        for member in reader.members[seen:]:
            if member.name.endswith("/arrays.npy") and len(gone):
                yield _without(source, member, gone, version)
            else:
                crc = (report.crcs or {}).get(member.name, member.crc)
                yield member._replace(crc=crc), _blocks(source, member)
        seen = len(reader.members)


def _without(
    source: Source, member: Member, gone: NDArray[np.int64], version: int
) -> tuple[Member, list[bytes]]:
    """Return the member of a table `arrays` in which some rows say that their bytes are lost."""
    data = source.read(member.start, member.size)
    rows = npy.decode(data, versions.table("arrays", version)).copy()
    rows["flags"][gone] |= np.uint8(ArrayFlag.SUMMARY | ArrayFlag.LOST)
    data = npy.header(rows.dtype, len(rows)) + rows.tobytes()
    return member._replace(size=len(data), crc=zlib.crc32(data)), [data]


def _blocks(source: Source, member: Member) -> Iterator[bytes]:
    at = member.start
    while at < member.end:
        block = source.read(at, min(_BLOCK, member.end - at))
        if not block:
            raise TapeError(source.name, member.name, "the file became shorter while it was read")
        yield block
        at += len(block)
