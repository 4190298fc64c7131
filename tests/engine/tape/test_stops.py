"""Breakpoints of a program that runs: it stops where a replay of its tape does, and only there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from waiting import FILE, replayed, run

import engine as torch
from engine import recording
from engine.tape.breakpoints import GO, OUT, OVER, STEP, Breakpoint, On, Search, Spot, breakpoint_of
from engine.tape.moments import NAMES, Moments
from engine.tape.record.stops import Stop, Stops
from engine.tape.recorder import Recorder

POINTS = [
    Breakpoint(On.ANY),
    Breakpoint(On.ANY, condition="norm(grad) > 5"),
    Breakpoint(On.ANY, condition="norm(grad) > 5", skip=3),
    Breakpoint(On.ANY, condition="(value > 3).any()"),
    Breakpoint(On.ANY, condition="backward and (value > 0).all()"),
    Breakpoint(On.ANY, condition="name == '2.weight' and pass_ == 2"),
    Breakpoint(On.ANY, condition="shape == (1, 3) and dtype == 'float32'"),
    Breakpoint(On.ANY, condition="line == 13 and cell == 4"),
    Breakpoint(On.ANY, condition="line == 14"),
    Breakpoint(On.ANY, condition="module.endswith('0') and not backward"),
    Breakpoint(On.ANY, condition="module == 'model.2'"),
    Breakpoint(On.ANY, condition="op == 'mul' and backward"),
    Breakpoint(On.ANY, condition="grad_fn == 'AddmmBackward0'"),
    Breakpoint(On.ANY, condition="event == 20"),
    Breakpoint(On.ANY, condition="grad.shape == (2,)"),
    Breakpoint(On.TYPE, "mul"),
    Breakpoint(On.TYPE, "MulBackward0"),
    Breakpoint(On.TYPE, "DoubleBackward"),
    Breakpoint(On.TYPE, "AccumulateGrad"),
    Breakpoint(On.LINE, ("a", 13), "True"),
    Breakpoint(On.LINE, ("a", 11), "backward"),
    Breakpoint(On.LINE, ("a", 14), "pass_ > 1"),
    Breakpoint(On.LINE, ("a", 14), skip=1),
    Breakpoint(On.LINE, ("a", 18), "True"),
    Breakpoint(On.LINE, ("a", 19), "True"),
    Breakpoint(On.LINE, ("a", 19), "name == 'w' and shape == (2,) and line == 19 and cell == 4"),
    Breakpoint(On.LEAF, "w"),
    Breakpoint(On.LEAF, "0.bias", "max(abs(grad)) > 1"),
    Breakpoint(On.SPOT, Spot("mul", "a", 13, 1)),
    Breakpoint(On.SPOT, Spot("addmm", "a", 11, 3), skip=1),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.on.name} {p.target} {p.condition}")
def test_a_program_waits_where_a_replay_stops(point: Breakpoint) -> None:
    tape, at, _ = run([point])
    assert at == replayed(tape, point)
    assert at


def test_breakpoints_that_come_late_know_what_was_made_before() -> None:
    """Others are set at the first sum, where the graph of its loss is there already."""
    point = Breakpoint(On.ANY, condition="line == 13 and backward and (shape == () or op == 'add')")
    seen = list[Stop]()

    def exchange(stop: Stop) -> str:
        def note(stop: Stop) -> str:
            seen.append(stop)
            return GO

        names: dict[str, Any] = {}
        assert stop.frame is not None
        recorder = stop.frame.f_globals["recorder"]
        recorder.stop_at(Stops([point], note, lambda _: ("a", 4), lambda: names))
        return GO

    tape, _, _ = run([Breakpoint(On.TYPE, "sum")], exchange)
    facts = {"grad_fn", "line", "pass_"}
    expected = [Moments(tape).at(at - 1, facts) for at in replayed(tape, point)]
    assert [{"grad_fn": s.what, "line": s.line, "pass_": s.pass_} for s in seen] == expected
    assert len(seen) > 3


def test_a_stop_tells_where_it_is_and_has_what_is_there() -> None:
    _, _, (stop, *_) = run([Breakpoint(On.ANY, condition="grad_fn == 'AddBackward0' and backward")])
    assert stop[:6] == ("AddBackward0", 1, "a", 13, "", "")
    assert stop.frame is not None
    assert stop.frame.f_code.co_filename == FILE
    assert stop.names["grad"].shape == (1, 1)
    _, _, (stop, *_) = run([Breakpoint(On.TYPE, "sum")])
    assert stop[:5] == ("sum", 0, "a", 13, "loss")
    assert stop.names["value"].grad_fn.name() == "SumBackward0"
    _, _, (stop,) = run([Breakpoint(On.LINE, ("a", 14), "pass_ == 2")])
    assert stop[:6] == ("", 2, "a", 14, "", "")


def test_the_program_waits_in_the_midst_of_a_pass() -> None:
    """Leaves that are served have their gradient by then, as in PyTorch; others have none."""

    def look(stop: Stop) -> str:
        assert stop.frame is not None
        model, w = (stop.frame.f_globals[name] for name in ("model", "w"))
        assert model[2].bias.grad is not None
        assert w.grad is None
        return GO

    _, _, stops = run(
        [Breakpoint(On.LINE, ("a", 11), "grad_fn == 'ReluBackward0' and pass_ == 1")], look
    )
    assert len(stops) == 1


def test_steps_go_to_every_stop_or_round_modules() -> None:
    names = list[str]()

    def walk(mode: str) -> Callable[[Stop], str]:
        def step(stop: Stop) -> str:
            names.append(stop.what)
            return mode if len(names) < 8 else GO

        return step

    tape, at, _ = run([Breakpoint(On.TYPE, "DoubleBackward")], walk(STEP))
    every = replayed(tape, Breakpoint(On.ANY))
    first = every.index(at[0])
    assert at[:8] == every[first : first + 8]
    names.clear()
    run([Breakpoint(On.SPOT, Spot("unsqueeze", "a", 11, 0))], walk(OVER))
    assert names[:3] == ["unsqueeze", "mul", "cat"]
    names.clear()
    run([Breakpoint(On.SPOT, Spot("addmm", "a", 11, 0))], walk(OUT))
    assert names[:2] == ["addmm", "relu"]


def test_what_is_run_at_a_stop_is_recorded_but_stops_nothing() -> None:
    def work(stop: Stop) -> str:
        z = torch.ones(3, requires_grad=True)
        (z * 2).sum().backward()
        assert z.grad.tolist() == [2, 2, 2]
        return GO

    tape, at, _ = run([Breakpoint(On.TYPE, "ReluBackward0")], work)
    assert len(at) == 3
    assert len(tape.passes) == 8


@pytest.mark.parametrize("what", ["relu", "ReluBackward0"])
def test_an_interrupt_at_a_stop_comes_up_in_the_program(what: str) -> None:
    def interrupt(stop: Stop) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([Breakpoint(On.TYPE, what)], interrupt)
    assert recording.log is None
    assert not recording.watched
    w = torch.ones(2, requires_grad=True)
    (w * 2).sum().backward()  # the engine is none the worse
    assert w.grad.tolist() == [2, 2]


def test_a_condition_that_cannot_be_computed_stops_once_and_says_why() -> None:
    _, _, stops = run([Breakpoint(On.ANY, condition="value > 1")])
    assert len(stops) == 1
    assert "add .any() or .all()" in stops[0].error


def test_log_points_and_what_is_off_stop_nothing() -> None:
    off = [Breakpoint(On.ANY, enabled=False), Breakpoint(On.ANY, log="norm(grad)")]
    assert run(off)[1] == []


def test_without_breakpoints_the_engine_logs_to_a_plain_list() -> None:
    recorder = Recorder()
    with recorder:
        torch.ones(2).sum()
        assert type(recording.log) is list
        stops = Stops([], lambda stop: GO, lambda file: ("", 0), dict)
        recorder.stop_at(stops)
        assert recording.log is stops
        recorder.stop_at(None)
        torch.ones(2).sum()
        assert type(recording.log) is list


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.on.name} {p.target} {p.condition}")
def test_breakpoints_can_be_kept_as_json(point: Breakpoint) -> None:
    assert breakpoint_of(json.loads(json.dumps(point.plain()))) == point


@pytest.mark.parametrize(
    "wrong", [None, [], [9, None, "", True, 0, ""], [5, ["a"], "", True, 0, ""]]
)
def test_what_is_no_breakpoint_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="this is no breakpoint"):
        breakpoint_of(wrong)


def test_every_name_of_a_condition_can_be_asked_for_while_the_program_runs() -> None:
    every = " or ".join(f"({name} is None)" for name in NAMES)
    assert run([Breakpoint(On.ANY, condition=f"not backward and ({every})")])[2][0].error == ""


@pytest.mark.parametrize("point", [
    Breakpoint(On.TYPE, "mul", log="value.sum()"),
    Breakpoint(On.TYPE, "MulBackward0", "pass_ > 1", log="norm(grad)"),
    Breakpoint(On.LINE, ("a", 12), skip=2, log="norm(grad)"),
    Breakpoint(On.LEAF, "w", log="grad"),
    Breakpoint(On.LINE, ("a", 14), log="pass_"),
    Breakpoint(On.ANY, None, 'op == "sum"', log="shape"),
])  # fmt: skip
def test_what_a_breakpoint_notes_is_what_a_replay_lists(point: Breakpoint) -> None:
    said: list[str] = []
    tape, at, _ = run([point], note=said.append)
    listed = [note for _, note in Search(tape, [point]).every(point) if note]
    assert listed
    assert [line.removeprefix(f"{point.log} = ").rpartition("  (")[0] for line in said] == listed
    assert at == []  # it does not wait


def test_a_note_says_where_it_was_made() -> None:
    said: list[str] = []
    run([Breakpoint(On.TYPE, "sum", log="value"), Breakpoint(On.LEAF, "w", log="norm(grad)")],
        note=said.append)  # fmt: skip
    assert said[0].endswith("(sum, loss, line 13)")
    assert said[1].endswith("(AccumulateGrad, w, pass 1)")
    said.clear()
    run([Breakpoint(On.LINE, ("a", 14), log="pass_")], note=said.append)
    assert said[0] == "pass_ = 1  (pass 1 begins, line 14)"


def test_a_note_that_cannot_be_made_is_told_once() -> None:
    said: list[str] = []
    run([Breakpoint(On.TYPE, "mul", log="value @ shape")], note=said.append)
    assert len(said) == 1
    assert said[0].startswith("value @ shape is noted no more: ")
