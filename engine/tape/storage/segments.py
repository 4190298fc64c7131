"""Segments: what one flush appends, and what the reader takes at once or not at all.

A segment is its payload members, its table members in the order of `TABLES`, and last its
`texts.json`, which says what the others are: a segment without it is not there yet.
"""

from __future__ import annotations

import copy
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.tape.errors import TapeError
from engine.tape.schema import TABLES
from engine.tape.storage import npy, versions
from engine.tape.storage.container import (
    Member,
    Scanner,
    central_directory,
    first_member,
    last_member,
    local_header,
    preamble,
)
from engine.tape.storage.sink import Bytes, Sink
from engine.tape.storage.source import Source

MAX_DOCUMENT = 64 << 20  # manifest and summary are small; a larger one is not ours
_MOST_NESTED = 1 << 20  # objects and lists
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

_T = TypeVar("_T")


class Payload(NamedTuple):
    """The data of one payload member as its writer has it: buffers in a row.

    crc: the CRC-32 of it all where that is known already.
    """

    number: int
    parts: Sequence[Bytes]
    crc: int | None = None


class _New(NamedTuple):
    """A member that is to be written."""

    name: str
    data: Sequence[Bytes]
    crc: int | None = None


class Segment(NamedTuple):
    """One segment as read; the rows are views of the bytes that were read."""

    number: int
    tables: dict[str, NDArray[np.void]]
    texts: list[str]
    payloads: list[Member]
    before: tuple[int, int] = (0, 0)  # where it begins: byte, and number of members


def summary_member(at: int, summary: Mapping[str, Any]) -> tuple[Member, bytes]:
    """Return the member `summary.json` as it stands at byte `at`, and its data."""
    data = _json(summary)
    name, crc = "summary.json", zlib.crc32(data)
    head = local_header(name, len(data), crc)
    return Member(name, at, at + len(head), len(data), crc), data


def read_summary(source: Source) -> dict[str, Any] | None:
    """Return a finished file's summary without reading what it sums up; None where that fails."""
    scanner = Scanner(source)
    member = last_member(source, "summary.json")
    if member is None or member.size > MAX_DOCUMENT:
        return None
    scanner.at = member.header
    return parsed(scanner.read(member)) if scanner.next() == member else None


