"""The list of problems: its rows, the explanation of the chosen one, and its links."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.tape.diagnose.finding import Edit, Finding, Link, Severity
from engine.tape.tape import Source
from ui.problems.finding_view import ChainRow
from ui.problems.panel import ProblemsPanel
from ui.theme import load

LONG = "the derivative of sqrt is infinite here, and it receives a gradient that is exactly zero"


def _finding(
    title: str, severity: Severity = Severity.ERROR, remedy: str = "Change it."
) -> Finding:
    chain = (Link(LONG, event=4, op=1, code="y = x.sqrt()"), Link("and so on", event=7))
    return Finding("masked-nan", title, "Because.", remedy, chain, severity)


@pytest.fixture
def panel(qtbot):
    made = ProblemsPanel(load("dark"))
    qtbot.addWidget(made)
    made.resize(380, 700)
    with qtbot.waitExposed(made):
        made.show()
    return made


def place(link: Link) -> str:
    return f"cell 2, line {link.event}"


def _texts(panel: ProblemsPanel) -> list[str]:
    return [label.text() for label in panel.view.findChildren(QLabel) if label.isVisible()]


def test_the_first_finding_is_explained(panel):
    panel.set_findings(None, [_finding("one"), _finding("two")], place)
    assert panel.list.currentIndex().row() == 0
    assert {"One", "Because.", "Change it."} <= set(_texts(panel))
    assert [row.text() for row in panel.view.rows] == [LONG, "and so on"]


def test_another_row_is_explained_when_it_is_chosen_by_key(panel, qtbot):
    panel.set_findings(None, [_finding("one"), _finding("two", remedy="")], place)
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert "Two" in _texts(panel)
    assert "WHAT TO DO" not in _texts(panel)  # nothing to do, no empty box


def test_a_link_that_is_clicked_is_followed(panel, qtbot):
    panel.set_findings(None, [_finding("one")], place)
    with qtbot.waitSignal(panel.followed) as caught:
        qtbot.mouseClick(panel.view.rows[1], Qt.MouseButton.LeftButton)
    assert caught.args[0].event == 7


def test_enter_goes_to_where_it_happened(panel, qtbot):
    panel.set_findings(None, [_finding("one")], place)
    with qtbot.waitSignal(panel.followed) as caught:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert caught.args[0].event == 4


def test_an_answer_comes_first_and_is_not_told_twice(panel):
    panel.set_findings(None, [_finding("one"), _finding("two")], place)
    panel.set_findings(_finding("two"), [_finding("one"), _finding("two")], place)
    model = panel.model
    assert [model.index(row).data() for row in range(model.rowCount())] == ["two", "one"]
    assert model.detail(0) == "cell 2, line 4 · Why?"
    assert model.detail(1) == "cell 2, line 4 · 0 times infinity behind a mask"
    assert panel.list.currentIndex().row() == 0


def test_what_was_chosen_stays_chosen_when_more_is_found(panel):
    one, two = _finding("one"), _finding("two")
    panel.set_findings(None, [one, two], place)
    panel.list.setCurrentIndex(panel.model.index(1))
    panel.set_findings(None, [_finding("zero"), one, two], place)
    assert panel.list.currentIndex().row() == 2


def test_words_of_the_proof_wrap_instead_of_being_cut(panel):
    panel.set_findings(None, [_finding("one")], place)
    long, short = panel.view.rows
    assert long.heightForWidth(200) > long.heightForWidth(1000) == short.heightForWidth(1000)
    assert short.heightForWidth(1000) > 20  # two lines: the words, and where


def test_code_of_the_proof_has_lines_of_its_own_where_it_is_long(qtbot):
    code = "loss = torch.nn.functional.cross_entropy(model(inputs), targets, reduction='none')"
    rows = [
        ChainRow(Link("made here", 0, code=text), "script a_long_name.py, line 4", load("dark"))
        for text in ("a + b", code, code * 20)
    ]
    for row in rows:
        qtbot.addWidget(row)
    short, long, endless = (row.heightForWidth(330) for row in rows)
    assert short < long < endless < 2 * long
    assert rows[1].heightForWidth(1500) == rows[0].heightForWidth(1500)


def test_every_row_has_a_name_for_screen_readers(panel):
    panel.set_findings(None, [_finding("one", Severity.WARNING)], place)
    told = panel.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told.startswith("warning, one")
    assert panel.view.rows[0].accessibleName() == f"{LONG}, cell 2, line 4, y = x.sqrt()"


def test_nothing_found_leaves_no_empty_boxes(panel):
    panel.set_findings(None, [_finding("one")], place)
    panel.set_findings(None, [], place)
    panel.say("Nothing looks wrong.")
    assert not panel.view.isVisible()
    assert panel.sentence.text() == "Nothing looks wrong."


def test_a_large_recording_is_looked_through_on_request(panel, qtbot):
    panel.say("This recording is large.", may_look=True)
    with qtbot.waitSignal(panel.look_requested):
        qtbot.mouseClick(panel.look, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_severities_are_told_apart_in_both_themes(panel, name):
    panel.set_theme(load(name))
    theme = load(name)
    assert len({theme.error, theme.warning, theme.focus}) == 3
    panel.set_findings(None, [_finding("one", severity) for severity in Severity], place)
    assert not panel.grab().isNull()


def test_a_line_to_change_is_shown_beside_how_it_reads_now_and_can_be_copied(
    panel: ProblemsPanel, qtbot: QtBot
) -> None:
    edits = (
        Edit("line", Source("a.py", 3, "key", ""), "h = h.detach()", "h = h"),
        Edit("before", Source("a.py", 4, "key", ""), "opt.zero_grad()", "opt.step()"),
        Edit("leave out", Source("a.py", 5, "key", ""), "x += 1", "x += 1"),
    )
    panel.set_findings(None, [replace(_finding("one"), edits=edits), _finding("two")], _line)
    views = panel.view.edits.views
    assert [view.place.text() for view in views] == [
        "Line 3 should read", "Before line 4", "Leave out line 5",
    ]  # fmt: skip
    assert [view.lines for view in views] == [
        [("-", "h = h"), ("+", "h = h.detach()")],
        [("+", "opt.zero_grad()"), (" ", "opt.step()")],
        [("-", "x += 1")],
    ]
    selectable = Qt.TextInteractionFlag.TextSelectableByMouse
    assert all(one.textInteractionFlags() & selectable for view in views for one in view.labels)
    qtbot.mouseClick(views[1].copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "opt.zero_grad()"
    assert [view.copy.isVisibleTo(view) for view in views] == [True, True, False]
    panel.list.setCurrentIndex(panel.model.index(1))
    assert panel.view.edits.views == []


def _line(link: Link) -> str:
    return f"line {link.source.line}" if link.source else ""
