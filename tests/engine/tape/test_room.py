"""A recording ends at its limit, and before its disk is full, with what was recorded until then."""

from __future__ import annotations

import contextlib
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

import engine as torch
from engine.tape.check import check
from engine.tape.recorder import Recorder
from engine.tape.storage.room import NoRoom, Room, in_words

Usage = namedtuple("Usage", "total used free")


def test_a_recording_ends_at_its_limit_and_keeps_what_it_had(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.tape", most=300_000)
    with recorder, contextlib.suppress(NoRoom):
        w = torch.ones(100, 40, requires_grad=True)
        for _ in range(100):
            (w * 2).sin().sum().backward()
            recorder.flush()
    assert recorder.failure is not None
    assert recorder.failure.startswith("it has reached 300 kB, the most that a recording may take")
    size = (tmp_path / "run.tape").stat().st_size
    assert 300_000 <= size < 500_000, "it ends with the segment that reaches the limit"
    assert check(tmp_path / "run.tape").damage == ()


def test_the_last_of_a_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [5e9]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1e12, 0, free[0]))
    room = Room(tmp_path / "run.tape")
    room.ask(10)
    free[0] = 0.8e9
    with pytest.raises(NoRoom, match=r"^only 800 MB are left on the disk of "):
        room.ask(10)
    small = Room(tmp_path / "other.tape")
    small.ask(10)
    free[0] = 0.3e9
    with pytest.raises(NoRoom):
        small.ask(10)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (850_000, "850 kB"),
        (999_990, "1 MB"),
        (1_540_000, "1.5 MB"),
        (12_345_678, "12 MB"),
        (1.5e9, "1.5 GB"),
        (15e9, "15 GB"),
        (4.2e12, "4,200 GB"),
    ],
)
def test_sizes_are_written_as_people_read_them(count: float, words: str) -> None:
    assert in_words(count) == words
