"""The state of all nodes against a naive replay, wherever the playhead jumps."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import Run, perform, programs

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import TABLES, Event
from engine.tape.states import States, norm_of
from engine.tape.tape import Tape
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("ignore")


def record(program: Any) -> Tape:
    recorder = Recorder()
    with recorder:
        run = Run()
        for step in program:
            perform(run, step)
    return recorder.tape()


def naive(tape: Tape, playhead: int) -> tuple[int, int, list[int], list[float]]:
    """Return pass, active node, visits and norms by walking through all events."""
    running: list[int] = []
    latest, active = -1, -1
    visits: dict[int, list[int]] = {-1: []}
    for event in range(playhead):
        kind, ref = int(tape.events["kind"][event]), int(tape.events["ref"][event])
        active = -1
        if kind == Event.PASS:
            running.append(ref)
            latest, visits[ref] = ref, []
        elif kind == Event.END:
            running.remove(int(tape.ends["pass_"][ref]))
        elif kind == Event.STEP:
            active = int(tape.steps["node"][ref])
            visits[int(tape.steps["pass_"][ref])].append(ref)
    pass_ = running[-1] if running else latest
    counts, norms = [0] * len(tape.nodes), [math.nan] * len(tape.nodes)
    for step in visits[pass_]:
        counts[int(tape.steps["node"][step])] += 1
        norms[int(tape.steps["node"][step])] = norm_of(tape, step)
    return pass_, active, counts, norms


@examples(30)
@given(programs, st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_wherever_it_jumps_the_state_is_that_of_a_naive_replay(program, places) -> None:
    tape = record(program)
    states = States(tape)
    for place in places:
        playhead = round(place * len(tape.events))
        now = states.seek(playhead)
        while states.measure(7):
            pass
        pass_, active, visits, norms = naive(tape, playhead)
        assert (now.playhead, now.pass_, now.active) == (playhead, pass_, active)
        assert now.visits.tolist() == visits
        assert now.visited.tolist() == [count > 0 for count in visits]
        assert now.shown.tolist() == (tape.nodes["event"] < playhead).tolist()
        np.testing.assert_array_equal(now.norm, np.array(norms, np.float32))
        alone = replay.nodes_at(tape, playhead)
        for name in ("playhead", "pass_", "active"):
            assert getattr(alone, name) == getattr(now, name)
        for name in ("shown", "visits", "visited", "norm"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(now, name))


@examples(20)
@given(programs, st.data())
def test_what_did_not_change_is_not_named(program, data) -> None:
    tape = record(program)
    states = States(tape)
    before = states.seek(data.draw(st.integers(0, len(tape.events))))
    kept = before.shown.copy(), before.visits.copy()
    now = states.seek(data.draw(st.integers(0, len(tape.events))))
    differ = (kept[0] != now.shown) | (kept[1] != now.visits)
    if now.changed is not None:
        assert set(np.flatnonzero(differ).tolist()) <= set(now.changed.tolist())


def test_a_tape_may_grow_under_it() -> None:
    recorder = Recorder()
    with recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        tape = recorder.tape()
        states = States(tape)
        assert states.seek(len(tape.events)).visits.sum() == len(tape.steps)
        (x.exp() * x).sum().backward()
        recorder.flush()
    tape.refresh()
    now = states.seek(len(tape.events))
    assert len(now.visits) == len(tape.nodes)
    assert now.visits.tolist() == naive(tape, len(tape.events))[2]
    assert replay.state_at(tape, len(tape.events)).pass_ == now.pass_


def test_the_norm_is_that_of_the_gradient_that_came_in() -> None:
    recorder = Recorder()
    with recorder:
        x = torch.tensor([3.0, 4.0], requires_grad=True)
        (x * x).backward(torch.tensor([3.0, 4.0]))
    tape = recorder.tape()
    states = States(tape)
    now = states.seek(len(tape.events))
    assert np.isnan(now.norm).all(), "nothing is measured before it is asked for"
    assert states.measure() == 0
    assert now.norm[int(tape.steps["node"][0])] == 5.0


def test_seeking_at_a_million_events_takes_less_than_a_frame() -> None:
    tape: Any = _long_tape(250_000)
    assert len(tape.events) > 1_000_000
    states = States(tape)
    rng = np.random.default_rng(0)
    times = []
    for playhead in rng.integers(0, len(tape.events), 40).tolist():
        began = time.thread_time()
        states.seek(playhead)
        times.append(time.thread_time() - began)
    assert np.median(times) < 0.016, times
    began = time.thread_time()
    for playhead in range(600_000, 600_100):
        states.seek(playhead)
    assert (time.thread_time() - began) / 100 < 0.002, "a step costs what it changes"


def _long_tape(count: int) -> SimpleNamespace:
    """Return the tables of a chain of operations and three passes over it."""
    passes = 3
    nodes = np.zeros(count, TABLES["nodes"])
    nodes["event"] = np.arange(count)
    steps = np.zeros(passes * count, TABLES["steps"])
    steps["node"] = np.tile(np.arange(count)[::-1], passes)
    steps["pass_"] = np.repeat(np.arange(passes), count)
    begins = count + np.arange(passes) * (count + 2)
    steps["event"] = np.repeat(begins, count) + 1 + np.tile(np.arange(count), passes)
    starts, ends = np.zeros(passes, TABLES["passes"]), np.zeros(passes, TABLES["ends"])
    starts["event"], ends["event"] = begins, begins + count + 1
    ends["pass_"] = np.arange(passes)
    events = np.zeros(count + passes * (count + 2), TABLES["events"])
    events["kind"], events["ref"] = Event.MARK, -1
    events["kind"][steps["event"]] = Event.STEP
    events["ref"][steps["event"]] = np.arange(len(steps))
    return SimpleNamespace(nodes=nodes, steps=steps, passes=starts, ends=ends, events=events)
