"""Freed graphs: which pass freed what which node had saved, and when, is on the tape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from often import take_down_often

import engine as torch
from engine.tape import replay
from engine.tape.freed import freed_by, stopped_by
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, Mark, StepFlag
from engine.tape.summary import format_summary, summarize
from engine.tape.tape import Tape


class Kept(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, keep: bool) -> Any:
        if keep:
            ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2, None


def record(program: Any, every: int = 1 << 30) -> Tape:
    recorder = Recorder()
    take_down_often(recorder, every)
    with recorder:
        program()
    assert recorder.failure is None
    return recorder.tape()


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], requires_grad=True)


def names(tape: Tape, nodes: Any) -> list[str]:
    return [tape.text(int(tape.nodes["name"][node])) for node in nodes]


def freed_steps(tape: Tape) -> list[tuple[int, str]]:
    steps = tape.steps[(tape.steps["flags"] & StepFlag.FREED) > 0]
    return list(zip(steps["pass_"].tolist(), names(tape, steps["node"]), strict=True))


def three_passes() -> None:
    y = (leaf() ** 2).exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_the_pass_that_does_not_retain_frees_and_says_so_once_before_its_end() -> None:
    tape = record(three_passes)
    assert freed_steps(tape) == [(1, "ExpBackward0"), (1, "PowBackward0")]
    (mark,) = np.flatnonzero(tape.marks["kind"] == Mark.FREED).tolist()
    assert int(tape.marks["ref"][mark]) == 1
    assert int(tape.marks["event"][mark]) + 1 == int(tape.ends["event"][1])


def test_the_state_says_what_is_freed_at_every_playhead() -> None:
    tape = record(three_passes)
    exp, power = 2, 1
    assert names(tape, [exp, power]) == ["ExpBackward0", "PowBackward0"]
    for playhead in range(len(tape.events) + 1):
        wanted = [
            int(step["node"])
            for step in tape.steps
            if step["flags"] & StepFlag.FREED and step["event"] < playhead
        ]
        assert replay.state_at(tape, playhead).freed.tolist() == wanted
        assert (freed_by(tape, exp, playhead) is not None) == (exp in wanted)
    found = freed_by(tape, power, len(tape.events))
    assert found is not None
    assert (found.pass_, int(tape.steps["node"][found.step])) == (1, power)
    assert tape.events["kind"][found.event] == Event.STEP


def test_a_second_backward_stopped_for_what_an_earlier_pass_freed() -> None:
    tape = record(three_passes)
    assert [stopped_by(tape, end) for end in (0, 1)] == [None, None]
    found = stopped_by(tape, 2)
    assert found is not None
    assert (names(tape, [found.node]), found.pass_) == (["ExpBackward0"], 1)


def test_another_error_is_not_put_down_to_a_freed_graph() -> None:
    def program() -> None:
        x = leaf()
        y = x.exp() * 2
        y.register_hook(lambda g: 1 / 0)
        x.exp().sum().backward()
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()

    tape = record(program)
    assert stopped_by(tape, 1) is None
    assert freed_steps(tape) == [(0, "ExpBackward0")], "the failing pass did not come so far"


def test_what_ran_before_an_error_is_freed() -> None:
    def program() -> None:
        x = leaf()
        y = x.exp()
        y.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            (y.sin() * 2).sum().backward()

    tape = record(program)
    assert freed_steps(tape) == [(0, "MulBackward0"), (0, "SinBackward0")]
    assert tape.marks["kind"].tolist() == [Mark.FREED]


@pytest.mark.parametrize("every", [1, 1 << 30])
@pytest.mark.parametrize("keep", [True, False])
def test_a_function_of_ones_own_is_freed_of_what_it_saved(keep: bool, every: int) -> None:
    tape = record(lambda: Kept.apply(leaf(), keep).sum().backward(), every)
    assert freed_steps(tape) == ([(0, "KeptBackward")] if keep else [])
    assert len(tape.marks) == keep


def test_autograd_grad_frees_and_create_graph_retains() -> None:
    def program() -> None:
        x = leaf()
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        torch.autograd.grad(g.sum(), x)

    passes = {pass_ for pass_, _ in freed_steps(record(program))}
    assert passes == {1}


def test_sums_have_nothing_to_free() -> None:
    tape = record(lambda: (leaf() + 1).sum().backward())
    assert (len(tape.marks), freed_steps(tape)) == (0, [])


def test_the_summary_counts_freed_nodes() -> None:
    summary = summarize(record(three_passes))
    assert [one["freed"] for one in summary["per_pass"]] == [0, 2, 0]
    assert "freed what 2 nodes had saved" in format_summary(summary)


def test_a_tape_of_version_1_opens_and_says_nothing_of_freed_graphs(tmp_path: Path) -> None:
    tape = Tape.open(Path(__file__).parent / "data" / "version-1.tape")
    assert (tape.complete, tape.manifest["version"]) == (True, 1)
    assert (len(tape.passes), len(tape.steps)) == (2, 8)
    assert not tape.steps["flags"].any()
    end = len(tape.events)
    grad = replay.grad_at(tape, 0, end)
    assert grad is not None
    np.testing.assert_allclose(grad, [5.4366, 218.3926], rtol=1e-5)
    assert not len(replay.state_at(tape, end).freed)
    tape.save(tmp_path / "again.tape")
    again = Tape.open(tmp_path / "again.tape")
    assert again.manifest == tape.manifest
    assert again.steps.tolist() == tape.steps.tolist()
    for one in (tape, again):
        one.close()
