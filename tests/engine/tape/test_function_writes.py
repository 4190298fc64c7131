"""What a person's Function writes in place: the values from before stay, the write is on the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from often import take_down_often

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, GradChange, OpFlag
from engine.tape.tape import Tape

SIZES = [3, 50_000]  # copied at once, and borrowed until the next flush


def through_numpy(ctx: Any, x: Any) -> None:
    ctx.mark_dirty(x)
    x.detach().numpy()[...] *= 2


WRITES: dict[str, Callable[[Any, Any], object]] = {
    "mul_": lambda ctx, x: x.mul_(2),
    "several": lambda ctx, x: [x.add_(1) for _ in range(3)] and x.sub_(3).mul_(2),
    "setitem": lambda ctx, x: x.__setitem__(..., x * 2),
    "a view": lambda ctx, x: [x[:1].mul_(2), x[1:].mul_(2)],
    "copy_": lambda ctx, x: x.copy_(x * 2),
    "data": lambda ctx, x: x.data.mul_(2),
    "detach": lambda ctx, x: x.detach().add_(x.detach().clone()),
    "a temporary": lambda ctx, x: x.copy_((x * 1).mul_(2)),
    "NumPy, marked dirty": through_numpy,
}


def function(write: Callable[[Any, Any], object], dirty: bool) -> Any:
    class Writes(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            write(ctx, x)
            if dirty:
                ctx.mark_dirty(x)
            if dirty or write is through_numpy:  # what is marked has to be returned
                return x
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    return Writes


def number(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


def held(tape: Tape, tensor: Any) -> list[np.ndarray[Any, Any]]:
    rows = np.flatnonzero(tape.values["tensor"] == number(tensor))
    return [np.asarray(tape.value(int(row))) for row in rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dirty", [True, False])
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("every", [1, 1 << 30])
def test_the_old_value_stays_and_the_new_one_follows(
    name: str, dirty: bool, size: int, every: int
) -> None:
    before = np.arange(size, dtype=np.float32)
    recorder = Recorder()
    take_down_often(recorder, every)
    with recorder:
        x = torch.tensor(before.tolist(), requires_grad=True) * 1
        y = function(WRITES[name], dirty).apply(x)
        y.sum().backward()
    assert recorder.failure is None
    tape = recorder.tape()
    values = held(tape, x)
    assert [v.tobytes() for v in values] == [before.tobytes(), (before * 2).tobytes()]
    op = [tape.text(int(n)) for n in tape.ops["name"]].index("Writes")
    rows = np.flatnonzero(tape.values["tensor"] == number(x))
    assert int(tape.inputs["value"][tape.ops["in0"][op]]) == rows[0]
    assert int(tape.values["op"][rows[1]]) == op
    assert tape.ops["flags"][op] & OpFlag.INPLACE
    assert int(tape.values["event"][rows[1]]) == int(tape.ops["event"][op])
    if dirty or name not in ("data", "NumPy, marked dirty"):  # which no version counter sees
        assert tape.values["version"][rows[0]] < tape.values["version"][rows[1]]
    kinds = tape.events["kind"].tolist()
    begin = kinds.index(Event.PASS)
    assert kinds[:begin].count(Event.LEAF) == 1, "what forward made is not shown"


def test_an_operation_before_it_keeps_the_value_that_it_read() -> None:
    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True) * 1
        seen = x * 10
        function(WRITES["mul_"], True).apply(x)
        after = x * 10
    tape = recorder.tape()
    values = [np.asarray(tape.value(int(tape.ops["out0"][op]))) for op in range(len(tape.ops))]
    assert held(tape, seen)[0].tolist() == [10.0, 20.0]
    assert held(tape, after)[0].tolist() == [20.0, 40.0]
    assert [v.tolist() for v in values[:2]] == [[1.0, 2.0], [10.0, 20.0]]


def test_a_gradient_that_forward_writes_changes_in_the_ledger() -> None:
    with Recorder() as recorder:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * 3).sum().backward()
        function(lambda ctx, x: w.grad.data.zero_(), False).apply(w)
        function(lambda ctx, x: w.grad.add_(1), False).apply(w)
    tape = recorder.tape()
    ledger = replay.ledger(tape, number(w))
    assert [entry.kind for entry in ledger] == [
        GradChange.ACCUMULATE, GradChange.WRITE, GradChange.WRITE,
    ]  # fmt: skip
    assert [None if e.after is None else e.after.tolist() for e in ledger] == [
        [3.0, 3.0], [0.0, 0.0], [1.0, 1.0],
    ]  # fmt: skip


def test_a_tensor_that_is_no_argument_is_seen_changed() -> None:
    with Recorder() as recorder:
        x, other = (torch.tensor([1.0, 2.0], requires_grad=True) * 1 for _ in range(2))
        function(lambda ctx, _: other.mul_(2), False).apply(x)
    assert [v.tolist() for v in held(recorder.tape(), other)] == [[1.0, 2.0], [2.0, 4.0]]


def test_a_forward_that_raises_after_it_wrote_leaves_the_new_value() -> None:
    def write(ctx: Any, x: Any) -> None:
        x.mul_(2)
        raise ValueError("no")

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True) * 1
        with pytest.raises(ValueError, match="no"):
            function(write, True).apply(x)
        _ = x + 1
    tape = recorder.tape()
    assert [v.tolist() for v in held(tape, x)] == [[1.0, 2.0], [2.0, 4.0]]
    assert [tape.text(int(n)) for n in tape.ops["name"]] == ["mul", "add"]


def test_functions_inside_a_forward_belong_to_it() -> None:
    inner = function(WRITES["mul_"], True)
    outer = function(lambda ctx, x: inner.apply(x), False)
    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True) * 1
        outer.apply(x)
    tape = recorder.tape()
    assert [tape.text(int(n)) for n in tape.ops["name"]] == ["mul", "Writes"]
    assert [v.tolist() for v in held(tape, x)] == [[1.0, 2.0], [2.0, 4.0]]


def test_a_zero_dimensional_tensor_is_written() -> None:
    with Recorder() as recorder:
        x = torch.tensor(3.0, requires_grad=True) * 1
        function(WRITES["mul_"], True).apply(x)
    assert [float(v) for v in held(recorder.tape(), x)] == [3.0, 6.0]
