"""Expressions over tensors and gradients at a playhead, and over time."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.tape.conditions import ConditionError
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape
from engine.tape.watches import Names, Watch

PROGRAM = """
net = torch.nn.Linear(2, 1)
w = torch.tensor([1.0, 2.0], requires_grad=True)
optimizer = torch.optim.SGD([w, *net.parameters()], lr=0.25)
for step in range(5):
    optimizer.zero_grad()
    loss = (w * w).sum() + net(w).sum()
    loss.backward()
    optimizer.step()
"""


@pytest.fixture(scope="module")
def tape() -> Tape:
    torch.manual_seed(0)
    lines = PROGRAM.splitlines(keepends=True)
    linecache.cache["<cell a>"] = len(PROGRAM), None, lines, "<cell a>"
    recorder, names = Recorder(), dict[str, Any](torch=torch)
    with recorder:
        recorder.begin_cell("a", PROGRAM, 1)
        recorder.register_file("<cell a>", "a")
        exec(compile(PROGRAM, "<cell a>", "exec"), names)
        recorder.end_cell(names)
    return recorder.tape()


def watch(tape: Tape, text: str) -> Watch:
    return Watch(text, Names(tape))


def test_values_and_gradients_are_those_at_the_playhead(tape: Tape) -> None:
    end = len(tape.events)
    assert watch(tape, "w").at(end).tolist() == pytest.approx(_w(tape, end).tolist())
    first = int(tape.passes["event"][0])
    np.testing.assert_array_equal(watch(tape, "w").at(first), [1, 2])
    with pytest.raises(ConditionError, match="nothing here"):
        watch(tape, "norm(w.grad)").at(first)
    after = int(tape.ends["event"][0]) + 1
    found = watch(tape, "w.grad - 2 * w").at(after)
    weight = watch(tape, "weight").at(after)
    np.testing.assert_allclose(found, weight[0], 1e-4)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("net.weight", "weight"), ("norm(net.weight.grad.T)", "norm(weight.grad.T)"), ("w.T", "w")],
)
def test_a_path_of_the_program_means_the_parameter(tape: Tape, written: str, meant: str) -> None:
    end = len(tape.events)
    np.testing.assert_array_equal(watch(tape, written).at(end), watch(tape, meant).at(end))


def test_an_index_in_a_path_is_a_part_of_its_name() -> None:
    names = Names.__new__(Names)
    names.tensors = {"0.weight": [1], "blocks.1.fc.bias": [2], "copies[2]": [3]}
    words = names.in_its_words
    assert words("norm(model[0].weight.grad) * 2") == "norm(0.weight.grad) * 2"
    assert words("gpt.blocks[1].fc.bias[0]") == "blocks.1.fc.bias[0]"
    assert words("copies[2].grad + other.shape") == "copies[2].grad + other.shape"


def test_a_key_in_a_path_is_found_however_it_is_written() -> None:
    names = Names.__new__(Names)
    names.tensors = {"hidden[0].weight": [1], "p['scale']": [2], "weight": [3, 4]}
    words = names.in_its_words
    assert words("net.hidden.0.weight.grad") == "hidden[0].weight.grad"
    assert words('model.p["scale"].grad[1]') == "p['scale'].grad[1]"
    assert words("layers[3].weight.grad") == "layers[3].weight.grad"  # which of two is not said


def _w(tape: Tape, playhead: int) -> Any:
    tensor = next(int(t) for t in tape.values["tensor"] if tape.name_of(int(t)) == "w")
    rows = [
        i
        for i, row in enumerate(tape.values)
        if row["tensor"] == tensor and row["event"] < playhead
    ]
    return tape.value(rows[-1])


def test_over_time_there_is_a_value_at_every_change(tape: Tape) -> None:
    plot = watch(tape, "norm(w.grad)").over_time()
    assert np.all(np.diff(plot.playheads) > 0)
    known = plot.values[np.isfinite(plot.values)]
    assert len(known) >= 5
    for playhead, value in zip(plot.playheads[-3:], plot.values[-3:], strict=True):
        if np.isfinite(value):
            assert watch(tape, "norm(w.grad)").at(int(playhead)) == pytest.approx(value)


def test_a_name_that_several_tensors_had_is_the_latest_of_them(tape: Tape) -> None:
    plot = watch(tape, "loss").over_time()
    assert len(set(plot.values[np.isfinite(plot.values)].tolist())) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write an expression"),
        ("norm(v)", "'v' is not known; there are bias, loss"),
        ("w +", "'w \\+' is no expression"),
        ("nrm(w)", "nrm\\(\\) is not known; there are abs"),
        ("w.fill_(0)", "cannot be called here"),
        ("__import__('os')", "is not known"),
        ("w.grad.__class__", "cannot be asked for here"),
    ],
)
def test_what_is_no_expression_is_refused_in_the_persons_names(
    tape: Tape, text: str, message: str
) -> None:
    with pytest.raises(ConditionError, match=message) as caught:
        watch(tape, text)
    assert "tensor_0_" not in str(caught.value)
