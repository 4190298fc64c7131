"""Parameters over passes: norms, updates, histograms and the health of activations, as recorded."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape
from engine.tape.training import LEAST_BINS, MOST, health, parameters, ridges, tracks

PASSES = 7
PROGRAM = f"""
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1), torch.nn.Tanh())
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(8, 3)
norms, weights, dead = [], [], []
for step in range({PASSES}):
    optimizer.zero_grad()
    loss = net(x).square().mean()
    dead.append((net[1](net[0](x)) <= 0).float().mean().item())
    weights.append(net[0].weight.detach().clone())
    loss.backward()
    norms.append(net[0].weight.grad.norm().item())
    optimizer.step()
weights.append(net[0].weight.detach().clone())
"""


def record(program: str) -> tuple[Tape, dict[str, Any]]:
    recorder, names = Recorder(), dict[str, Any](torch=torch)
    with recorder:
        recorder.begin_cell("a", program, 1)
        exec(compile(program, "<cell a>", "exec"), names)
        recorder.end_cell(names)
    return recorder.tape(), names


@pytest.fixture(scope="module")
def run() -> tuple[Tape, dict[str, Any]]:
    return record(PROGRAM)


def test_norms_and_updates_are_those_of_the_run(run: tuple[Tape, dict[str, Any]]) -> None:
    tape, names = run
    assert [name for _, name in parameters(tape)] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    first = tracks(tape)[0]
    assert first.name == "0.weight"
    assert len(first.playheads) == PASSES
    np.testing.assert_allclose(first.grad_norm, names["norms"], 1e-5)
    weights = [w.numpy().astype(float) for w in names["weights"]]
    np.testing.assert_allclose(first.value_norm, [np.linalg.norm(w) for w in weights[:-1]], 1e-5)
    changes = [np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in pairwise(weights)]
    np.testing.assert_allclose(first.update_ratio, changes, 1e-4)


def test_histograms_hold_every_element(run: tuple[Tape, dict[str, Any]]) -> None:
    tape, _ = run
    tensor, name = parameters(tape)[0]
    for grad in (False, True):
        found = ridges(tape, tensor, name, grad)
        assert found is not None
        assert found.shares.shape == (PASSES, LEAST_BINS)
        np.testing.assert_allclose(found.shares.sum(axis=1), 1)
        assert np.all(found.low < found.high)


FADING = """
w = torch.randn(400, requires_grad=True)
for step in range(4):
    w.grad = None
    (w * (torch.randn(400) * 10.0 ** -step)).sum().backward()
    if step == 2:
        w.grad[:3] = float("nan")
"""


def test_histograms_that_grow_thin_have_each_an_axis_of_their_own() -> None:
    tape, _ = record(FADING)
    (tensor, name), *_ = parameters(tape)
    found = ridges(tape, tensor, name, grad=True)
    assert found is not None and found.own
    assert np.all(found.low == -found.high)
    np.testing.assert_allclose(found.high[:-1] / found.high[1:], 10, rtol=0.5)
    assert np.all((found.shares > 0).sum(axis=1) > 20), "the shape of each is seen"
    values = ridges(tape, tensor, name, grad=False)
    assert values is not None and not values.own and len(set(values.high.tolist())) == 1
    one = ridges(tape, tensor, name, grad=True, own=False)
    assert one is not None and not one.own
    assert (one.shares[-1] > 0).sum() == 1


def test_what_is_not_finite_is_told_and_not_left_out() -> None:
    program = FADING.replace("w.grad[:3] =", "w.data[:] =")
    tape, _ = record(program)
    ((tensor, name),) = parameters(tape)
    found = ridges(tape, tensor, name, grad=False)
    assert found is not None
    assert found.bad.tolist() == [0, 0, 0, 400]
    assert np.isnan(found.least[-1]) and not found.shares[-1].any()
    (track,) = tracks(tape)
    assert np.isfinite(track.value_norm).tolist() == [True] * 3 + [False]
    assert np.isinf(track.update_ratio[2])


def test_one_value_has_a_histogram_around_it() -> None:
    tape, _ = record("w = torch.full((4,), 3.0, requires_grad=True)\n(w * 0).sum().backward()")
    ((tensor, name),) = parameters(tape)
    for grad, at in ((False, 3.0), (True, 0.0)):
        found = ridges(tape, tensor, name, grad)
        assert found is not None
        assert found.low[0] < at < found.high[0] and found.least[0] == found.greatest[0] == at
        assert found.shares[0].argmax() == LEAST_BINS // 2


def test_dead_and_saturated_shares_are_counted_call_by_call(
    run: tuple[Tape, dict[str, Any]],
) -> None:
    tape, names = run
    found = {one.name: one for one in health(tape)}
    relu = found["net.1 relu"]
    assert relu.what == "zero"
    np.testing.assert_allclose(relu.shares, names["dead"], 1e-6)
    assert found["net.3 tanh"].what == "saturated"


def test_a_long_run_is_thinned_out_evenly() -> None:
    tape, _ = record(
        "w = torch.ones(3, requires_grad=True)\n"
        f"for step in range({3 * MOST}):\n    w.grad = None\n    (w * step).sum().backward()\n"
    )
    (track,) = tracks(tape)
    assert len(track.playheads) == MOST
    assert track.grad_norm[0] == 0
    assert track.grad_norm[-1] == pytest.approx((3 * MOST - 1) * 3**0.5)
    assert np.all(np.diff(track.playheads) > 0)


def test_a_cancelled_reading_ends() -> None:
    tape, _ = record(PROGRAM)
    assert tracks(tape, lambda: True) == []
    assert health(tape, lambda: True) == []
