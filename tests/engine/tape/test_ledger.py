"""The ledger says what was added to a .grad, by which path, and what happened between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from programs import Run, perform, programs

import engine as torch
from engine.tape import ledger, replay
from engine.tape.recorder import Recorder
from engine.tape.schema import GradChange
from engine.tape.tape import Tape
from tests.examples import examples

pytestmark = pytest.mark.filterwarnings("ignore")


def record(program: Any) -> Tape:
    recorder = Recorder()
    with recorder:
        program()
    return recorder.tape()


def everything() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    (w.exp() + w).sum().backward()
    w.grad.zero_()
    (w * 3).sum().backward()
    w.grad = None
    (w * 4).sum().backward()
    w.grad = torch.ones(2)
    w.grad.mul_(2)
    (w * 5).sum().backward()


def test_every_change_is_listed_with_what_the_sum_is_made_of() -> None:
    tape = record(everything)
    found = ledger.changes(tape, 0)
    accumulate, write = GradChange.ACCUMULATE, GradChange.WRITE
    assert [(one.kind, one.pass_, one.op, one.passes) for one in found] == [
        (accumulate, 0, "", (0,)), (accumulate, 1, "", (0, 1)), (write, -1, "zero_", ()),
        (accumulate, 2, "", (2,)), (GradChange.CLEAR, -1, "", ()), (accumulate, 3, "", (3,)),
        (GradChange.SET, -1, "", ()), (write, -1, "mul_", ()), (accumulate, 4, "", (4,)),
    ]  # fmt: skip
    assert [one.piled for one in found] == [False, True, *[False] * 7]
    after = [ledger.after(tape, one) for one in found]
    assert [None if a is None else round(float(a[0]), 4) for a in after] == [
        2.0, 5.7183, 0.0, 3.0, None, 4.0, 1.0, 2.0, 7.0,
    ]  # fmt: skip
    added = [ledger.added(tape, one) for one in found]
    assert [a is None for a in added] == [one.kind is not accumulate for one in found]
    lines = [one.source.line for one in found]
    assert lines == sorted(lines)
    assert len(set(lines)) == 9


def test_a_path_leads_back_to_where_others_joined() -> None:
    def program() -> None:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        ((w * 2).exp() + w.sin()).sum().backward()

    tape = record(program)
    (change,) = ledger.changes(tape, 0)
    names = [
        [tape.text(int(tape.nodes["name"][node])) for node in path.nodes]
        for path in ledger.paths(tape, change.step)
    ]
    assert sorted(names) == [
        ["MulBackward0", "ExpBackward0", "AddBackward0", "SumBackward0"],
        ["SinBackward0", "AddBackward0", "SumBackward0"],
    ]
    parts = [
        tape.array(int(tape.contributions["array"][path.contribution]))
        for path in ledger.paths(tape, change.step)
    ]
    np.testing.assert_array_equal(parts[0] + parts[1], ledger.added(tape, change))
    assert all(path.source is not None for path in ledger.paths(tape, change.step))


@examples(25)
@given(programs)
def test_sums_follow_from_what_was_added_bit_for_bit(program: Any) -> None:
    recorder = Recorder()
    with recorder:
        run = Run()
        for step in program:
            perform(run, step)
    tape = recorder.tape()
    end = len(tape.events)
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        found = ledger.changes(tape, tensor)
        assert [one.event for one in found] == sorted(one.event for one in found)
        for one in found[-3:]:
            held, wanted = ledger.after(tape, one), replay.grad_at(tape, tensor, one.event + 1)
            if one is found[-1] or one.event != found[-1].event:
                assert (held is None) == (wanted is None)
                assert held is None or held.tobytes() == wanted.tobytes()
        cut = end // 2
        assert ledger.changes(tape, tensor, cut) == [one for one in found if one.event < cut]
