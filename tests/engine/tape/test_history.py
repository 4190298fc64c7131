"""A leaf over iterations: what the program itself saw in each of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import engine as torch
from engine.tape import history as module
from engine.tape.history import History
from engine.tape.recorder import Recorder
from engine.tape.slicing import SliceError, parse
from engine.tape.tape import Tape


class Run(NamedTuple):
    """A training loop's tape, and what the program held before and after each backward."""

    tape: Tape
    tensor: int
    values: np.ndarray
    grads: np.ndarray


def train(iterations: int, shape: tuple[int, ...] = (3, 2), zero: bool = True) -> Run:
    torch.manual_seed(0)
    values, grads = [], []
    with Recorder() as recorder:
        w = torch.randn(*shape, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(iterations):
            if zero:
                optimizer.zero_grad()
            values.append(w.detach().numpy().copy())
            (w * w).sum().backward()
            grads.append(w.grad.numpy().copy())
            optimizer.step()
        tensor = int(w._tid) % (1 << 40)
    return Run(recorder.tape(), tensor, np.array(values), np.array(grads))


@pytest.fixture(scope="module")
def run() -> Run:
    return train(7)


def test_every_pass_is_an_iteration_with_the_value_before_and_the_grad_after(run: Run) -> None:
    history = History(run.tape, run.tensor)
    assert len(history) == 7 and history.shape == (3, 2) and history.has_grads
    assert history.passes.tolist() == list(range(7))
    for i in range(7):
        assert (history.value(i) == run.values[i]).all()
        assert (history.grad(i) == run.grads[i]).all()


def test_without_clearing_the_sums_are_told() -> None:
    run = train(5, zero=False)
    history = History(run.tape, run.tensor)
    series = history.series(parse("w.grad[::-1, 0, 0]", "w"))
    assert series.iterations.tolist() == [0, 1, 2, 3, 4]
    assert series.lines[:, 0].tolist() == run.grads[:, 0, 0].tolist()


def test_playheads_stand_where_the_gradient_has_just_been_added(run: Run) -> None:
    from engine.tape.replay import grad_at

    history = History(run.tape, run.tensor)
    for i, playhead in enumerate(history.playheads.tolist()):
        assert (grad_at(run.tape, run.tensor, playhead) == run.grads[i]).all()
        assert history.at(playhead) == i and history.at(playhead - 1) == i - 1


@pytest.mark.parametrize("text", ["w.grad[::3, 0, :]", "w[1:5, ..., 1]", "w[-1]"])
def test_slices_choose_iterations_first_then_elements(run: Run, text: str) -> None:
    wanted = parse(text, "w")
    stacked = run.grads if wanted.grad else run.values
    expected = stacked[wanted.items]
    series = History(run.tape, run.tensor).series(wanted)
    lines = np.asarray(expected, np.float64).reshape(len(series.iterations), -1)
    assert (series.lines == lines).all()
    assert series.elements == series.lines.shape[1] == len(series.labels)


def test_elements_are_named_by_their_indices(run: Run) -> None:
    series = History(run.tape, run.tensor).series(parse("w[:, 1:, 0]", "w"))
    assert series.labels == ("[1, 0]", "[2, 0]")


def test_many_elements_are_told_by_least_mean_and_greatest() -> None:
    run = train(3, shape=(10, 10))
    series = History(run.tape, run.tensor).series(parse("w.grad", "w"))
    assert series.labels == ("least", "mean", "greatest") and series.elements == 100
    flat = run.grads.reshape(3, -1).astype(np.float64)
    expected = np.stack([flat.min(axis=1), flat.mean(axis=1), flat.max(axis=1)], axis=1)
    assert np.allclose(series.lines, expected, rtol=1e-12)


def test_more_iterations_than_can_be_told_are_thinned_out(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    series = History(run.tape, run.tensor).series(parse("w.grad[:, 0, 0]", "w"))
    assert series.iterations.tolist() == [0, 3, 6] and series.chosen == 7
    assert series.lines[:, 0].tolist() == run.grads[::3, 0, 0].tolist()


def test_a_leaf_without_passes_is_told_by_its_values() -> None:
    with Recorder() as recorder:
        x = torch.zeros(2)
        for _ in range(3):
            x.add_(1)
        tensor = int(x._tid) % (1 << 40)
    history = History(recorder.tape(), tensor)
    assert not history.has_grads
    assert history.series(parse("x[:, 0]", "x")).lines.ravel().tolist()[-1] == 3.0
    with pytest.raises(SliceError, match=r"there is no \.grad to plot"):
        history.series(parse("x.grad", "x"))


def test_what_is_out_of_range_is_said(run: Run) -> None:
    with pytest.raises(SliceError, match="7 is out of range: there are 7 iterations"):
        History(run.tape, run.tensor).series(parse("w[7]", "w"))


@pytest.mark.parametrize("text", ["w[5:2]", "w[:, 3:]", "w[..., 2:1]"])
def test_a_slice_that_chooses_nothing_is_said(run: Run, text: str) -> None:
    with pytest.raises(SliceError, match="the slice chooses nothing of 7 iterations of"):
        History(run.tape, run.tensor).series(parse(text, "w"))


def test_it_stops_when_cancelled(run: Run) -> None:
    asked: list[Any] = []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 2

    series = History(run.tape, run.tensor).series(parse("w[:, 0, 0]", "w"), cancelled)
    assert len(asked) == 3 and np.isnan(series.lines[2:]).all()
