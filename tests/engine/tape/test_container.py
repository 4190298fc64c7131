"""Members of the container: readable by zip tools, exact in place, damage told from growth."""

from __future__ import annotations

import io
import zipfile

import pytest

from engine.tape.errors import TapeError
from engine.tape.storage.container import (
    Member,
    Scanner,
    central_directory,
    first_member,
    local_header,
    preamble,
)
from engine.tape.storage.source import FileSource, MemorySource


def build(*members: tuple[str, bytes]) -> tuple[bytearray, list[Member]]:
    import zlib

    data = bytearray(preamble())
    placed = [first_member()]
    for name, content in members:
        crc = zlib.crc32(content)
        head = local_header(name, len(content), crc)
        placed.append(Member(name, len(data), len(data) + len(head), len(content), crc))
        data += head + content
    return data, placed


def scan(data: bytearray) -> list[Member]:
    scanner = Scanner(MemorySource(data))
    found = []
    while (member := scanner.next()) is not None:
        scanner.read(member)
        found.append(member)
    return found


def test_zip_tools_read_a_finished_file() -> None:
    data, members = build(("manifest.json", b"{}"), ("payloads/00000000.bin", b"x" * 1000))
    data += central_directory(members, len(data))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["mimetype", "manifest.json", "payloads/00000000.bin"]
        assert archive.read("payloads/00000000.bin") == b"x" * 1000
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())


def test_mimetype_is_where_file_type_detectors_look() -> None:
    data, _ = build()
    assert data[30:38] == b"mimetype"
    assert data[38:65] == b"application/x-tapedeck-tape"


def test_the_scanner_finds_all_members_with_and_without_a_directory() -> None:
    data, members = build(("manifest.json", b"{}"), ("summary.json", b"{} "))
    assert scan(data) == members[1:]
    assert scan(data + central_directory(members, len(data))) == members[1:]


def test_every_truncation_yields_a_prefix_of_the_members() -> None:
    data, members = build(("manifest.json", b"{}"), ("payloads/00000000.bin", b"12345678" * 9))
    for length in range(len(preamble()), len(data)):
        found = scan(data[:length])
        assert found == members[1 : 1 + len(found)]
        assert len(found) < 2


def test_every_flipped_bit_of_a_header_is_damage() -> None:
    data, members = build(("manifest.json", b"{}"), ("summary.json", b"{}"))
    head = range(members[1].header, members[1].start)
    for bit in range(head.start * 8, head.stop * 8):
        bad = bytearray(data)
        bad[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(TapeError, match=r"byte \d+|manifest"):
            scan(bad)


def test_flipped_data_is_found_when_it_is_read() -> None:
    data, members = build(("manifest.json", b'{"a":1}'))
    data[members[1].start + 2] ^= 4
    with pytest.raises(TapeError, match=r"manifest\.json: its checksum"):
        scan(data)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../b.npy", "segments/00000000/x.y.z", "A.npy", "a\\b"]
)
def test_names_outside_the_pattern_are_refused(name: str) -> None:
    data, _ = build((name, b""))
    with pytest.raises(TapeError, match="header of this member is damaged"):
        scan(data)


def test_what_is_no_tape_is_said_to_be_none(tmp_path) -> None:
    path = tmp_path / "a.tape"
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(TapeError, match="this is not a tape") as raised:
        Scanner(FileSource(path))
    assert str(path) in str(raised.value)
    path.write_bytes(b"")
    with pytest.raises(TapeError, match="not a tape"):
        Scanner(FileSource(path))


def test_a_folder_and_a_missing_file_are_named(tmp_path) -> None:
    with pytest.raises(TapeError, match=r"not a regular file|directory"):
        FileSource(tmp_path)
    with pytest.raises(TapeError, match="No such file"):
        FileSource(tmp_path / "none.tape")


def test_a_scanner_sees_what_is_appended_later() -> None:
    data, members = build(("manifest.json", b"{}"), ("summary.json", b"{}"))
    growing = bytearray(data[: members[2].start])
    scanner = Scanner(MemorySource(growing))
    assert scanner.next() == members[1]
    assert scanner.next() is None
    growing += data[members[2].start :]
    assert scanner.next() == members[2]
