"""Two tapes: what corresponds, the first difference, and every other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine as torch
from engine.tape import evaluate
from engine.tape.compare import compare
from engine.tape.compare.structure import twins
from engine.tape.compare.text import as_json, as_text
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


def record(program: Callable[[], object]) -> Tape:
    recorder = Recorder()
    with recorder:
        program()
    return recorder.tape()


def program(start: float = 1.0, *, extra: bool = False, scale: float = 2.0, passes: int = 1) -> Any:
    def run() -> None:
        w = torch.tensor([start, 2.0], requires_grad=True)
        x = torch.tensor([3.0, 4.0])
        y = w * x
        if extra:
            y = y.sin()
        y = y.exp() / scale
        for _ in range(passes):
            y.sum().backward(retain_graph=True)

    return run


def test_equal_runs_are_the_same() -> None:
    a, b = record(program()), record(program())
    found = compare(a, b)
    assert found.same
    assert found.ops.tolist() == [0, 1, 2, 3]
    assert as_json(found) == {"same": True, "first": None, "count": 0, "differences": []}
    assert as_text(found, a, b) == "the recordings are the same"


def test_another_leaf_differs_first_there_and_then_in_all_that_follows() -> None:
    a, b = record(program(1.0)), record(program(1.5))
    found = compare(a, b)
    first, *rest = found.differences
    assert (first.kind, first.event_a, first.size) == ("value", 0, 0.5)
    assert [one.kind for one in rest].count("value") == 4
    assert found.op_size[0] == 1.5
    assert (found.op_size > 0).all()
    div = next(n for n in range(len(a.nodes)) if a.text(int(a.nodes["name"][n])) == "DivBackward0")
    assert found.node_size[div] == 0, "what it sends does not depend on the leaf"
    gradient = next(one for one in rest if one.kind == "gradient")
    assert "ExpBackward0 in pass 1" in gradient.what
    assert any("to t0.grad" in one.what or "to w.grad" in one.what for one in rest)
    events = [one.event_a for one in found.differences]
    assert events == sorted(events)


def test_an_inserted_operation_leaves_the_others_in_their_places() -> None:
    a, b = record(program()), record(program(extra=True))
    found = compare(a, b)
    only = [one for one in found.differences if one.kind.startswith("only")]
    assert ("only in the second", "sin") in {(one.kind, one.what) for one in only}
    assert found.ops.tolist()[0] == 0
    assert found.ops.tolist()[-2:] == [3, 4]
    back = compare(b, a)
    assert math.isnan(back.op_size[1])


def test_other_arguments_are_told_and_the_operation_is_the_same() -> None:
    found = compare(record(program()), record(program(scale=3.0)))
    assert not [one for one in found.differences if one.kind.startswith("only")]
    (changed,) = [one for one in found.differences if one.kind == "arguments"]
    assert changed.what == "div: other 2.0 → 3.0"
    assert found.ops.tolist() == [0, 1, 2, 3]


def test_another_operation_in_a_place_leaves_those_behind_it_paired() -> None:
    def of(name: str) -> Any:
        def run() -> None:
            x = torch.ones(3, requires_grad=True)
            (getattr(x * 2, name)() * 3).sum().backward()

        return run

    found = compare(record(of("exp")), record(of("sin")))
    only = [one for one in found.differences if one.kind.startswith("only")]
    assert sorted(one.what for one in only) == ["exp", "sin"]
    assert found.ops.tolist() == [0, -1, 2, 3]


def test_a_pass_more_is_named() -> None:
    found = compare(record(program()), record(program(passes=2)))
    assert "pass 2 is only in the second tape" in {one.what for one in found.differences}


def test_other_shapes_are_a_difference() -> None:
    def of(size: int) -> Any:
        return lambda: torch.ones(size, requires_grad=True).exp().sum().backward()

    found = compare(record(of(2)), record(of(3)))
    assert found.differences[0].kind == "shape"
    assert "[2] and [3]" in found.differences[0].what


def test_nan_and_signed_zero_are_differences_only_against_other_bits() -> None:
    def of(value: float) -> Any:
        return lambda: torch.tensor([value], requires_grad=True) * 1.0

    nan, zero = float("nan"), 0.0
    assert compare(record(of(nan)), record(of(nan))).same
    assert math.isnan(compare(record(of(nan)), record(of(zero))).differences[0].size)
    assert not compare(record(of(zero)), record(of(-zero))).same


def test_the_second_playhead_follows_the_first() -> None:
    a, b = record(program()), record(program(extra=True))
    found = compare(a, b)
    for op, other in enumerate(found.ops.tolist()):
        if other >= 0:
            after = int(a.ops["event"][op]) + 1
            assert found.other_playhead(after) == int(b.ops["event"][other]) + 1
    places = [found.other_playhead(playhead) for playhead in range(len(a.events) + 1)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(b.events))


def test_what_was_run_again_differs_where_it_says() -> None:
    tape = record(program())
    again = evaluate(tape, {0: [0.5, 2.0]})
    found = compare(tape, again.tape)
    outs = tape.values["op"] >= 0
    differs = found.op_size[tape.values["op"][outs]] > 0
    assert differs.tolist() == again.values[outs].tolist()


def test_long_tapes_are_aligned_quickly() -> None:
    def long(at: int) -> Any:
        def run() -> None:
            y = torch.tensor(1.0, requires_grad=True)
            for i in range(3000):
                y = y * 1.0 if i % 3 else y + 1.0
                if i == at:
                    y = y.tanh()

        return run

    found = compare(record(long(1000)), record(long(2000)))
    only = [one.kind for one in found.differences if one.kind.startswith("only")]
    assert len(only) < 20
    assert np.count_nonzero(found.ops >= 0) > 2990


@pytest.mark.parametrize("many", [1, 60])
def test_the_text_lists_the_first_ones(many: int) -> None:
    def of(start: float) -> Any:
        def run() -> None:
            y = torch.tensor(start, requires_grad=True)
            for _ in range(many):
                y = y * 1.5

        return run

    a, b = record(of(1.0)), record(of(2.0))
    text = as_text(compare(a, b), a, b)
    assert text.startswith(f"{many + 1} differences; first:")
    assert ("more (--json lists all)" in text) == (many == 60)


def happening(words: list[str], *, zero: bool, fails: bool = False, none: bool = True) -> Tape:
    recorder = Recorder()
    with recorder:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        for text in words:
            (w * 2).sum().backward()
            recorder.printed(text)
            if zero:
                w.grad = None if none else torch.zeros(2)
        if fails:
            recorder.error(ValueError("too\nbad"))
    return recorder.tape()


def test_prints_errors_and_changes_of_grads_are_compared_too() -> None:
    a = happening(["one", "two", "three"], zero=True)
    b = happening(["one", "other", "three", "four"], zero=False, fails=True)
    found = [(one.kind, one.what) for one in compare(a, b).differences]
    assert ("print", "prints 'two' / prints 'other'") in found
    assert ("print", "prints 'four', only in the second") in found
    assert ("error", "raises 'ValueError: too bad', only in the second") in found
    assert (".grad", "w.grad = None after pass 1, only in the first") in found
    assert sum(kind == ".grad" for kind, _ in found) == 3
    back = [(one.kind, one.what) for one in compare(b, a).differences]
    assert ("print", "prints 'other' / prints 'two'") in back
    assert compare(a, happening(["one", "two", "three"], zero=True)).same


def test_an_assigned_and_a_cleared_gradient_are_told_apart() -> None:
    a = happening(["x"], zero=True)
    b = happening(["x"], zero=True, none=False)
    (one,) = [d for d in compare(a, b).differences if d.kind == ".grad"]
    assert one.what == "w.grad = None after pass 1 / w.grad is assigned after pass 1"
    assert min(one.event_a, one.event_b) >= 0


def test_what_is_only_in_the_second_has_its_place_in_the_first() -> None:
    a, b = record(program()), record(program(extra=True))
    found = compare(a, b)
    sin = next(one for one in found.differences if one.what == "sin")
    assert found.own_playhead(sin.event_b) == int(a.ops["event"][0]) + 1, "after the product"


@given(
    a=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12),
    b=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12),
)
def test_rows_of_equal_pairs_are_twins_in_their_order(
    a: list[tuple[int, int]], b: list[tuple[int, int]]
) -> None:
    wanted = []
    for at, pair in enumerate(a):
        places = [place for place, other in enumerate(b) if other == pair]
        nth = a[:at].count(pair)
        wanted.append(places[nth] if nth < len(places) else -1)
    columns = [tuple(np.array(rows, np.int32).reshape(-1, 2).T) for rows in (a, b)]
    assert twins(*columns).tolist() == wanted
