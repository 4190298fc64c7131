"""Passes, and operations under enable_grad, inside the forward of a person's Function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import recording
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, GradChange, OpFlag
from engine.tape.tape import Tape


def function(forward: Callable[[Any, Any], Any]) -> Any:
    class Inside(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return forward(ctx, x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    return Inside


def inner_pass(x: Any) -> Any:
    """Run a pass over a graph that begins with a leaf of its own; return that leaf."""
    z = x.detach().requires_grad_()
    with torch.enable_grad():
        (z * z).sum().backward()
    return z


def number(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


def names(tape: Tape) -> list[str]:
    return [tape.text(int(n)) for n in tape.ops["name"]]


def held(tape: Tape, tensor: Any) -> list[Any]:
    rows = np.flatnonzero(tape.values["tensor"] == number(tensor))
    return [tape.value(int(row)).tolist() for row in rows]


def recorded(program: Callable[[], Any]) -> Tape:
    with Recorder() as recorder:
        program()
    assert recorder.failure is None
    return recorder.tape()


def test_a_pass_inside_is_on_the_tape_with_the_operations_that_it_goes_back_through() -> None:
    kept = []

    def forward(ctx: Any, x: Any) -> Any:
        kept.append(inner_pass(x))
        return kept[0].grad * x

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        function(forward).apply(x * 1).sum().backward()
    tape, z = recorder.tape(), kept[0]
    assert names(tape) == ["mul", "mul", "sum", "Inside", "sum"]
    assert len(tape.passes) == len(tape.ends) == 2
    begun = tape.events["kind"].tolist().index(Event.PASS)
    assert tape.ops["event"][2] < begun < tape.ops["event"][3], "the Function comes after it"
    assert [len(replay.ledger(tape, number(t))) for t in (z, x)] == [1, 1]
    (entry,) = replay.ledger(tape, number(z))
    assert (entry.pass_, entry.after.tolist()) == (0, [2.0, 4.0])
    assert entry.source is not None and entry.source.function == "inner_pass"
    assert (tape.steps["pass_"] == 0).sum() == 3
    assert tape.ops["pass_"].tolist() == [-1] * 5


def test_grad_inside_needs_no_enable_grad_around_it() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()

    def forward(ctx: Any, t: Any) -> Any:
        (g,) = torch.autograd.grad(y, x)
        return t * g

    tape = recorded(lambda: function(forward).apply(x))
    assert (len(tape.passes), len(tape.ends), names(tape)) == (1, 1, ["Inside"])
    assert (tape.steps["pass_"] == 0).sum() == 3


def test_what_forward_makes_without_a_graph_is_still_not_shown() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        y = (x + 1).exp()
        with torch.enable_grad():
            pass
        return y.tanh()

    x = torch.ones(2, requires_grad=True)
    assert names(recorded(lambda: function(forward).apply(x))) == ["Inside"]


def test_updates_between_passes_inside_are_operations() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        z = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            stepper = torch.optim.SGD([z], lr=0.25)
            for _ in range(2):
                stepper.zero_grad()
                (z * z).sum().backward()
                stepper.step()
                with torch.no_grad():
                    z -= 0.5
        return z.detach()

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    found = names(recorded(lambda: function(forward).apply(x)))
    assert found == ["mul", "sum", "add_", "sub_"] * 2 + ["Inside"]


def test_an_output_made_under_enable_grad_is_handed_on_and_not_written() -> None:
    made = []

    def forward(ctx: Any, x: Any) -> Any:
        with torch.enable_grad():
            made.append(x * 3)
        ctx.save_for_backward(made[0])
        return made[0]

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        function(forward).apply(x).sum().backward()
    tape = recorder.tape()
    assert names(tape) == ["mul", "Inside", "sum"]
    assert not tape.ops["flags"][1] & OpFlag.INPLACE
    rows = np.flatnonzero(tape.values["tensor"] == number(made[0]))
    assert tape.values["op"][rows].tolist() == [0, 1]
    nodes = [tape.text(int(tape.nodes["name"][n])) for n in tape.values["node"][rows]]
    assert nodes == ["MulBackward0", "InsideBackward"]
    assert replay.grad_at(tape, number(x), len(tape.events)).tolist() == [1.0, 1.0]


def test_a_tensor_saved_for_backward_is_the_one_on_the_tape() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(inner_pass(x), x + 1)
        return x * 1

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    tape = recorded(lambda: function(forward).apply(x))
    node = tape.nodes[int(tape.ops["node"][-1])]
    saved = tape.saved[int(node["saved0"]) :][: int(node["n_saved"])]
    assert [tape.value(int(saved["value"][0])).tolist(), int(saved["value"][1])] == [[1.0, 2.0], -1]
    assert tape.text(int(saved["text"][1])) == "a tensor of its own"


def test_an_argument_that_is_written_before_a_pass_is_seen_as_it_came_and_as_it_is() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        x.data.mul_(2)
        inner_pass(x)
        x.data.add_(1)
        inner_pass(x)
        return x * 1

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True) * 1
        function(forward).apply(x)
    tape = recorder.tape()
    assert held(tape, x)[:3] == [[1.0, 2.0], [2.0, 4.0], [3.0, 5.0]]
    last = tape.ops[names(tape).index("Inside")]
    given = int(tape.inputs["value"][last["in0"]])
    assert tape.value(given).tolist() == [1.0, 2.0]
    assert len(tape.passes) == 2


def test_the_ledger_of_a_gradient_that_forward_writes_and_its_pass_adds_to() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    def forward(ctx: Any, x: Any) -> Any:
        w.grad.zero_()
        with torch.enable_grad():
            (w * 5).sum().backward()
        w.grad.data.mul_(2)
        return x * 1

    def program() -> None:
        (w * 3).sum().backward()
        function(forward).apply(torch.ones(1, requires_grad=True))

    tape = recorded(program)
    ledger = replay.ledger(tape, number(w))
    assert [entry.kind for entry in ledger] == [
        GradChange.ACCUMULATE, GradChange.WRITE, GradChange.ACCUMULATE, GradChange.WRITE,
    ]  # fmt: skip
    assert [entry.after.tolist() for entry in ledger] == [[v, v] for v in (3.0, 0.0, 5.0, 10.0)]


def test_a_forward_that_raises_after_a_pass_leaves_the_next_ones_whole() -> None:
    def broken(ctx: Any, x: Any) -> Any:
        inner_pass(x)
        x.data.mul_(2)
        raise ValueError("no result today")

    def program() -> None:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        with pytest.raises(ValueError, match="no result"):
            function(broken).apply(x)
        function(lambda ctx, t: inner_pass(t).grad).apply(x).sum().backward()

    tape = recorded(program)
    assert len(tape.passes) == len(tape.ends) == 3
    assert names(tape) == ["mul", "sum", "mul", "sum", "Inside", "sum"]
    given = int(tape.inputs["value"][tape.ops["in0"][4]])
    assert tape.value(given).tolist() == [2.0, 4.0]


def test_functions_inside_what_is_seen_of_a_forward_are_operations() -> None:
    inner = function(lambda ctx, x: inner_pass(x).grad * 1)

    def forward(ctx: Any, x: Any) -> Any:
        z = x.detach().requires_grad_()
        with torch.enable_grad():
            inner.apply(z).sum().backward()
        return inner.apply(z.grad)

    tape = recorded(lambda: function(forward).apply(torch.ones(2, requires_grad=True)))
    assert names(tape) == ["mul", "sum", "Inside", "sum", "mul", "sum", "Inside"]
    assert len(tape.passes) == 3


def test_a_scope_that_outlives_its_forward_does_not_end_the_recording() -> None:
    scopes = []

    def forward(ctx: Any, x: Any) -> Any:
        scopes.append(torch.enable_grad())
        scopes[0].__enter__()
        return x * 2

    with Recorder() as recorder:
        x = torch.ones(2, requires_grad=True)
        function(forward).apply(x)
        scopes[0].__exit__(None, None, None)
        torch.set_grad_enabled(True)
        _ = x + 1
    assert names(recorder.tape())[-1] == "add"


def test_a_recording_that_ends_inside_a_forward_stays_over() -> None:
    with Recorder() as recorder:
        x = torch.ones(2, requires_grad=True)

        def forward(ctx: Any, t: Any) -> Any:
            recorder.stop()
            inner_pass(t)
            return t * 2

        function(forward).apply(x)
        assert recording.log is None
        _ = x * 1
    assert not recorder._log
    assert recorder.failure is None


def test_a_checkpoint_records_the_forward_that_runs_again_and_its_pass() -> None:
    from engine.utils.checkpoint import checkpoint

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        checkpoint(lambda t: (t * t).sin(), x, use_reentrant=True).sum().backward()
    tape = recorder.tape()
    assert names(tape)[:2] == ["CheckpointFunction", "sum"]
    assert names(tape)[-3:] == ["detach", "mul", "sin"]
    assert len(tape.passes) == len(tape.ends) == 2
    assert set(tape.ops["pass_"][2:].tolist()) == {0}
    assert replay.grad_at(tape, number(x), len(tape.events)).tolist() == x.grad.tolist()


def test_a_checkpoint_without_reentrance_records_what_runs_again_within_the_pass() -> None:
    from engine.utils.checkpoint import checkpoint

    with Recorder() as recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        checkpoint(lambda t: (t * t).sin(), x, use_reentrant=False).sum().backward()
    tape = recorder.tape()
    assert names(tape)[:3] == ["mul", "sin", "sum"]
    assert "mul" in names(tape)[3:]
    assert len(tape.passes) == len(tape.ends) == 1
    assert set(tape.ops["pass_"][3:].tolist()) == {0}
    assert replay.grad_at(tape, number(x), len(tape.events)).tolist() == x.grad.tolist()
