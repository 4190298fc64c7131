"""Saving: the target is the old file or the new one, whole, whatever happens."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from handmade import write

from engine.tape.schema import TABLES
from engine.tape.storage.sink import FileSink
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape, TapeError


def test_an_unfinished_recording_is_saved_finished(tmp_path: Path) -> None:
    tape = Tape(MemorySource(write(finish=False)))
    tape.save(tmp_path / "a.tape")
    again = Tape.open(tmp_path / "a.tape")
    assert again.complete
    assert again.summary is not None
    assert again.summary["operations"] == 1
    for name in TABLES:
        assert getattr(again, name).tolist() == getattr(tape, name).tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["a.tape"]


def test_half_a_segment_at_the_end_is_left_out(tmp_path: Path) -> None:
    data = write(finish=False)
    Tape(MemorySource(data[:-20])).save(tmp_path / "a.tape")
    again = Tape.open(tmp_path / "a.tape")
    assert (again.complete, len(again.events)) == (True, 4)


def test_a_saved_tape_saved_again_is_the_same_file(tmp_path: Path) -> None:
    Tape(MemorySource(write(finish=False))).save(tmp_path / "a.tape")
    Tape.open(tmp_path / "a.tape").save(tmp_path / "b.tape")
    assert (tmp_path / "a.tape").read_bytes() == (tmp_path / "b.tape").read_bytes()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "a.tape"
    target.write_bytes(b"old")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TapeError, match=r"a\.tape: saving: No space left on device"):
        Tape(MemorySource(write())).save(target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.tape"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"none/a\.tape: saving: No such file"):
        Tape(MemorySource(write())).save(tmp_path / "none" / "a.tape")


_SAVER = """
import sys
sys.path[:0] = [sys.argv[2], sys.argv[3]]
from handmade import write
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape
tape = Tape(MemorySource(write()))
print("ready", flush=True)
while True:
    tape.save(sys.argv[1])
"""


def test_a_killed_process_leaves_a_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "a.tape"
    root = str(Path(__file__).parents[3])
    for _ in range(5):
        args = [sys.executable, "-c", _SAVER, str(target), root, str(Path(__file__).parent)]
        with subprocess.Popen(args, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            while not target.exists():
                assert process.poll() is None
            process.kill()
        assert Tape.open(target).complete
        target.unlink()


def test_a_failed_append_leaves_what_was_there(tmp_path: Path, monkeypatch) -> None:
    sink = FileSink(tmp_path / "spool.tape")
    sink.append([b"first"])
    real, calls = os.write, iter([3])

    def short(fd: int, data) -> int:
        for count in calls:
            return real(fd, data[:count])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="No space"):
        sink.append([b"second"])
    monkeypatch.undo()
    assert (tmp_path / "spool.tape").read_bytes() == b"first"
    sink.append([b" third"])
    assert (tmp_path / "spool.tape").read_bytes() == b"first third"
    sink.close()


@pytest.mark.skipif(not hasattr(os, "writev"), reason="a system that writes one part at a time")
def test_many_parts_arrive_though_the_system_takes_few_bytes_at_a_time(
    tmp_path: Path, monkeypatch
) -> None:
    sink = FileSink(tmp_path / "spool.tape")
    real = os.writev

    def short(fd: int, parts) -> int:
        head = b"".join(parts)[:7]
        assert head
        return real(fd, [head])

    monkeypatch.setattr(os, "writev", short)
    parts = [bytes([n % 256]) * (n % 5) for n in range(1200)]
    sink.append(parts)
    assert (tmp_path / "spool.tape").read_bytes() == b"".join(parts)
    assert sink.end == sum(map(len, parts))
    sink.close()
