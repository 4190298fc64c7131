"""The list of breakpoints and the form: what they show, and what they say was wished."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox

from engine.tape.breakpoints import Breakpoint, On
from ui.breakpoints.form import BreakpointForm
from ui.breakpoints.panel import BreakpointsPanel, Place, words
from ui.theme import load

POINTS = (
    Breakpoint(On.TYPE, "mul"),
    Breakpoint(On.LEAF, "w", "norm(grad) > 1e3", skip=2),
    Breakpoint(On.LINE, ("a", 3), log="norm(grad)", enabled=False),
)
WHERE = ("every mul", "w.grad", "cell 1, line 3")


@pytest.fixture
def panel(qtbot):
    made = BreakpointsPanel(load("dark"))
    qtbot.addWidget(made)
    made.resize(420, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_an_empty_list_says_how_to_begin(panel):
    assert "F9" in panel.sentence.text()
    assert not panel.edit.isEnabled()
    panel.set_breakpoints(POINTS, WHERE)
    assert not panel.sentence.isVisible()


def test_rows_say_where_and_when(panel):
    panel.set_breakpoints(POINTS, WHERE)
    rows = [panel.list.topLevelItem(i) for i in range(3)]
    assert [row.text(0) for row in rows] == list(WHERE)
    assert [row.text(1) for row in rows] == [
        "always", "norm(grad) > 1e3, after 2 hits", "always, notes norm(grad)",
    ]  # fmt: skip
    assert [row.checkState(0) == Qt.CheckState.Checked for row in rows] == [True, True, False]


def test_a_box_that_is_unticked_is_told(panel, qtbot):
    panel.set_breakpoints(POINTS, WHERE)
    with qtbot.waitSignal(panel.toggled) as caught:
        panel.list.topLevelItem(1).setCheckState(0, Qt.CheckState.Unchecked)
    assert caught.args == [1, False]


def test_delete_and_the_buttons_speak_of_the_chosen_row(panel, qtbot):
    panel.set_breakpoints(POINTS, WHERE)
    panel.list.setFocus()
    panel.list.setCurrentItem(panel.list.topLevelItem(2))
    with qtbot.waitSignal(panel.removed) as caught:
        qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert caught.args == [2]
    with qtbot.waitSignal(panel.edit_requested) as caught:
        qtbot.mouseClick(panel.edit, Qt.MouseButton.LeftButton)
    assert caught.args == [2]


def test_the_chosen_row_stays_chosen(panel):
    panel.set_breakpoints(POINTS, WHERE)
    panel.list.setCurrentItem(panel.list.topLevelItem(1))
    panel.set_breakpoints(POINTS[:2], WHERE[:2])
    assert panel.row() == 1
    panel.set_breakpoints(POINTS[:1], WHERE[:1])
    assert panel.row() == 0


def test_a_hit_that_is_clicked_is_gone_to(panel, qtbot):
    panel.set_breakpoints(POINTS, WHERE)
    panel.set_hits([Place(7, "mul · cell 1, line 2", ""), Place(19, "mul", "3.5")], "Hit 2 times")
    assert panel.hits_title.text() == "Hit 2 times"
    item = panel.hits.topLevelItem(1)
    assert item.text(1) == "3.5"
    qtbot.waitUntil(lambda: panel.hits.viewport().rect().contains(panel.hits.visualItemRect(item)))
    with qtbot.waitSignal(panel.go_to) as caught:
        place = panel.hits.visualItemRect(item).center()
        qtbot.mouseClick(panel.hits.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [19]


def test_words_of_a_breakpoint():
    assert words(Breakpoint(On.ANY, condition="pass_ == 2", skip=1)) == "pass_ == 2, after 1 hit"


@pytest.fixture
def form(qtbot):
    ways = [("every mul", Breakpoint(On.TYPE, "mul")), ("any step", Breakpoint(On.ANY))]
    made = BreakpointForm(ways, load("dark"))
    qtbot.addWidget(made)
    return made


def _ok(form):
    return form.buttons.button(QDialogButtonBox.StandardButton.Ok)


def test_what_is_typed_is_read_at_once(form):
    assert form.focusWidget() is form.condition
    assert _ok(form).isEnabled()
    form.condition.setText("norm(gard) > 1")
    assert not _ok(form).isEnabled()
    assert "'gard' is not known" in form.message.text()
    form.condition.setText("norm(grad) > 1")
    assert _ok(form).isEnabled()
    assert form.message.text() == ""
    form.log.setText("norm(")
    assert not _ok(form).isEnabled()


def test_another_place_can_be_chosen_for_the_condition(form, qtbot):
    form.condition.setText("pass_ == 2")
    form.where.setCurrentText("any step")
    with qtbot.waitSignal(form.given) as caught:
        _ok(form).click()
    assert caught.args[0] == Breakpoint(On.ANY, condition="pass_ == 2")


def test_the_form_gives_the_changed_breakpoint(form, qtbot):
    form.condition.setText(" pass_ == 2 ")
    form.skip.setValue(3)
    with qtbot.waitSignal(form.given) as caught:
        _ok(form).click()
    assert caught.args[0] == Breakpoint(On.TYPE, "mul", "pass_ == 2", skip=3)
