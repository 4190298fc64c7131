"""Breakpoints of a program that runs: it stops where a replay of its tape does, and only there."""

from __future__ import annotations

import json
import linecache
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import engine as torch
from engine import nn, recording
from engine.tape.breakpoints import GO, OUT, OVER, STEP, Breakpoint, On, Search, Spot, breakpoint_of
from engine.tape.moments import NAMES, Moments
from engine.tape.record.stops import Stop, Stops
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape

PROGRAM = """\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
w = torch.ones(2, requires_grad=True)
for k in range(3):
    y = model((Double.apply(w) * (k + 1)).unsqueeze(0))
    a, b = torch.cat([y, y * 2], 1).chunk(2, 1)
    loss = ((a + b) * 10 ** k).sum()
    loss.backward()
g, = torch.autograd.grad((w * w).sum(), w, create_graph=True)
with torch.no_grad():
    w -= 0.1 * w.grad
g.sum().backward()
w.grad = None
y = w * 3
"""
FILE = "<cell a>"
HIDDEN = """
def main():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    for k in range(3):
        model(torch.ones(1, 2) * k).sum().backward()
main()
"""
UNPACKED = """
class Pair(nn.Module):
    def forward(self, x):
        y = x * 2
        return x + 1, (x - 1, y * 3)
def main():
    pair = Pair()
    x = torch.ones(2, 3, requires_grad=True)
    for k in range(2):
        hidden, (cell, _) = pair(x)
        top, at = (hidden * cell).max(1)
        twice, _ = pair(top)
        loss = twice.sum()
        if tracked:
            loss.backward()
with torch.set_grad_enabled(tracked):
    main()
"""


@pytest.fixture(autouse=True)
def source() -> Iterator[None]:
    yield
    linecache.cache.pop(FILE, None)


def run(
    points: Sequence[Breakpoint],
    wait: Callable[[Stop], str] = lambda stop: GO,
    mode: str = GO,
    note: Callable[[str], object] = print,
    program: str = PROGRAM,
) -> tuple[Tape, list[int], list[Stop]]:
    """Run a program; return its tape, the playheads at which it waited, and why."""
    recorder = Recorder()
    names = {"torch": torch, "nn": nn, "recorder": recorder}
    at, found = list[int](), list[Stop]()

    def waited(stop: Stop) -> str:
        found.append(stop)
        at.append(recorder.asked(lambda transcript: transcript.batch.events.count))
        return wait(stop)

    def cell_of(file: str) -> tuple[str, int]:
        return ("a", 4) if file == FILE else ("", 0)

    torch.manual_seed(0)
    linecache.cache[FILE] = (len(program), None, program.splitlines(keepends=True), FILE)
    stops = Stops(points, waited, cell_of, lambda: names, note)
    stops.step(mode)
    with recorder:
        recorder.begin_cell("a", program, 4)
        recorder.register_file(FILE, "a")
        recorder.stop_at(stops)
        exec(compile(program, FILE, "exec"), names)
        stops.settle()
        recorder.end_cell(names)
    assert recorder.failure is None
    return recorder.tape(), at, found


def replayed(tape: Tape, point: Breakpoint) -> list[int]:
    return [playhead for playhead, _ in Search(tape, [point]).every(point)]


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


def test_a_program_waits_at_a_parameter_of_a_model_that_only_a_function_knows() -> None:
    point = Breakpoint(On.ANY, condition="name == '2.bias' and pass_ > 1")
    tape, at, _ = run([point], program=HIDDEN)
    assert at == replayed(tape, point)
    assert len(at) == 2


def test_a_name_holds_for_what_its_statement_gives_in_the_end() -> None:
    """Which operation is the last is known when the next begins: forward, it waits one later."""
    point, bound = Breakpoint(On.ANY, condition="name == 'y'"), list[bool]()

    def wait(stop: Stop) -> str:
        names = stop.frame.f_globals if stop.frame is not None else {}
        bound.append(stop.pass_ > 0 or names.get("y") in (None, stop.names["value"]))
        return GO

    tape, at, found = run([point], wait)
    expected = replayed(tape, point)
    later = [p + 1 for p in expected]
    assert (found[-1].what, found[-1].line, found[-1].frame) == ("mul", 20, None)  # nothing follows
    assert [p in (a, b) for p, a, b in zip(at, expected, later, strict=True)] == [True] * len(at)
    assert [(stop.what, stop.pass_ > 0) for stop in found[:2]] == [
        ("addmm", False), ("AddmmBackward0", True),
    ]  # fmt: skip
    assert all(bound)