def parsed(data: bytes) -> dict[str, Any] | None:
    """Return the object that a JSON member is; None where it is none, or one to choke on."""
    if _nested(data) > _MOST_NESTED:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class SegmentWriter:
    """Appends segments to a sink, and the summary and the directory at the end."""

    def __init__(self, sink: Sink, manifest: Mapping[str, Any]) -> None:
        self._sink = sink
        self._members = [first_member()]
        self._segments = 0
        sink.append([preamble()])
        self._append([_New("manifest.json", [_json({**manifest, **versions.description()})])])

    def write(
        self, tables: Mapping[str, Bytes], texts: list[str], payloads: Sequence[Payload]
    ) -> int:
        """Append one segment of whole rows; return the bytes that the sink now holds."""
        number = self._segments
        folder = f"segments/{number:08d}"
        members: list[_New] = [
            _New(f"payloads/{payload.number:08d}.bin", payload.parts, payload.crc)
            for payload in payloads
        ]
        counts = {}
        for name, dtype in TABLES.items():
            data = tables.get(name)
            if data:
                counts[name] = len(data) // dtype.itemsize
                header = npy.header(dtype, counts[name])
                members.append(_New(f"{folder}/{name}.npy", [header, data]))
        record = {"rows": counts, "payloads": [p.number for p in payloads], "texts": texts}
        members.append(_New(f"{folder}/texts.json", [_json(record)]))
        self._append(members)
        self._segments += 1
        return self._sink.end

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Append the summary and the central directory; nothing may follow."""
        self._append([_New("summary.json", [_json(summary)])])
        self._sink.append([central_directory(self._members, self._sink.end)])
        self._sink.sync()

    def _append(self, members: Iterable[_New]) -> None:
        parts: list[Bytes] = []
        added: list[Member] = []
        at = self._sink.end
        for name, data, known in members:
            crc = size = 0
            for part in data:
                crc = zlib.crc32(part, crc) if known is None else known
                size += len(part) if isinstance(part, bytes | bytearray) else part.nbytes
            head = local_header(name, size, crc)
            added.append(Member(name, at, at + len(head), size, crc))
            at = added[-1].end
            parts.append(head)
            parts.extend(data)
        self._sink.append(parts)
        self._members += added


class SegmentReader:
    """Reads the segments of a source one by one, as they appear."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._scanner = Scanner(source)
        self._segments = 0
        self._payloads = 0
        self._version = versions.VERSION
        self._failure: TapeError | None = None
        self.manifest: dict[str, Any] = {}
        self.summary: dict[str, Any] | None = None
        self.end = 0  # bytes up to here are whole segments
        self.members: list[Member] = [first_member()]
        self._read_manifest()

    @property
    def complete(self) -> bool:
        """Whether the recording was finished: the summary and a directory are there."""
        return self._scanner.finished and self.summary is not None

    def snapshot(self, end: int, members: int, summary: dict[str, Any] | None) -> SegmentReader:
        """Return the reader as it was at `end`, for another thread: it reads no more."""
        frozen = copy.copy(self)
        frozen.end, frozen.members, frozen.summary = end, self.members[:members], summary
        return frozen

    def next(self) -> Segment | None:
        """Return the next whole segment, None where there is none yet."""
        start = self._scanner.at
        segment = self._next()
        if segment is None and self.summary is None:
            self._scanner.at = start
        return segment

    def cut(self, segment: Segment) -> None:
        """Let the tape end before a segment, whose rows cannot be."""
        self.end, count = segment.before
        del self.members[count:]
        self.summary = None

    def several(self, rows: int) -> list[Segment]:
        """Return the next whole segments, of so many rows or a few more; [] where there are none.

        What is wrong with a segment is raised when those before it were returned.
        """
        if self._failure is not None:
            raise self._failure
        found: list[Segment] = []
        try:
            while rows > 0 and (segment := self.next()) is not None:
                found.append(segment)
                rows -= sum(map(len, segment.tables.values()))
        except TapeError as error:
            if not found:
                raise
            self._failure = error
        return found

    def _next(self) -> Segment | None:
        tables: dict[str, NDArray[np.void]] = {}
        payloads: list[Member] = []
        members: list[Member] = []
        folder = f"segments/{self._segments:08d}/"
        while (member := self._scanner.next()) is not None:
            members.append(member)
            if self.summary is not None:
                raise self._wrong(member, "nothing may follow the summary")
            if member.name == "summary.json":
                self._take_summary(member, members)
            elif member.name == f"payloads/{self._payloads + len(payloads):08d}.bin":
                payloads.append(member)
            elif member.name == folder + "texts.json":
                return self._commit(member, tables, payloads, members)
            else:
                self._take_table(member, folder, tables)
        return None

    def _take_table(self, member: Member, folder: str, tables: dict[str, NDArray[np.void]]) -> None:
        name = member.name.removeprefix(folder).removesuffix(".npy")
        if (
            member.name != f"{folder}{name}.npy"
            or name not in versions.tables(self._version)
            or name in tables
        ):
            raise self._wrong(member, f"this member does not belong after segment {folder[9:17]}")
        try:
            dtype = versions.table(name, self._version)
            tables[name] = versions.upgraded(name, npy.decode(self._scanner.read(member), dtype))
        except ValueError as error:
            raise self._wrong(member, str(error)) from None

    def _commit(
        self,
        member: Member,
        tables: dict[str, NDArray[np.void]],
        payloads: list[Member],
        members: list[Member],
    ) -> Segment:
        record = self._json(member, member.size)
        counts = {name: len(rows) for name, rows in tables.items()}
        numbers = [int(payload.name[9:17]) for payload in payloads]
        texts = self._field(member, record, "texts", list)
        if record.get("rows") != counts or record.get("payloads") != numbers:
            raise self._wrong(member, "members of this segment are missing or not its own")
        if not all(isinstance(text, str) for text in texts):
            raise self._wrong(member, "a text is not a text")
        texts = list(map(_written, texts))
        before = self.end, len(self.members)
        segment = Segment(self._segments, tables, texts, payloads, before)
        self._segments += 1
        self._payloads += len(payloads)
        self.members += members
        self.end = self._scanner.at
        return segment

    def _take_summary(self, member: Member, members: list[Member]) -> None:
        if len(members) > 1:
            raise self._wrong(member, "the segment before it is not whole")
        self.summary = self._json(member, MAX_DOCUMENT)
        self.members += members

    def _read_manifest(self) -> None:
        member = self._scanner.next()
        if member is None:
            raise TapeError(self._source.name, "manifest.json", "the file ends before it")
        if member.name != "manifest.json":
            raise self._wrong(member, "manifest.json must come first")
        manifest = self._json(member, MAX_DOCUMENT)
        if manifest.get("format") != versions.FORMAT:
            raise self._wrong(member, f"the format is not {versions.FORMAT}")
        version = self._field(member, manifest, "version", int)
        if not versions.known(version):
            newest = f"this reads up to {versions.VERSION}"
            raise self._wrong(member, f"version {version} is not known here ({newest})")
        for key, wanted in versions.description(version).items():
            if manifest.get(key) != wanted:
                raise self._wrong(member, f"its {key} is not that of version {version}")
        self._version = version
        self.manifest = manifest
        self.members.append(member)
        self.end = self._scanner.at

    def _json(self, member: Member, limit: int) -> dict[str, Any]:
        if member.size > limit:
            raise self._wrong(member, f"it is larger than {limit} bytes")
        value = parsed(self._scanner.read(member))
        if value is None:
            raise self._wrong(member, "it is not a JSON object")
        return value

    def _field(self, member: Member, record: dict[str, Any], key: str, kind: type[_T]) -> _T:
        value = record.get(key)
        if not isinstance(value, kind):
            raise self._wrong(member, f"{key!r} is missing or of the wrong type")
        return value

    def _wrong(self, member: Member, problem: str) -> TapeError:
        return TapeError(self._source.name, member.name, problem)


def _nested(data: bytes) -> int:
    """Return how many objects and lists a JSON text has; each takes many times its bytes."""
    count = data.count(b"{") + data.count(b"[")
    if count > _MOST_NESTED:  # perhaps in its texts, which are code
        outside = _STRING.sub(b"", data)
        count = outside.count(b"{") + outside.count(b"[")
    return count


def _written(text: str) -> str:
    """Return a text as UTF-8 can have it: JSON's escapes can tell half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=True).encode("ascii")
