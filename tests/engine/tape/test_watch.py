"""The watch sleeps while nothing is logged, and the next entry wakes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import engine as torch
from engine import recording
from engine.tape import replay
from engine.tape.record import watch
from engine.tape.record.watch import Watch
from engine.tape.recorder import Recorder


class Looks:
    """What a watch calls: counts, and lets a test wait for the next one."""

    def __init__(self, idle: bool) -> None:
        self.idle, self.count = idle, 0
        self.came = threading.Semaphore(0)

    def __call__(self) -> bool:
        self.count += 1
        self.came.release()
        return self.idle


@pytest.fixture
def quiet() -> Iterator[Recorder]:
    """A recorder that only the test looks after; `woken` counts how often its watch was woken."""
    with Recorder() as recorder:
        recorder._watch.end()
        recorder.woken = []
        recorder._watch.wake = lambda: recorder.woken.append(1)
        yield recorder
    assert recorder.failure is None


def test_it_looks_again_and_again_while_there_is_something(monkeypatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 0.001)
    looks = Looks(idle=False)
    thread = Watch(looks)
    assert all(looks.came.acquire(timeout=20) for _ in range(5))
    thread.end()


def test_it_sleeps_when_there_is_nothing_until_it_is_woken(monkeypatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 0.001)
    monkeypatch.setattr(watch, "_IDLE", 1000.0)
    looks = Looks(idle=True)
    thread = Watch(looks)
    assert looks.came.acquire(timeout=20)
    assert looks.count == 1
    thread.wake()
    assert looks.came.acquire(timeout=20)
    assert looks.count == 2
    thread.end()


def test_the_program_rests_once_nothing_was_to_do_for_long(monkeypatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 0.001)
    monkeypatch.setattr(watch, "_IDLE", 0.001)
    looks, rested = Looks(idle=True), []
    rests = threading.Semaphore(0)

    def rest() -> None:
        rested.append(looks.count)
        rests.release()

    thread = Watch(looks, rest)
    assert rests.acquire(timeout=20)
    assert all(looks.came.acquire(timeout=20) for _ in range(3 * watch._LONG))
    assert rested == [watch._LONG]  # and not again before something happened
    looks.idle = False
    at = looks.count + 2
    while looks.count < at:
        assert looks.came.acquire(timeout=20)
    looks.idle = True
    assert rests.acquire(timeout=20)
    assert len(rested) == 2
    thread.end()


def test_it_ends_at_once_though_it_sleeps(monkeypatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 1000.0)
    looks = Looks(idle=True)
    thread = Watch(looks)
    thread.end()
    assert not thread._thread.is_alive()
    assert looks.count == 0


def test_the_first_entry_after_silence_rings_and_the_next_ones_cost_nothing(quiet) -> None:
    assert quiet._look()
    assert recording.log is quiet._bell
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert recording.log is quiet._log
    assert quiet.woken == [1]
    assert not quiet._look()
    y.sum()
    assert quiet.woken == [1]
    quiet.flush()
    assert quiet._look()
    assert quiet._look()
    assert recording.log is quiet._bell


def test_nothing_rings_inside_the_forward_of_a_function(quiet) -> None:
    class Looked(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            assert not quiet._look()
            assert recording.log is None
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    assert quiet._look()
    x = torch.ones(2, requires_grad=True)
    Looked.apply(x).sum().backward()
    assert recording.log is quiet._log
    assert [quiet.tape().text(int(n)) for n in quiet.tape().ops["name"]] == ["Looked", "sum"]


def test_a_pass_that_wakes_the_watch_is_whole(quiet) -> None:
    x = torch.ones(2, requires_grad=True)
    loss = (x * 3).sum()
    for n in (1, 2):
        quiet.flush()
        assert quiet._look()
        loss.backward(retain_graph=True)
        tape = quiet.tape()
        assert (len(tape.passes), len(tape.ends), len(tape.steps)) == (n, n, 3 * n)
        assert replay.grad_at(tape, 0, len(tape.events)).tolist() == [3.0 * n] * 2
    assert quiet.woken == [1, 1]


def test_a_recording_that_was_silent_can_stop_and_go_on(quiet) -> None:
    assert quiet._look()
    quiet.stop()
    assert recording.log is None
    _ = torch.ones(1) * 1
    quiet.start()
    _ = torch.ones(1) * 2
    assert len(quiet.tape().ops) == 1
