"""Replay against the engine, bit for bit, at the end and inside passes of runs stopped there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from programs import Run, Stop, bits, perform, programs

from engine import recording
from engine.tape import replay
from engine.tape.record import transcript
from engine.tape.record.transcript import Transcript
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, GradChange
from engine.tape.tape import Tape
from tests.examples import examples

_settings = examples(40)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True, params=[1, 1 << 30], ids=["together", "one by one"], scope="module")
def written(request):
    """Operations and steps are written together, or each by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcript, "_LONG", request.param)
        yield


def record(program: list[Any], flush_at: set[int]) -> tuple[Run, Tape, list[tuple[int, list[Any]]]]:
    """Run a recorded program; also return the gradients after each step with their playhead."""
    recorder = Recorder()
    seen = []
    with recorder:
        run = Run()
        for i, step in enumerate(program):
            perform(run, step)
            if i in flush_at:
                seen.append((len(recorder.tape().events), run.grads()))
    assert recorder.failure is None
    tape = recorder.tape()
    seen.append((len(tape.events), run.grads()))
    return run, tape, seen


def ids(run: Run) -> list[int]:
    """Return the tape's id of what has a .grad, as `Run.grads`; -1 for one that was never used."""
    return [t._tid % (1 << 40) if hasattr(t, "_tid") else -1 for t in (*run.leaves, *run.kept)]


def grads(tape: Tape, leaves: list[int], playhead: int) -> list[bytes | None]:
    found = [replay.grad_at(tape, leaf, playhead) if leaf >= 0 else None for leaf in leaves]
    return [None if grad is None else grad.tobytes() for grad in found]


@_settings
@given(programs, st.sets(st.integers(0, 25)))
def test_gradients_are_the_engines_own_bit_for_bit(program, flush_at) -> None:
    run, tape, seen = record(program, flush_at)
    leaves = ids(run)
    for playhead, wanted in seen:
        assert grads(tape, leaves[: len(wanted)], playhead) == wanted
    held = {leaf: g for leaf, g in zip(leaves, seen[-1][1], strict=True) if g is not None}
    at_end = replay.grads_at(tape, len(tape.events))
    assert {leaf: at_end[leaf].tobytes() for leaf in held} == held


@_settings
@given(programs)
@example([("op", 0, 0, 0), ("backward", 4, False, False), ("change_leaf", 1, 0)])
@example([("op", 5, 1, 0), ("shared", 4, 0), ("shared", 4, 1), ("shared", 4, 2)])
def test_at_the_end_the_tape_has_what_every_tensor_holds(program) -> None:
    run, tape, _ = record(program, set())
    latest = {int(tensor): row for row, tensor in enumerate(tape.values["tensor"].tolist())}
    for tensor in (*run.leaves, *run.made, *run.parts):
        row = latest.get(getattr(tensor, "_tid", -1) % (1 << 40), -1)
        if row >= 0:
            held = tape.value(row)
            assert held is not None
            assert held.tobytes() == bits(tensor)


@_settings
@given(programs, st.sets(st.integers(0, 25)), st.randoms(use_true_random=False))
def test_inside_a_pass_they_are_those_of_a_run_that_stopped_there(
    program, flush_at, chance
) -> None:
    run, tape, _ = record(program, flush_at)
    leaves = ids(run)
    added = np.flatnonzero(
        (tape.grads["kind"] == GradChange.ACCUMULATE) & np.isin(tape.grads["tensor"], leaves)
    )
    if not len(added):
        return
    which = chance.randrange(len(added))
    stopped = rerun_until(program, which)
    playhead = int(tape.grads["event"][added[which]]) + 1
    wanted = stopped.grads()
    assert grads(tape, leaves[: len(wanted)], playhead) == wanted


