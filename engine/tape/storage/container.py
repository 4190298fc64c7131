"""The members of a `.tape`: ZIP64 records, all STORED, one fixed layout, one after the other.

Every local header carries its sizes and CRC before the data, a ZIP64 extra field, and an extra
field of our own (id 0x6474) with the CRC-32 of the rest of the header: so that a file without a
central directory can be read from its start, and damage is told from a file that is still growing.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

from engine.tape.errors import TapeError
from engine.tape.storage.source import Source

MIMETYPE = b"application/x-tapedeck-tape"
#: Longest member name and its form. No dots but one, no parents, no absolute paths.
NAME = re.compile(r"[a-z]+(?:/[0-9]{8})?(?:/[a-z_]+)?(?:\.[a-z]+)?", re.ASCII)
MAX_NAME = 64

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_EXTRA = struct.Struct("<HHQQ")  # ZIP64: id, length, size, stored size
_CHECK = struct.Struct("<HHI")  # ours: id, length, CRC-32 of the header before it
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_CENTRAL_EXTRA = struct.Struct("<HHQQQ")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR = struct.Struct("<IIQI")
_END = struct.Struct("<IHHHHIIH")

_LOCAL_SIGN, _CENTRAL_SIGN = 0x04034B50, 0x02014B50
_VERSION, _DATE, _FULL = 45, 0x21, 0xFFFFFFFF  # needs ZIP64; 1980-01-01; "see the extra field"
_EXTRAS = _EXTRA.size + _CHECK.size
HEADER = _LOCAL.size + _EXTRAS  # plus the name


class Member(NamedTuple):
    """One member: where its header and its data begin, and what its data must be."""

    name: str
    header: int
    start: int
    size: int
    crc: int

    @property
    def end(self) -> int:
        return self.start + self.size


def local_header(name: str, size: int, crc: int) -> bytes:
    """Return the bytes that stand before a member's data."""
    text = name.encode("ascii")
    head = _LOCAL.pack(_LOCAL_SIGN, _VERSION, 0, 0, 0, _DATE, crc, _FULL, _FULL, len(text), _EXTRAS)
    head += text + _EXTRA.pack(1, 16, size, size)
    return head + _CHECK.pack(0x6474, 4, zlib.crc32(head))


def preamble() -> bytes:
    """Return the constant first bytes of every tape: the member `mimetype`, in plain ZIP."""
    crc, size = zlib.crc32(MIMETYPE), len(MIMETYPE)
    head = _LOCAL.pack(_LOCAL_SIGN, 20, 0, 0, 0, _DATE, crc, size, size, 8, 0)
    return head + b"mimetype" + MIMETYPE


def first_member() -> Member:
    return Member("mimetype", 0, _LOCAL.size + 8, len(MIMETYPE), zlib.crc32(MIMETYPE))


def central_directory(members: list[Member], at: int) -> bytes:
    """Return what ends a finished file: one record per member and the ZIP64 and plain ends."""
    records = b"".join(map(_record, members))
    count, size = len(members), len(records)
    end64 = _END64.pack(
        0x06064B50, _END64.size - 12, _VERSION, _VERSION, 0, 0, count, count, size, at
    )
    locator = _LOCATOR.pack(0x07064B50, 0, at + size, 1)
    end = _END.pack(0x06054B50, 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), _FULL, _FULL, 0)
    return records + end64 + locator + end


def _record(member: Member) -> bytes:
    text = member.name.encode("ascii")
    head = _CENTRAL.pack(
        _CENTRAL_SIGN, _VERSION, _VERSION, 0, 0, 0, _DATE, member.crc, _FULL, _FULL, len(text),
        _CENTRAL_EXTRA.size, 0, 0, 0, 0, _FULL,
    )  # fmt: skip
    return head + text + _CENTRAL_EXTRA.pack(1, 24, member.size, member.size, member.header)


def last_member(source: Source, name: str) -> Member | None:
    """Return a finished file's last member if it has that name, without reading the others."""
    size, ends = source.size(), _END64.size + _LOCATOR.size + _END.size
    length = _CENTRAL.size + len(name) + _CENTRAL_EXTRA.size
    if size < ends + length:
        return None
    tail = source.read(size - ends - length, length + _END64.size)
    crc = _CENTRAL.unpack_from(tail)[7]
    _, _, stored, _, header = _CENTRAL_EXTRA.unpack_from(tail, length - _CENTRAL_EXTRA.size)
    member = Member(name, header, header + HEADER + len(name), stored, crc)
    begin = _END64.unpack_from(tail, length)[9]
    return member if tail.startswith(_record(member)) and member.end == begin else None


class Scanner:
    """Walks the members of a source from its start, as far as they are whole."""

    BLOCK = 1 << 18

    def __init__(self, source: Source) -> None:
        self._source = source
        self._block = b""
        self._block_at = 0
        self.at = 0  # where the next member begins
        self.finished = False  # the central directory was reached
        start = preamble()
        if source.read(0, len(start)) != start:
            raise TapeError(source.name, "byte 0", "this is not a tape (it begins otherwise)")
        self.at = len(start)

    def next(self) -> Member | None:
        """Return the next whole member and step behind it; None at the end of what is there."""
        if self.finished:
            return None
        head = self._peek(self.at, _LOCAL.size)
        if head[:4] == _CENTRAL_SIGN.to_bytes(4, "little"):
            self.finished = True
            return None
        if len(head) < _LOCAL.size:
            self._still_growing(head)
            return None
        length = _LOCAL.unpack(head)[9]
        if length > MAX_NAME:
            raise self._damaged("the header of this member is damaged")
        whole = self._peek(self.at, HEADER + length)
        if len(whole) < HEADER + length:
            return None
        member = self._parse(whole, length)
        if member.end > self._source.size():
            return None
        self.at = member.end
        return member

    def read(self, member: Member) -> bytes:
        """Return a member's data after checking its CRC; the caller has bounded its size."""
        data = self._peek(member.start, member.size)
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise TapeError(self._source.name, member.name, "its checksum does not match its data")
        return data

    def _parse(self, whole: bytes, length: int) -> Member:
        names = _LOCAL.size, _LOCAL.size + length
        name = whole[names[0] : names[1]].decode("ascii", "replace")
        _, _, size, _ = _EXTRA.unpack_from(whole, names[1])
        crc = _LOCAL.unpack_from(whole)[6]
        if not NAME.fullmatch(name) or local_header(name, size, crc) != whole:
            raise self._damaged("the header of this member is damaged")
        return Member(name, self.at, self.at + len(whole), size, crc)

    def _still_growing(self, head: bytes) -> None:
        sign = _LOCAL_SIGN.to_bytes(4, "little")
        if head[:4] != sign[: len(head)]:
            raise self._damaged("neither a member nor the directory begins here")

    def _damaged(self, problem: str) -> TapeError:
        return TapeError(self._source.name, f"byte {self.at}", problem)

    def _peek(self, at: int, count: int) -> bytes:
        skip = at - self._block_at
        if skip >= 0 and skip + count <= len(self._block):
            return self._block[skip : skip + count]
        if count >= self.BLOCK:
            return self._source.read(at, count)
        self._block, self._block_at = self._source.read(at, self.BLOCK), at
        return self._block[:count]
