"""A tape taken apart into its members and put together again with checksums that are right."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np

from engine.tape.schema import TABLES
from engine.tape.storage import npy
from engine.tape.storage.container import (
    Member,
    Scanner,
    central_directory,
    first_member,
    local_header,
    preamble,
)
from engine.tape.storage.source import MemorySource


class Part(NamedTuple):
    """A member as one would write it."""

    name: str
    data: bytes


def take_apart(data: bytes) -> tuple[list[Part], bool]:
    """Return the members behind `mimetype`, and whether a central directory follows."""
    scanner = Scanner(MemorySource(bytearray(data)))
    parts = []
    while (member := scanner.next()) is not None:
        parts.append(Part(member.name, scanner.read(member)))
    return parts, scanner.finished


def put_together(parts: list[Part], finished: bool) -> bytes:
    """Return a file of these members, every header and checksum of which is as it should be."""
    data = bytearray(preamble())
    members = [first_member()]
    for name, content in parts:
        crc = zlib.crc32(content)
        head = local_header(name, len(content), crc)
        members.append(Member(name, len(data), len(data) + len(head), len(content), crc))
        data += head + content
    if finished:
        data += central_directory(members, len(data))
    return bytes(data)


def rows_of(part: Part) -> np.ndarray:
    """Return the rows of a table member, to be changed."""
    return npy.decode(part.data, TABLES[table_of(part)]).copy()


def with_rows(part: Part, rows: np.ndarray) -> Part:
    return Part(part.name, npy.header(rows.dtype, len(rows)) + rows.tobytes())


def table_of(part: Part) -> str:
    """Return the table that a member holds rows of, "" for others."""
    is_table = part.name.startswith("segments/") and part.name.endswith(".npy")
    return part.name[18:-4] if is_table else ""
