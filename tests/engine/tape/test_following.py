"""While a program is busy the recorder writes a piece now and then; when it pauses, all."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine.tape.record import following
from engine.tape.record.following import Follower
from engine.tape.recorder import Recorder


class Clock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(following, "time", clock)
    return clock


class Program:
    """A log that grows by `speed` entries while a piece of ten is written, which takes a second.

    held: the part of that second in which nothing else can run.
    """

    def __init__(self, clock: Clock, entries: int, speed: int) -> None:
        self.clock, self.speed = clock, speed
        self.log: list[tuple[Any, ...]] = [()] * entries
        self.pieces = 0
        self.behind = False
        self.held = 1.0
        self.follower = Follower(self.log, self.write, lambda: self.behind)

    def write(self) -> tuple[int, float]:
        taken = len(self.log[:10])
        del self.log[:taken]
        self.clock.now += 1
        self.log += [()] * self.speed
        self.pieces += 1
        return taken, self.held


def test_all_is_written_while_the_program_pauses(clock: Clock) -> None:
    program = Program(clock, entries=95, speed=0)
    program.follower.follow()
    assert (program.pieces, len(program.log)) == (10, 0)


def test_a_busy_program_keeps_most_of_the_time(clock: Clock) -> None:
    program = Program(clock, entries=95, speed=50)
    program.follower.follow()
    program.follower.follow()
    assert program.pieces == 1
    clock.now += following._REST - 0.5
    program.follower.follow()
    assert program.pieces == 1
    clock.now += 1
    program.follower.follow()
    assert program.pieces == 2


def test_what_is_written_beside_a_program_needs_no_rest(clock: Clock) -> None:
    program = Program(clock, entries=95, speed=5)
    program.held = 0.0
    program.follower.follow()
    assert program.pieces == 10


def test_there_is_no_rest_while_too_much_waits(clock: Clock) -> None:
    program = Program(clock, entries=95, speed=5)
    program.behind = True
    write = program.write

    def until_little_waits() -> tuple[int, float]:
        program.behind = len(program.log) > 50
        return write()

    program.follower._write = until_little_waits
    program.follower.follow()
    assert 5 <= program.pieces <= 10
    assert len(program.log) <= 50


def test_nothing_is_written_twice_at_a_time(clock: Clock) -> None:
    program = Program(clock, entries=30, speed=0)
    write = program.write

    def and_again() -> tuple[int, float]:
        before = program.pieces
        program.follower.follow()
        assert program.pieces == before
        return write()

    program.follower._write = and_again
    program.follower.follow()
    assert program.pieces == 3


def test_what_a_recorder_follows_can_be_read(tmp_path) -> None:
    recorder = Recorder(tmp_path / "a.tape")
    with recorder:
        recorder._watch.end()
        x = torch.ones(3, requires_grad=True)
        (x * x).sum().backward()
        before = recorder._spool.end
        assert recorder.follow() > before
        assert not recorder._log
        assert (tmp_path / "a.tape").stat().st_size == recorder.follow()
    recorder.finish()
    assert len(recorder.tape().steps) == 3
