"""Verifying a tape: whole, damaged where it says, and what can be read of it is kept."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from engine.tape.check import Report, check
from engine.tape.recover import recover
from engine.tape.schema import TABLES
from engine.tape.storage.container import Member, Scanner
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape, TapeError
from tests.fuzz.consumers import content, use
from tests.fuzz.members import Part, put_together, rows_of, take_apart, with_rows
from tests.fuzz.mutations import DAMAGE, FORGERY
from tests.fuzz.samples import PROGRAMS, sample


def members(data: bytes) -> dict[str, Member]:
    scanner = Scanner(MemorySource(bytearray(data)))
    found = {}
    while (member := scanner.next()) is not None:
        found[member.name] = member
    return found


def checked(folder: Path, data: bytes) -> Report:
    (folder / "a.tape").write_bytes(data)
    return check(folder / "a.tape")


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_what_was_recorded_is_whole(tmp_path: Path, name: str) -> None:
    report = checked(tmp_path, sample(name))
    assert (report.whole, report.damage, report.lost) == (True, (), ())
    assert report.events > 0
    report = checked(tmp_path, sample(name, finished=False))
    assert (report.whole, report.finished, report.damage) == (False, False, ())


def test_a_damaged_payload_costs_the_arrays_in_it_and_no_more(tmp_path: Path) -> None:
    data = bytearray(sample("training"))
    where = members(data)["payloads/00000000.bin"]
    data[where.start + 9] ^= 4
    report = checked(tmp_path, data)
    tape = Tape.open(tmp_path / "a.tape")
    (lost,) = report.lost
    assert tape.arrays["segment"][lost] == 0
    offset = int(tape.arrays["offset"][lost])
    assert offset <= 9 < offset + int(tape.arrays["nbytes"][lost])
    assert {(one.member, one.offset, one.row) for one in report.damage} == {
        (where.name, where.start, -1), (where.name, where.start + offset, lost),
    }  # fmt: skip
    recover(tmp_path / "a.tape", tmp_path / "b.tape")
    assert check(tmp_path / "b.tape").whole
    again = Tape.open(tmp_path / "b.tape")
    with pytest.raises(TapeError, match=f"arrays row {lost}: its bytes were damaged, and are left"):
        again.array(lost)
    for i in range(len(tape.arrays)):
        assert i == lost or again.array(i).tobytes() == tape.array(i).tobytes()
    for name in TABLES:
        assert name == "arrays" or getattr(again, name).tolist() == getattr(tape, name).tolist()


def test_a_damaged_table_ends_the_tape_before_its_segment(tmp_path: Path) -> None:
    data = bytearray(sample("calculus", finished=False) + b"")
    parts, _ = take_apart(sample("calculus"))
    assert parts[-1].name == "summary.json"
    where = members(data)["segments/00000000/ops.npy"]
    data[where.start + 200] ^= 1
    report = checked(tmp_path, data)
    (damage,) = report.damage
    assert (damage.member, damage.offset) == (where.name, where.start)
    assert "checksum" in damage.problem
    assert (report.hopeless, report.events) == (True, 0)
    with pytest.raises(
        TapeError, match="recovering: nothing of it can be read: segments/00000000/"
    ):
        recover(tmp_path / "a.tape", tmp_path / "b.tape")
    assert not (tmp_path / "b.tape").exists()


def two_segments() -> bytes:
    from handmade import write

    return bytes(write())


def test_a_row_that_cannot_be_is_named_with_member_byte_and_row(tmp_path: Path) -> None:
    parts, finished = take_apart(two_segments())
    at = next(i for i, p in enumerate(parts) if p.name == "segments/00000001/steps.npy")
    rows = rows_of(parts[at])
    rows["node"][1] = 99
    parts[at] = with_rows(parts[at], rows)
    data = put_together(parts, finished)
    report = checked(tmp_path, data)
    (damage,) = report.damage
    assert (damage.member, damage.row) == ("segments/00000001/steps.npy", 1)
    size = TABLES["steps"].itemsize
    assert np.frombuffer(data, TABLES["steps"], 1, damage.offset)["node"][0] == 99
    assert damage.offset == members(data)[damage.member].end - size
    assert (report.segments, report.events) == (1, 4)
    recover(tmp_path / "a.tape", tmp_path / "b.tape")
    assert check(tmp_path / "b.tape").whole
    assert len(Tape.open(tmp_path / "b.tape").events) == 4
    partial = Tape.open(tmp_path / "a.tape", partial=True)
    assert (len(partial.events), partial.complete) == (4, False)
    assert "steps row 1: node points outside" in str(partial.damage)
    partial.save(tmp_path / "c.tape")
    assert check(tmp_path / "c.tape").whole


def test_a_tape_that_was_cut_off_is_recovered_up_to_its_last_whole_segment(tmp_path: Path) -> None:
    data = two_segments()
    report = checked(tmp_path, data[: members(data)["segments/00000001/texts.json"].start + 3])
    (damage,) = report.damage
    assert "bytes are no whole segment" in damage.problem
    assert damage.offset == report.readable
    recover(tmp_path / "a.tape", tmp_path / "b.tape")
    assert check(tmp_path / "b.tape").whole
    assert len(Tape.open(tmp_path / "b.tape").events) == 4


def test_counts_and_the_directory_are_verified(tmp_path: Path) -> None:
    data = sample("training")
    parts, _ = take_apart(data)
    text = parts[-1].data.replace(b'"operations":', b'"operations":1')
    report = checked(tmp_path, put_together([*parts[:-1], Part("summary.json", text)], True))
    assert "operations, there are" in report.damage[0].problem
    damaged = bytearray(data)
    damaged[-40] ^= 1
    (damage,) = checked(tmp_path, damaged).damage
    assert "central directory" in damage.problem
    assert damage.offset == len(data) - 40
    assert not checked(tmp_path, data + b"more").whole


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"something else" * 100])
def test_what_is_no_tape_is_hopeless(tmp_path: Path, data: bytes) -> None:
    report = checked(tmp_path, data)
    assert (report.whole, report.hopeless) == (False, True)
    assert "not a tape" in report.damage[0].problem


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_whatever_happened_to_a_file_what_is_recovered_is_a_whole_tape(
    tmp_path: Path, first: int
) -> None:
    recovered = 0
    for seed in range(first, first + 20):
        chance = random.Random(seed)
        name = chance.choice(list(PROGRAMS))
        mutation = chance.choice(DAMAGE + FORGERY)
        data = mutation(sample(name), chance)
        report = checked(tmp_path, data)
        if report.whole and mutation in DAMAGE:
            assert data == sample(name)
        try:
            recover(tmp_path / "a.tape", tmp_path / "b.tape")
        except TapeError:
            assert report.hopeless, seed
            continue
        assert check(tmp_path / "b.tape").whole, seed
        recovered_tape = Tape.open(tmp_path / "b.tape")
        use(recovered_tape, recovered_tape)
        recovered += 1
    assert recovered > 3


def test_the_command_says_what_is_wrong_and_what_is_left(tmp_path: Path, capsys) -> None:
    path, out = tmp_path / "a.tape", tmp_path / "out.tape"
    path.write_bytes(sample("training"))
    assert main(["check", str(path)]) == 0
    assert "whole" in capsys.readouterr().out
    data = bytearray(sample("training"))
    data[members(data)["payloads/00000000.bin"].start] ^= 1
    path.write_bytes(data)
    assert main(["check", str(path), "--recover", str(out)]) == 1
    shown = capsys.readouterr()
    assert "payloads/00000000.bin, byte" in shown.out
    assert "what can be read" in shown.out
    assert main(["check", str(out)]) == 0
    path.write_bytes(b"no tape")
    assert main(["check", str(path), "--json"]) == 2
    assert '"whole": false' in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.tape")]) == 2
    assert content(Tape.open(out))[0] == content(Tape(MemorySource(bytearray(data))))[0]