@_settings
@given(programs)
@example([
    ("op", 0, 0, 0), ("op", 0, 0, 0), ("backward", 0, False, False), ("backward_with", 0, False),
    ("write", 0), ("change_grad", 4, 0), ("zero_grad", 0, True),
])  # fmt: skip
def test_every_state_of_a_run_is_on_its_tape_in_order_and_no_other(program) -> None:
    run, tape, _ = record(program, set())
    leaves = ids(run)[: len(run.leaves)]
    shown = [grads(tape, leaves, 0)]
    for playhead in (np.flatnonzero(np.isin(tape.events["kind"], _CHANGES)) + 1).tolist():
        now = grads(tape, leaves, playhead)
        if now != shown[-1]:
            shown.append(now)
    states = _states(program)
    rest = iter(shown)
    assert all(any(state == one for one in rest) for state in states)
    for leaf in range(len(leaves)):  # what one leaf held, one after the other, is the same
        assert _once([s[leaf] for s in shown]) == _once([s[leaf] for s in states])


_CHANGES = (Event.STEP, Event.GRAD, Event.OP)


def _once(states: list[Any]) -> list[Any]:
    return [state for i, state in enumerate(states) if not i or state != states[i - 1]]


def _states(program: list[Any]) -> list[list[Any]]:
    """Return what the leaves' .grad held in an unrecorded run, after each accumulation and step."""
    run = Run()
    found = [run.grads()]

    def look(_: Any = None) -> None:
        now = run.grads()[: len(run.leaves)]
        if now != found[-1]:
            found.append(now)

    run.changed = look
    for leaf in run.leaves:
        leaf.register_post_accumulate_grad_hook(look)
    for step in program:
        perform(run, step)
        look()
    return found


def rerun_until(program: list[Any], which: int) -> Run:
    """Run a program without recording and stop right after the accumulation number `which`."""
    assert recording.log is None
    run, left = Run(), [which]

    def count(leaf: Any) -> None:
        if left[0] == 0:
            raise Stop
        left[0] -= 1

    for leaf in run.leaves:
        leaf.register_post_accumulate_grad_hook(count)
    try:
        for step in program:
            perform(run, step)
    except Stop:
        return run
    raise AssertionError("the run did not come to the accumulation that the tape has")


@_settings
@given(programs, st.sets(st.integers(0, 25)))
def test_the_state_is_that_of_a_naive_replay(program, flush_at) -> None:
    _, tape, _ = record(program, flush_at)
    running: list[int] = []
    freed: list[int] = []
    latest, visited = -1, {-1: []}
    for playhead in range(len(tape.events) + 1):
        moment = replay.state_at(tape, playhead)
        assert moment.playhead == playhead
        assert moment.n_values == sum(tape.values["event"] < playhead)
        assert moment.n_ops == sum(tape.ops["event"] < playhead)
        assert moment.n_nodes == sum(tape.nodes["event"] < playhead)
        current = running[-1] if running else latest
        assert (moment.pass_, moment.running) == (current, bool(running))
        assert moment.visited.tolist() == visited[current]
        assert moment.freed.tolist() == freed
        if playhead == len(tape.events):
            break
        kind, ref = tape.events[playhead]["kind"], int(tape.events[playhead]["ref"])
        if kind == Event.PASS:
            running.append(ref)
            latest, visited[ref] = ref, []
        elif kind == Event.END:
            running.remove(int(tape.ends["pass_"][ref]))
        elif kind == Event.STEP:
            visited[int(tape.steps["pass_"][ref])].append(int(tape.steps["node"][ref]))
            if tape.steps["flags"][ref]:
                freed.append(int(tape.steps["node"][ref]))


@_settings
@given(programs)
def test_cotangents_are_what_the_engine_gave_each_node(program) -> None:
    given: list[tuple[int, Any]] = []
    original = Transcript.take_down

    def spy(self: Transcript, entries: list[tuple[Any, ...]], *times: float) -> None:
        given.extend((e[0], e[_ARRIVED[e[0]]]) for e in entries if e[0] in _ARRIVED)
        original(self, entries, *times)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcript, "take_down", spy)
        _, tape, _ = record(program, set())
    assert len(tape.steps) == len(given)
    for step, (kind, wanted) in enumerate(given):
        found = [None if g is None else g.tobytes() for g in replay.cotangents(tape, step)]
        if kind == recording.STEP:
            assert found == [None if g is None else g.tobytes() for g in wanted]
        else:
            assert wanted.tobytes() in found


#: Where each kind of step's log entry holds what arrived.
_ARRIVED = {recording.STEP: 2, recording.ACCUMULATE: 3, recording.CAPTURE: 2}
