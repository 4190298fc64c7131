"""Lessons: steps of a notebook's text, each at its place on the tape."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import resources
from app.controller import Controller
from app.documents import Cell, load
from app.examples import examples
from app.lessons import LessonError, Step, playhead, steps, value_called
from engine.tape.tape import Tape
from tests.app import drive

PROGRAM = """\
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * 3).sum()
y.backward()
y = (x * 3).sum()
y.backward()
"""
MARKED = """\
Before.

[step]: # "pass 1 step 1; show x"
The first node.

[step]: # "pass 1 end"
All of it.
"""


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape.open(drive.write_tape(tmp_path / "a.tape", PROGRAM))


def test_text_cells_are_steps_and_marks_begin_more(tape: Tape) -> None:
    cells = [
        Cell("t", "markdown", "Hello."), Cell("a", "code", PROGRAM), Cell("u", "markdown", MARKED),
    ]  # fmt: skip
    assert steps(cells) == [
        Step("Hello."),
        Step("Before.", code="a"),
        Step("The first node.", "pass 1 step 1", "x", "a"),
        Step("All of it.", "pass 1 end", "", "a"),
    ]


def test_each_place_is_where_its_words_say(tape: Tape) -> None:
    def at(place: str) -> int:
        found = playhead(Step("", place), tape)
        assert found is not None
        return found

    assert at("start") == 0
    assert at("end") == at("cell 1") == len(tape.events)
    assert playhead(Step("", code="cell-1"), tape) == len(tape.events)
    assert playhead(Step(""), tape) == 0
    begin = int(tape.passes["event"][1])
    assert at("pass 2") == begin + 1
    assert at("pass 1 step 1") < at("pass 1 step 2") < at("pass 1 end") <= begin
    x = value_called("x", tape)
    assert x is not None
    assert value_called("no such", tape) is None


@pytest.mark.parametrize("place", ["pass 9", "pass 1 step 99", "cell 7"])
def test_a_place_that_the_tape_does_not_have_is_none(tape: Tape, place: str) -> None:
    assert playhead(Step("", place), tape) is None


def test_unknown_words_are_named() -> None:
    with pytest.raises(LessonError, match="“the middle”"):
        steps([Cell("t", "markdown", '[step]: # "the middle"\nText.')])


def test_every_example_is_a_lesson_and_the_page_shows_what_is_read() -> None:
    for example in examples():
        assert len(steps(load(example.path).cells)) > 2, example.title
    page = resources.path("docs", "lessons.md").read_text("utf-8")
    sample = page.partition("```\n")[2].partition("```")[0]
    assert [step.place for step in steps([Cell("t", "markdown", sample)])] == [
        "", "pass 1 step 1", "pass 1 end",
    ]  # fmt: skip


def test_a_lesson_moves_the_playhead_and_selects(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "a.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    session, actions = controller.session, controller.window.actions_by_id
    session.insert_cell(1, Cell("u", "markdown", MARKED))
    actions["lesson"].trigger()
    panel = controller.window.lesson
    assert panel.isVisible()
    assert "Before." in panel.text.toPlainText()
    assert panel.text.height() == panel.text.height_for(panel.text.width())  # nothing is cut off
    assert not panel.back.isEnabled()
    panel.next.click()
    assert panel.text.toPlainText().strip() == "The first node."
    assert session.playhead == int(session.tape.steps["event"][0]) + 1
    assert session.selection == drive.leaf(controller, "x")
    assert panel.count.text() == "Step 2 of 3"
    panel.next.click()
    assert not panel.next.isEnabled()
    session.set_tape(None)
    panel.back.click()
    assert "Run the notebook" in panel.remark.text()
