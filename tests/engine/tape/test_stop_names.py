"""Breakpoints that ask for names: what a statement, a call or a function gives to what it made."""

from __future__ import annotations

import pytest
from waiting import replayed, run

from engine.tape.breakpoints import GO, Breakpoint, On
from engine.tape.moments import Moments
from engine.tape.record.stops import Stop

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
