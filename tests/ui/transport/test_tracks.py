"""The tracks hold every event of a recording where it belongs, and the words name it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tape.schema import Event
from ui.transport.readout import event_text, place_at
from ui.transport.tracks import Tracks, build

LEAVES = "w = torch.tensor([1.0, 2.0], requires_grad=True)\nx = torch.tensor([3.0, 4.0])\n"


@pytest.fixture
def tape(record):
    return record(
        LEAVES,
        "loss = (w * x).sum()\nloss.backward()",
        "w.grad = None\n(w * w).sum().backward()",
        "loss.backward()",
    )


def test_every_event_is_in_its_track(tape):
    tracks, kind = build(tape), tape.events["kind"]
    assert tracks.n == len(tape.events)
    np.testing.assert_array_equal(
        tracks.forward, np.flatnonzero((kind == Event.OP) | (kind == Event.LEAF))
    )
    np.testing.assert_array_equal(tracks.steps, np.flatnonzero(kind == Event.STEP))
    np.testing.assert_array_equal(tracks.passes[:, 0], np.flatnonzero(kind == Event.PASS))
    np.testing.assert_array_equal(tracks.passes[:, 1] - 1, np.flatnonzero(kind == Event.END))
    assert list(tracks.counts) == [1, 2, 3, 4]


def test_segments_cover_the_forward_work_and_end_at_cells_and_passes(tape):
    tracks = build(tape)
    inside = np.concatenate([np.arange(low, high) for low, high, _ in tracks.segments])
    assert set(tracks.forward) <= set(inside)
    assert not set(inside) & set(tracks.steps)
    for low, high, cell in tracks.segments:
        assert set(tape.events["cell"][low:high]) == {cell}


def test_accumulations_clearings_and_errors_are_marked(tape):
    tracks = build(tape)
    assert [tape.events["kind"][e] for e in tracks.added] == [Event.STEP] * len(tracks.added)
    assert len(tracks.added) == 2
    assert [event_text(tape, e) for e in tracks.cleared] == ["w.grad = None"]
    assert len(tracks.errors) >= 1
    assert all("second time" in event_text(tape, e) for e in tracks.errors)


def test_a_step_is_counted_in_its_pass(tape):
    tracks = build(tape)
    step = int(tracks.steps[tracks.first_step[1] + 1])
    place = place_at(tape, tracks, step + 1)
    assert place.what == "MulBackward0"
    assert place.where == "cell 3 · pass 2 of 3 · step 2 of 3"
    assert (place.event, place.total) == (step + 1, len(tape.events))


def test_leaves_name_their_variable(tape):
    tracks = build(tape)
    assert event_text(tape, int(tracks.added[0])) == "AccumulateGrad → w.grad"


def test_every_event_has_words(tape):
    for event in range(len(tape.events)):
        assert event_text(tape, event)


def test_the_start_and_the_empty_tape():
    class Empty:
        pass

    assert place_at(Empty(), Tracks(), 0) == (0, 0, "", "")
    assert place_at(Empty(), Tracks(n=5), 0).what == "Start of the tape"


def test_a_pass_that_never_ended_lasts_to_the_tape_s_end(tape):
    class Cut:
        events = tape.events[: int(tape.ends["event"][0])]
        ends, ops = tape.ends[:0], tape.ops[:1]
        grads, marks, cells = tape.grads[:0], tape.marks[:1], tape.cells[:1]

    tracks = build(Cut())
    assert tracks.passes[0, 1] == tracks.n
    assert tracks.pass_at(tracks.n) == 0


def test_the_pass_at_a_playhead(tape):
    tracks = build(tape)
    low, high = tracks.passes[0]
    assert tracks.pass_at(int(low)) == -1
    assert tracks.pass_at(int(low) + 1) == 0
    assert tracks.pass_at(int(high)) == 0
    assert tracks.pass_at(int(high) + 1) == -1


def test_a_freed_graph_and_what_stopped_for_it_are_told(record):
    tape = record(
        "w = torch.tensor([1.0], requires_grad=True)\ny = w.exp()\ny.backward()\n", "y.backward()"
    )
    texts = [event_text(tape, event) for event in range(len(tape.events))]
    assert "pass 1 has freed the graph" in texts
    assert any(
        text.startswith("backward stops at ExpBackward0, which pass 1 freed: RuntimeError: Trying")
        for text in texts
    )


LOOP = """\
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = ((w * x) ** 2).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    optimizer.step()
"""


def test_an_iteration_is_a_forward_run_with_its_passes_and_the_step_after_them(record):
    tape = record(LEAVES, LOOP)
    tracks = build(tape)
    assert len(tracks.iterations) == 4
    names = [tape.text(int(name)) for name in tape.ops["name"]]
    assert list(tracks.iterations[:, 0]) == [
        event for event, name in zip(tape.ops["event"], names, strict=True) if name == "mul"
    ]
    assert list(tracks.iterations[:-1, 1]) == list(tracks.iterations[1:, 0])
    assert tracks.iterations[-1, 1] == tracks.n
    within = [tracks.iteration_at(int(begin)) for begin in tracks.passes[:, 0]]
    assert within == [0, 0, 1, 1, 2, 2, 3, 3]
    assert tracks.iteration_at(0) == -1


def test_one_pass_is_no_iteration(record):
    assert len(build(record(LEAVES, "(w * x).sum().backward()")).iterations) == 0
    assert len(build(record(LEAVES, "y = w * x")).iterations) == 0
