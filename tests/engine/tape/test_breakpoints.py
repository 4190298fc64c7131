"""Breakpoints: where a replay stops, in both directions, as a naive walk over all events does."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine as torch
from engine import nn
from engine.tape import replay
from engine.tape.breakpoints import Breakpoint, On, Search, over
from engine.tape.conditions import ConditionError
from engine.tape.modules import module_of, module_path
from engine.tape.moments import Moments
from engine.tape.recorder import Recorder
from engine.tape.schema import Event
from engine.tape.tape import Tape

PROGRAM = """\
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
w = torch.ones(2, requires_grad=True)
for k in range(3):
    y = model((w * (k + 1)).unsqueeze(0))
    loss = (y * 10 ** k).sum()
    loss.backward()
"""


@pytest.fixture(scope="module")
def tape() -> Tape:
    recorder, names = Recorder(), {"torch": torch, "nn": nn}
    torch.manual_seed(0)
    with recorder:
        recorder.begin_cell("a", PROGRAM, 4)
        lines = PROGRAM.splitlines(keepends=True)
        linecache.cache["<cell>"] = (len(PROGRAM), None, lines, "<cell>")  # as a kernel does
        exec(compile(PROGRAM, "<cell>", "exec"), names)
        recorder.end_cell(names)
    linecache.cache.pop("<cell>")
    return recorder.tape()


def _op(tape: Tape, name: str, which: int = 0) -> int:
    return [i for i, row in enumerate(tape.ops["name"].tolist()) if tape.text(row) == name][which]


def _walk(tape: Tape, search: Search) -> list[int]:
    """Return every playhead at which forward search stops, from the start."""
    found, at = [], 0
    while (hit := search.next(at)) is not None:
        found.append(hit.playhead)
        at = hit.playhead
    return found


def _naive(tape: Tape, name: str) -> list[int]:
    moments = Moments(tape)
    kinds = tape.events["kind"].tolist()
    return [
        event + 1
        for event, kind in enumerate(kinds)
        if kind in (Event.OP, Event.STEP) and name in moments.at(event, {"op", "grad_fn"}).values()
    ]


@pytest.mark.parametrize("name", ["mul", "addmm", "ReluBackward0", "AddmmBackward0", "nothing"])
def test_a_type_stops_at_all_of_its_events(tape: Tape, name: str) -> None:
    found = _walk(tape, Search(tape, [Breakpoint(On.TYPE, name)]))
    # An operation's name stops forward, its node's name backward.
    wanted = [
        p for p in _naive(tape, name)
        if (tape.events["kind"][p - 1] == Event.STEP) == name.endswith("0")
    ]  # fmt: skip
    assert found == wanted


@given(st.data())
def test_backwards_finds_the_same_in_the_other_order(tape: Tape, data: st.DataObject) -> None:
    kinds = st.sampled_from(["mul", "addmm", "relu", "ReluBackward0", "AccumulateGrad"])
    conditions = st.sampled_from(["", "norm(grad) > 5", "pass_ == 2", "value is not None"])
    points = [
        Breakpoint(
            On.TYPE, data.draw(kinds), data.draw(conditions), skip=data.draw(st.integers(0, 2))
        )
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    search = Search(tape, points)
    forward = _walk(tape, search)
    backward, at = [], len(tape.events) + 1
    while (hit := search.next(at, backwards=True)) is not None:
        backward.append(hit.playhead)
        at = hit.playhead
    assert forward == backward[::-1]
    assert forward == sorted(set(forward))


def test_a_node_stops_forward_and_backward(tape: Tape) -> None:
    op = _op(tape, "addmm", 1)
    node = int(tape.ops["node"][op])
    found = _walk(tape, Search(tape, [Breakpoint(On.NODE, op)]))
    step = int(tape.steps["event"][np.flatnonzero(tape.steps["node"] == node)[0]])
    assert found == [int(tape.ops["event"][op]) + 1, step + 1]
    assert found == _walk(tape, Search(tape, [Breakpoint(On.NODE, -1 - node)]))


def test_a_line_stops_at_what_it_does_in_both_directions(tape: Tape) -> None:
    moments = Moments(tape)
    found = _walk(tape, Search(tape, [Breakpoint(On.LINE, ("a", 5))]))
    told = [moments.at(p - 1, {"op", "grad_fn", "line", "cell"}) for p in found]
    assert {(one["line"], one["cell"]) for one in told} == {(5, 4)}
    assert {one["op"] for one in told} == {"mul", "sum"}
    assert len(found) == 3 * 2 * 2


def test_a_line_that_calls_backward_stops_where_its_passes_begin(tape: Tape) -> None:
    found = _walk(tape, Search(tape, [Breakpoint(On.LINE, ("a", 6))]))
    assert found == (tape.passes["event"] + 1).tolist()
    point = Breakpoint(On.LINE, ("a", 6), "pass_ == 2")
    assert _walk(tape, Search(tape, [point])) == found[1:2]


def test_a_leaf_stops_when_its_grad_grows(tape: Tape) -> None:
    tensor = next(int(row["tensor"]) for row in tape.names if tape.text(int(row["text"])) == "w")
    found = _walk(tape, Search(tape, [Breakpoint(On.LEAF, "w")]))
    assert len(found) == 3
    sizes = [np.linalg.norm(replay.grad_at(tape, tensor, p)) for p in found]
    over_last = Breakpoint(On.LEAF, "w", f"norm(grad) > {sizes[1] * 1.001}")
    assert _walk(tape, Search(tape, [over_last])) == found[2:]


def test_hits_can_be_skipped_and_breakpoints_switched_off(tape: Tape) -> None:
    every = _walk(tape, Search(tape, [Breakpoint(On.TYPE, "mul")]))
    assert _walk(tape, Search(tape, [Breakpoint(On.TYPE, "mul", skip=2)])) == every[2:]
    assert _walk(tape, Search(tape, [Breakpoint(On.TYPE, "mul", enabled=False)])) == []


def test_a_log_point_notes_and_does_not_stop(tape: Tape) -> None:
    point = Breakpoint(On.TYPE, "ReluBackward0", log="pass_")
    search = Search(tape, [point])
    assert search.next(0) is None
    assert [text for _, text in search.every(point)] == ["1", "2", "3"]


def test_a_wrong_condition_is_told_before_anything_is_searched(tape: Tape) -> None:
    with pytest.raises(ConditionError, match="'gard' is not known"):
        Search(tape, [Breakpoint(On.ANY, condition="gard > 1")])
    with pytest.raises(ConditionError, match="truths"):
        Search(tape, [Breakpoint(On.TYPE, "addmm", "value > 0")]).next(0)


def test_what_a_condition_can_ask_for(tape: Tape) -> None:
    op = _op(tape, "addmm", 1)
    at = Moments(tape).at(int(tape.ops["event"][op]), {"module", "shape", "dtype", "backward"})
    assert at == {"module": "model.2", "shape": (1, 1), "dtype": "float32", "backward": False}


def test_stepping_over_goes_round_modules_and_out_leaves_them(tape: Tape) -> None:
    stops = (replay.stops(tape) + 1).tolist()
    deep = next(p for p in stops if module_of(tape, p - 1))
    before = stops[stops.index(deep) - 1]
    after = over(tape, before)
    assert not module_of(tape, after - 1)
    assert all(module_of(tape, p - 1) for p in stops if deep <= p < after)
    scope = module_of(tape, deep - 1)
    left = over(tape, deep, out=True)
    assert module_of(tape, left - 1)[: len(scope)] != scope
    assert all(module_of(tape, p - 1)[: len(scope)] == scope for p in stops if deep <= p < left)
    assert over(tape, after, backwards=True) == before


def test_stepping_stays_within_the_tape(tape: Tape) -> None:
    end = len(tape.events)
    assert over(tape, end) == end
    assert over(tape, 0, backwards=True) == 0


def test_a_leaf_that_appears_is_within_the_module_that_takes_it(tape: Tape) -> None:
    for op in tape.ops:
        taken = tape.inputs["value"][op["in0"] : op["in0"] + op["n_in"]]
        for value in tape.values[taken[tape.values["op"][taken] < 0]]:
            if op["event"] - 4 < value["event"] < op["event"]:  # just before it
                assert module_of(tape, value["event"]) == module_of(tape, op["event"])


def test_modules_are_told_by_path(tape: Tape) -> None:
    paths: set[Any] = {module_path(tape, i) for i in range(len(tape.scopes))}
    assert {"", "model", "model.0", "model.1", "model.2"} <= paths


def test_the_line_of_a_step_is_that_of_its_operation_and_of_a_pass_that_of_its_call(
    tape: Tape,
) -> None:
    op = _op(tape, "sum", 1)
    step = int(np.flatnonzero(tape.steps["node"] == tape.ops["node"][op])[0])
    for event in (tape.ops["event"][op], tape.steps["event"][step]):
        assert replay.line_at(tape, int(event) + 1) == ("a", 5)
    assert replay.line_at(tape, 0) is None
    assert replay.line_at(tape, len(tape.events) + 1) is None
    begun = int(tape.passes["event"][0])
    assert replay.line_at(tape, begun + 1) == ("a", 6)
