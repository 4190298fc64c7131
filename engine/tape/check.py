"""Verifies all of a tape: where a damaged one is damaged, and what of it can still be read.

A tape is read in order, and rows refer to earlier ones: damage to a table or a header ends it
there. Damage to a payload costs the arrays that lie in the damaged bytes, no more.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.tape.errors import TapeError
from engine.tape.schema import ArrayFlag
from engine.tape.storage import npy, versions
from engine.tape.storage.container import Member, central_directory
from engine.tape.storage.segments import Segment, SegmentReader
from engine.tape.storage.source import FileSource, Source
from engine.tape.tables import Tables

#: Told how many bytes were verified and how many there are; returns whether to stop.
Progress = Callable[[int, int], bool]

_BLOCK = 4 << 20
_ROW = re.compile(r"([a-z]+) row (\d+): (.*)", re.DOTALL)
#: Counts in a summary and the tables that they are of.
_COUNTS = {
    "events": "events", "operations": "ops", "nodes": "nodes", "passes": "passes", "steps": "steps",
    "cells": "cells", "arrays": "arrays",
}  # fmt: skip


class Damage(NamedTuple):
    """One thing that is wrong. member: "" where none is known; offset: bytes from the file's begin.

    row: of the table in the member, counted over the whole tape; -1 for none.
    """

    member: str
    offset: int
    row: int
    problem: str

    def __str__(self) -> str:
        row = f", row {self.row:,}" if self.row >= 0 else ""
        return f"{self.member or 'container'}, byte {self.offset:,}{row}: {self.problem}"


@dataclass(slots=True)
class Report:
    """What was found. finished: summary and directory are there, as they should be.

    readable: bytes from the file's begin that are whole segments; lost: rows of `arrays` whose
    bytes are damaged; crcs: of damaged payloads, the checksum that their bytes have.
    """

    file: str
    size: int
    finished: bool = False
    readable: int = 0
    members: int = 0
    segments: int = 0
    events: int = 0
    arrays: int = 0
    damage: tuple[Damage, ...] = ()
    lost: tuple[int, ...] = ()
    crcs: dict[str, int] | None = None

    @property
    def whole(self) -> bool:
        """Return whether the file is a finished tape without any damage."""
        return self.finished and not self.damage

    @property
    def hopeless(self) -> bool:
        """Return whether nothing of it can be read."""
        return self.segments == 0 and bool(self.damage)


class Stopped(Exception):
    """Whoever watches the progress wants no more."""


def check(path: Path | str, progress: Progress | None = None) -> Report:
    """Verify a file wholly; TapeError only where it cannot be opened at all."""
    source = FileSource(Path(path))
    try:
        return _Checker(source, progress or (lambda done, of: False)).run()
    finally:
        source.close()


class _Checker:
    """One verification, front to back."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source, self._progress = source, progress
        self._report = Report(source.name, source.size())
        self._damage: list[Damage] = []
        self._tables = Tables(source.name)
        self._members: dict[str, Member] = {}
        self._starts: dict[str, int] = {}

    def run(self) -> Report:
        report = self._report
        reader = self._open()
        if reader is not None:
            self._segments(reader)
            self._payloads()
            self._end(reader)
        report.damage = tuple(self._damage)
        return report

    def _open(self) -> SegmentReader | None:
        try:
            return SegmentReader(self._source)
        except TapeError as error:
            self._found(error, 0)
            return None

    def _segments(self, reader: SegmentReader) -> None:
        report = self._report
        at = reader.end
        try:
            while (segment := reader.next()) is not None:
                self._members |= {m.name: m for m in reader.members[report.members :]}
                self._take(segment, reader)
                report.segments += 1
                at = reader.end
        except TapeError as error:
            self._found(error, at)
        report.readable = at
        report.members = len(reader.members)
        report.events, report.arrays = (len(self._tables.rows(t)) for t in ("events", "arrays"))

    def _take(self, segment: Segment, reader: SegmentReader) -> None:
        for name in segment.tables:
            member = self._members[f"segments/{segment.number:08d}/{name}.npy"]
            self._starts[member.name] = len(self._tables.rows(name))
        try:
            self._tables.take([segment])
        except TapeError as error:
            raise self._placed(error, segment, reader) from None
        self._report.members = len(reader.members)

    def _placed(self, error: TapeError, segment: Segment, reader: SegmentReader) -> TapeError:
        """Return the error of a row with the member and the byte that the row is at."""
        found = _ROW.match(error.problem)
        if found is None:
            return error
        table, row, problem = found[1], int(found[2]), found[3]
        member = self._members.get(f"segments/{segment.number:08d}/{table}.npy")
        if member is None:
            return error
        dtype = versions.table(table, reader.manifest["version"])
        rows = len(segment.tables[table])
        inside = row - self._starts[member.name]
        offset = member.start + len(npy.header(dtype, rows)) + inside * dtype.itemsize
        self._damage.append(Damage(member.name, offset, row, problem))
        return TapeError(self._source.name, "", "")

    def _found(self, error: TapeError, at: int) -> None:
        """Note an error with the byte that it was found at; its place may say it better."""
        if not error.problem:
            return  # noted already
        byte = re.fullmatch(r"byte (\d+)", error.place)
        if byte is not None:
            self._damage.append(Damage("", int(byte[1]), -1, error.problem))
            return
        member = self._members.get(error.place) or self._search(error.place, at)
        where = member.start if member is not None else at
        self._damage.append(Damage(error.place, where, -1, error.problem))

    def _search(self, name: str, at: int) -> Member | None:
        """Find a member that was not taken, by walking the headers from a byte on."""
        from engine.tape.storage.container import Scanner

        try:
            scanner = Scanner(self._source)
            scanner.at = max(at, scanner.at)
            while (member := scanner.next()) is not None:
                if member.name == name:
                    return member
        except TapeError:
            pass
        return None

    def _payloads(self) -> None:
        """Verify every payload and every array in it."""
        arrays = self._tables.rows("arrays")
        kept = np.flatnonzero((arrays["flags"] & ArrayFlag.SUMMARY) == 0)
        order = kept[np.argsort(arrays["segment"][kept], kind="stable")]
        first = np.searchsorted(arrays["segment"][order], np.arange(len(self._tables.payloads) + 1))
        lost: list[int] = []
        crcs: dict[str, int] = {}
        for number, member in enumerate(self._tables.payloads):
            crc = self._crc(member.start, member.size)
            if crc != member.crc:
                crcs[member.name] = crc
            bad = list(self._damaged_arrays(order[first[number] : first[number + 1]], member, crc))
            lost += bad
            if crc != member.crc:
                what = f"{len(bad):,} of its arrays cannot be read" if bad else "no array is in it"
                problem = f"its checksum does not match its data: {what}"
                self._damage.append(Damage(member.name, member.start, -1, problem))
            for row in bad:
                offset = member.start + int(arrays["offset"][row])
                problem = "the checksum of this array does not match its data"
                self._damage.append(Damage(member.name, offset, row, problem))
        self._report.lost, self._report.crcs = tuple(sorted(lost)), crcs

    def _damaged_arrays(self, rows: Any, member: Member, crc: int) -> Iterator[int]:
        known = {(0, member.size): crc}
        arrays = self._tables.rows("arrays")[rows]
        for row, offset, nbytes, wanted in zip(
            rows.tolist(), arrays["offset"].tolist(), arrays["nbytes"].tolist(),
            arrays["crc"].tolist(), strict=True,
        ):  # fmt: skip
            span = offset, nbytes
            if span not in known:
                known[span] = self._crc(member.start + offset, nbytes)
            if known[span] != wanted:
                yield row

    def _crc(self, at: int, size: int) -> int:
        crc, end = 0, at + size
        while at < end:
            block = self._source.read(at, min(_BLOCK, end - at))
            if not block:
                return -1
            crc = zlib.crc32(block, crc)
            at += len(block)
            if self._progress(at, self._report.size):
                raise Stopped
        return crc

    def _end(self, reader: SegmentReader) -> None:
        """Verify what follows the segments: summary and directory, or nothing."""
        report, at = self._report, reader.members[-1].end
        report.finished = reader.complete
        if self._damage and report.readable < at:
            return
        if not reader.complete:
            rest = report.size - report.readable
            if rest and not self._damage:
                problem = f"the last {rest:,} bytes are no whole segment"
                self._damage.append(Damage("", report.readable, -1, problem))
            return
        summary = reader.summary or {}
        for key, table in _COUNTS.items():
            there = len(self._tables.rows(table))
            if summary.get(key, there) != there:
                problem = f"it says {summary[key]!r:.40} {key}, there are {there:,}"
                self._damage.append(Damage("summary.json", reader.members[-1].start, -1, problem))
        wanted = central_directory(reader.members, at)
        found = self._source.read(at, len(wanted) + 1)
        if found != wanted:
            pairs = enumerate(zip(found, wanted, strict=False))
            same = next((i for i, (a, b) in pairs if a != b), min(len(found), len(wanted)))
            problem = "the central directory is not that of the members (only zip tools need it)"
            self._damage.append(Damage("", at + same, -1, problem))
