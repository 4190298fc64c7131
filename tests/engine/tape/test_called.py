"""A variable's name stands for its parts; a name that nothing has is answered with near ones."""

from __future__ import annotations

import pytest

import engine as torch
from engine.tape.breakpoints import Breakpoint, On, Search
from engine.tape.called import near, unknown
from engine.tape.conditions import Condition
from engine.tape.moments import KNOWN
from engine.tape.names import Name
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape

PROGRAM = """\
def both(x):
    return x * 2, x + 1
w = torch.ones(2, requires_grad=True)
hidden = both(w)
deep = [w * 3, (w * 4, w * 5)]
hiding = hidden[0] * deep[1][0]
hiding.sum().backward()
"""


@pytest.fixture(scope="module")
def tape() -> Tape:
    recorder, names = Recorder(), {"torch": torch}
    with recorder:
        recorder.begin_cell("a", PROGRAM, 1)
        exec(compile(PROGRAM, "<cell a>", "exec"), names)
        recorder.end_cell(names)
    return recorder.tape()


def test_a_name_equals_that_of_what_it_is_a_part_of() -> None:
    part = Name("hidden[0][1]")
    assert part == "hidden" and part == "hidden[0]" and part in ("a", "hidden")
    assert part != "hid" and part != "hidden[1]" and part != 3
    assert Name("hidden") != "hidden[0]"


@pytest.mark.parametrize(
    ("condition", "hits"),
    [
        ('name == "hidden" and not backward', 2), ('name == "hidden[1]" and not backward', 1),
        ('name == "deep" and not backward', 3), ('name == "deep[1]" and not backward', 2),
        ('name in ("deep", "hidden") and not backward', 5), ('name == "hid"', 0),
    ],
)  # fmt: skip
def test_a_condition_on_a_variable_stops_at_all_of_its_parts(
    tape: Tape, condition: str, hits: int
) -> None:
    point = Breakpoint(On.ANY, condition=condition)
    assert len(list(Search(tape, [point]).every(point))) == hits


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (Breakpoint(On.ANY, condition='name == "hiden"'), "no tensor is called 'hiden'; there are hidden, hiding"),
        (Breakpoint(On.ANY, condition='norm(grad) > 9 and "Hiding" == name'), "'Hiding'; there are hiding"),
        (Breakpoint(On.ANY, condition='op in ("mul", "ad")'), "no operation is called 'ad'; there is add"),
        (Breakpoint(On.ANY, condition='grad_fn == "Mul"'), "no node is called 'Mul'; there are MulBackward0"),
        (Breakpoint(On.LEAF, "W"), "no tensor is called 'W'; there is w"),
        (Breakpoint(On.ANY, condition='name == "qqq"'), "no tensor is called 'qqq'"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_has_is_answered_with_near_ones(
    tape: Tape, point: Breakpoint, told: str
) -> None:
    assert told in unknown(tape, point)


@pytest.mark.parametrize(
    "condition",
    ['name == "hidden"', 'name != "qqq"', "norm(grad) > 9", 'op == "mul"', "", 'name == ""'],
)
def test_of_what_is_there_nothing_is_said(tape: Tape, condition: str) -> None:
    assert unknown(tape, Breakpoint(On.ANY, condition=condition)) == ""


def test_before_anything_has_run_nothing_is_said() -> None:
    with Recorder() as recorder:
        pass
    assert unknown(recorder.tape(), Breakpoint(On.ANY, condition='name == "w"')) == ""


def test_near_names_are_few_and_each_once() -> None:
    found = near("w", {f"w{k}" for k in range(9)} | {"w"})
    assert found[0] == "w" and len(set(found)) == 3


def test_the_texts_that_a_name_has_to_equal_are_read_from_a_condition() -> None:
    text = 'name == "a" or op == "b" and "c" == name or name in ("d", "e") or name != "f"'
    assert sorted(Condition(text, KNOWN).equals("name")) == ["a", "c", "d", "e"]
