"""Entries are taken down long after they happened: the tape says what held then."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import Event
from engine.tape.tape import Tape


def number(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


def visited(tape: Tape) -> list[str]:
    """Return the kinds of the nodes in the order of their steps."""
    return [tape.text(int(tape.nodes["name"][n])) for n in tape.steps["node"]]


@pytest.mark.parametrize("passes", [1, 2])
def test_a_leaf_comes_after_the_last_step_that_leads_to_it(passes: int) -> None:
    with Recorder() as recorder:
        w, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        for _ in range(passes):
            ((w * 2).exp() + b).sum().backward()
    assert visited(recorder.tape()) == passes * [
        "SumBackward0", "AddBackward0", "AccumulateGrad", "ExpBackward0", "MulBackward0",
        "AccumulateGrad",
    ]  # fmt: skip


def test_a_root_that_is_a_leaf_comes_first() -> None:
    with Recorder() as recorder:
        w, x = torch.ones((), requires_grad=True), torch.ones((), requires_grad=True)
        torch.autograd.backward([x * 2, w])
    assert visited(recorder.tape()) == ["AccumulateGrad", "MulBackward0", "AccumulateGrad"]


def test_a_gradient_that_is_also_what_the_pass_was_given_keeps_its_values() -> None:
    with Recorder() as recorder:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * 3).sum().backward()
        (w * 2).backward(w.grad)
    tape = recorder.tape()
    assert w.grad.tolist() == [9.0, 9.0]
    ledger = replay.ledger(tape, number(w))
    assert [e.after.tolist() for e in ledger] == [[3.0, 3.0], [9.0, 9.0]]
    assert ledger[1].delta.tolist() == [6.0, 6.0]


def test_an_operation_before_requires_grad_took_a_tensor_without() -> None:
    with Recorder() as recorder:
        x = torch.ones(2)
        _ = x * 2
        x.requires_grad_()
        y = x * 3
        y.detach_()
    tape = recorder.tape()
    assert tape.events["kind"].tolist() == [Event.LEAF, Event.OP, Event.LEAF, Event.OP]
    assert (tape.ops["node"] >= 0).tolist() == [False, True]


def test_a_tensor_is_transposed_in_place_after_what_it_held_before() -> None:
    with Recorder() as recorder:
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]) * 1
        x.t_()
        _ = x * 1
    tape = recorder.tape()
    first, last = int(tape.ops["out0"][0]), int(tape.ops["out0"][-1])
    assert tape.value(first).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert tape.value(last).tolist() == [[1.0, 3.0], [2.0, 4.0]]
