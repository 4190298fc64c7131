"""The garbage collector leaves alone what the log keeps, and comes for everything else."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

import engine as torch
from engine.tape.record.garbage import Collector
from engine.tape.recorder import Recorder

BEFORE = (2_000, 10, 10)


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    found = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*BEFORE)
    yield
    gc.set_threshold(*found)


@pytest.fixture
def quiet() -> Iterator[Recorder]:
    """A recorder that only the test looks after; what an operation needs is imported before."""
    _ = torch.ones(3, requires_grad=True) * torch.ones(3)
    gc.collect()
    recorder = Recorder()
    recorder.start()
    recorder._watch.end()
    yield recorder
    recorder.stop()


def _collections() -> int:
    return sum(int(one["collections"]) for one in gc.get_stats())


def test_what_the_log_keeps_brings_no_collection(quiet: Recorder) -> None:
    x = torch.ones(3, requires_grad=True)
    before = _collections()
    for _ in range(3_000):
        _ = x * x
    assert _collections() == before
    quiet._collector.look()
    assert gc.get_threshold() != BEFORE


def test_cycles_bring_one_as_soon_as_somebody_looks(quiet: Recorder) -> None:
    before = _collections()
    for _ in range(3_000):
        cycle: list[object] = []
        cycle.append(cycle)
    quiet._collector.look()
    assert gc.get_threshold() == BEFORE
    _ = [[] for _ in range(10)]
    assert _collections() == before + 1
    quiet._collector.look()
    assert gc.get_threshold() != BEFORE


def test_the_thresholds_come_back_when_nobody_records() -> None:
    with Recorder() as recorder:
        assert gc.get_threshold() != BEFORE
    assert gc.get_threshold() == BEFORE
    recorder.start()
    assert gc.get_threshold() != BEFORE
    recorder.stop()
    assert gc.get_threshold() == BEFORE


def test_thresholds_of_the_persons_stay(quiet: Recorder) -> None:
    gc.set_threshold(123, 4, 5)
    quiet._collector.look()
    quiet.stop()
    assert gc.get_threshold() == (123, 4, 5)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.set_threshold(0, 10, 10)
    collector = Collector([])
    collector.begin()
    assert gc.get_threshold() == (0, 10, 10)
    collector.end()
    assert gc.get_threshold() == (0, 10, 10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_collects_as_before(quiet: Recorder) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if gc.get_threshold() == BEFORE else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gc.get_threshold() != BEFORE
