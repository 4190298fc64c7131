"""Conditions in the search bar and as a filter of the canvas, and marks of wrong gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.checking import steps_of
from engine.tape.diagnose import numeric
from tests.app import drive
from tests.app.test_finding import PROGRAM as SEARCHED
from tests.app.test_finding import search, title
from tests.ui.graph.hands import count
from tests.ui.graph.hands import picture as drawn
from ui import theme
from ui.graph.offences import words
from ui.graph.types import Kind, NodeId

PROGRAM = SEARCHED


def ask(qtbot: QtBot, controller: Controller, query: str) -> str:
    """Type a condition and return the count that is shown when it has been computed."""
    search(qtbot, controller, query)
    qtbot.waitUntil(lambda: not controller.finding.filtering.busy, timeout=drive.RUN)
    return controller.window.graph.finder.count.text()


def lit(controller: Controller) -> set[NodeId]:
    picture = controller.graph.picture
    assert picture is not None
    return {picture.layout.ids[at] for at in controller.window.graph.matches.nodes.tolist()}


def test_a_condition_finds_nodes_and_goes_to_the_first(qtbot: QtBot, opened: Controller) -> None:
    opened.window.actions_by_id["find"].trigger()
    assert ask(qtbot, opened, 'op == "relu" and not backward') == "1 of 6"
    assert title(opened) == "relu"
    assert {node.kind for node in lit(opened)} == {Kind.OP}
    assert ask(qtbot, opened, "norm(grad) > 1e6") == "No match"
    assert ask(qtbot, opened, "op:mul") == "1 of 7"


def test_a_condition_that_is_wrong_says_so_in_the_bar(qtbot: QtBot, opened: Controller) -> None:
    opened.window.actions_by_id["find"].trigger()
    bar = opened.window.graph.finder
    ask(qtbot, opened, "nrm(grad) > 1")
    assert "nrm() is not known" in bar.count.toolTip()
    ask(qtbot, opened, "value > 0")
    assert "add .any() or .all()" in bar.count.toolTip()
    assert not len(opened.window.graph.matches.nodes)
    assert ask(qtbot, opened, "op:mul") == "1 of 7"
    assert bar.count.toolTip() == ""


def test_a_filter_stays_when_the_bar_goes_and_the_chip_takes_it_off(
    qtbot: QtBot, opened: Controller
) -> None:
    pane = opened.window.graph
    opened.window.actions_by_id["filter"].trigger()
    ask(qtbot, opened, 'op == "relu" and not backward')
    found = lit(opened)
    qtbot.keyClick(pane.finder.field, Qt.Key.Key_Escape)
    assert not pane.finder.isVisible() and pane.filter_chip.isVisible()
    assert lit(opened) == found
    assert pane.filter_chip.count.text() == f"6 of {len(opened.graph.picture.graph)}"
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):  # another picture of the graph
        opened.window.actions_by_id["left_to_right"].trigger()
    qtbot.waitUntil(lambda: lit(opened) == found, timeout=drive.RUN)
    qtbot.mouseClick(pane.filter_chip.query, Qt.MouseButton.LeftButton)
    assert pane.finder.isVisible() and not pane.filter_chip.isVisible()
    qtbot.mouseClick(pane.finder.buttons["close"], Qt.MouseButton.LeftButton)
    dimmed = drawn(pane.canvas)
    qtbot.mouseClick(pane.filter_chip.clear, Qt.MouseButton.LeftButton)
    assert not pane.filter_chip.isVisible() and not lit(opened)
    assert drawn(pane.canvas) != dimmed
    opened.window.actions_by_id["find"].trigger()
    assert not pane.finder.keep.isChecked()


def check_all(qtbot: QtBot, controller: Controller, name: str = "check_all") -> None:
    with qtbot.waitSignal(controller.checking.worker.done, timeout=drive.RUN):
        controller.window.actions_by_id[name].trigger()


def test_right_gradients_leave_no_marks(qtbot: QtBot, opened: Controller) -> None:
    check_all(qtbot, opened)
    assert opened.window.notice.text().endswith("all are right.")
    assert not len(opened.window.graph.offences.nodes)
    assert opened.window.busy.words() == ""


def test_wrong_gradients_are_marked_listed_and_gone_to(
    qtbot: QtBot, opened: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = opened.graph.picture
    muls = [n for n, d in picture.graph.nodes(data=True) if d["title"] == "MulBackward0"]
    wrong = sorted(muls)[2]
    measured = numeric.check

    def off(*given: Any, **named: Any) -> Iterator[numeric.Check]:
        for one in measured(*given, **named):
            yield replace(one, error=0.5) if one.node == wrong.ref else one

    monkeypatch.setattr(numeric, "check", off)
    check_all(qtbot, opened)
    marks = opened.window.graph.offences
    assert dict(marks.errors) == {wrong: 0.5}
    assert opened.session.selection == wrong
    assert "1 sends a wrong gradient" in opened.window.notice.text()
    first = opened.window.problems.list.model().index(0, 0)
    assert "sends a wrong gradient (off by 50.0%)" in first.data()
    error = theme.load("dark").error
    canvas = opened.window.graph.canvas
    canvas.center_on(wrong)
    assert count(image(opened), error) > 100
    opened.session.set_tape(None)
    assert not marks.errors


def image(controller: Controller) -> QImage:
    return drawn(controller.window.graph.canvas)


def test_only_the_selection_is_checked(qtbot: QtBot, opened: Controller) -> None:
    opened.session.select(None)
    opened.window.actions_by_id["check_selection"].trigger()
    assert opened.window.notice.text().startswith("Select a node first")
    picture = opened.graph.picture
    relu = next(n for n, d in picture.graph.nodes(data=True) if d["title"] == "relu")
    opened.session.select(relu)
    check_all(qtbot, opened, "check_selection")
    assert opened.window.notice.text() == "1 backward node measured: it is right."


def test_steps_are_those_of_the_nodes(opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    ids = list(opened.graph.picture.graph)
    ops = [node for node in ids if node.kind == Kind.OP]
    backward = [node for node in ids if node.kind == Kind.GRAD_FN]
    assert steps_of(tape, ops) == steps_of(tape, backward) == steps_of(tape, ids)
    assert len(steps_of(tape, ids)) == len(backward)
    assert steps_of(tape, [node for node in ids if node.kind == Kind.LEAF]) == []


def test_outcomes_are_told_in_words() -> None:
    right = numeric.Check(0, 1, 0, 1e-8, 1.0, 1.0)
    unknown = numeric.Check(1, 2, 0, np.nan, 0.0, 0.0, "it draws random numbers")
    assert numeric.sentence([right]) == "1 backward node measured: it is right."
    assert numeric.sentence([right, unknown]).endswith(
        "it is right. 1 could not be measured (it draws random numbers)."
    )
    assert (words(0.126), words(25.0)) == ("off 13%", "off 25×")