@pytest.mark.parametrize("tracked", [True, False])
def test_a_variable_is_all_parts_of_its_tuple(tracked: bool) -> None:
    """A replay stops at cell[0] and cell[1]; a program waits once, where both are bound."""
    point = Breakpoint(On.ANY, condition="name == 'cell' and not backward")
    program = UNPACKED.replace("tracked", str(tracked)).replace("(cell, _)", "cell")
    program = program.replace("hidden * cell", "hidden * cell[0] * cell[1]")
    tape, _, stops = run([point], program=program)
    assert len(replayed(tape, point)) == 4
    assert [stop.name for stop in stops] == ["cell[0]"] * 2


@pytest.mark.parametrize("name", ["hidden", "cell", "top", "twice"])
@pytest.mark.parametrize("tracked", [True, False])
def test_a_program_waits_at_what_a_call_is_unpacked_to(name: str, tracked: bool) -> None:
    """It is bound by then: forward, it waits as the next operation begins."""
    bound = list[bool]()

    def wait(stop: Stop) -> str:
        frame = stop.frame
        while frame is not None and frame.f_code.co_name != "main":
            frame = frame.f_back
        assert frame is not None
        bound.append(stop.pass_ > 0 or frame.f_locals.get(name) is stop.names["value"])
        return GO

    point = Breakpoint(On.ANY, condition=f"name == {name!r}")
    program = UNPACKED.replace("tracked", str(tracked))
    tape, _, stops = run([point], wait, program=program)
    facts = {"pass_", "line", "op", "grad_fn"}
    expected = [Moments(tape).at(at - 1, facts) for at in replayed(tape, point)]
    assert [(stop.pass_, stop.line) for stop in stops] == [
        (one["pass_"], one["line"]) for one in expected
    ]
    assert [stop.what for stop in stops] == [
        one["grad_fn"] if one["pass_"] else one["op"] for one in expected
    ]
    assert bound == [True] * len(stops)
    assert len(stops) >= 2


STATE = """
net = nn.LSTM(2, 3)
def main():
    out, hidden = net(torch.ones(1, 4, 2))
    pred = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))(out)
    loss = torch.tanh(pred).sum()
    loss.backward()
main()
"""


def test_a_tuple_among_what_a_call_is_unpacked_to_gives_names_with_numbers() -> None:
    point = Breakpoint(On.ANY, condition="name == 'hidden[1]'")
    tape, _, stops = run([point], program=STATE)
    assert [(stop.name, stop.line) for stop in stops if not stop.pass_] == [("hidden[1]", 4)]
    assert {"hidden[0]", "hidden[1]"} <= set(map(tape.text, tape.names["text"].tolist()))


def test_where_it_waits_tells_no_name_that_a_later_operation_gets() -> None:
    _, _, stops = run([Breakpoint(On.TYPE, "relu"), Breakpoint(On.TYPE, "tanh")], program=STATE)
    assert [(stop.what, stop.name) for stop in stops if not stop.pass_] == [
        ("relu", ""), ("tanh", ""),
    ]  # fmt: skip
    named = Breakpoint(On.ANY, condition="name == 'pred' and not backward")
    _, _, stops = run([named], program=STATE)
    assert [(stop.what, stop.name) for stop in stops] == [("view", "pred")]


def test_a_program_waits_at_what_a_function_returns_under_the_name_that_its_call_gives() -> None:
    program = (
        "def f(x):\n    y = x + 1\n    return y * 2, y.exp()\na, b = f(torch.ones(2))\na + b\n"
    )
    point = Breakpoint(On.ANY, condition="name == 'b'")
    tape, _, stops = run([point], lambda stop: GO, program=program)
    assert [(stop.what, stop.line, stop.name) for stop in stops] == [("exp", 3, "b")]
    assert len(replayed(tape, point)) == 1


def test_other_operations_of_its_statement_have_no_name() -> None:
    _, _, found = run(
        [Breakpoint(On.ANY, condition="name != 'y' and op == 'addmm' and not backward")]
    )
    assert [stop.name for stop in found] == [""] * 3


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
