"""Help while typing, with answers given by the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.notebook.assist import Assist
from ui.notebook.popups import Completion
from ui.notebook.state import CellState

if TYPE_CHECKING:
    from conftest import Owner

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
WORDS = [Completion(".matmul", "function"), Completion(".matrix_exp"), Completion(".max")]
DOCS = "Signature: f(first, second=2)\nDocstring: Does it.\nType: function"


class Asked:
    """What the assistant asked for."""

    def __init__(self, assist: Assist) -> None:
        self.completions: list[tuple[str, int]] = []
        self.names: list[str] = []
        assist.completion_requested.connect(lambda *ask: self.completions.append(ask))
        assist.docs_requested.connect(self.names.append)


@pytest.fixture
def asked(owner: Owner) -> Asked:
    owner.show(CellState("a"), CellState("b"))
    return Asked(owner.view.assist)


def test_a_dot_offers_and_typing_narrows(qtbot: QtBot, owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    owner.type("torch.")
    qtbot.waitUntil(lambda: asked.completions == [("torch.", 6)])
    assist.show_completions(5, WORDS)
    assert [item.text for item in assist.list.offered] == [".matmul", ".matrix_exp", ".max"]
    owner.type("mat")
    qtbot.waitUntil(lambda: len(assist.list.offered) == 2)
    owner.press(Key.Key_Down)
    owner.press(Key.Key_Return)
    assert editor.toPlainText() == "torch.matrix_exp"
    assert not assist.list.isVisible()
    owner.press(Key.Key_Return)
    assert editor.toPlainText() == "torch.matrix_exp\n"
    editor.undo()
    editor.undo()
    assert editor.toPlainText() == "torch.mat"


@pytest.mark.parametrize("text", ["1.", "'a.", "# a."])
def test_a_dot_that_follows_no_name_asks_nothing(
    qtbot: QtBot, owner: Owner, asked: Asked, text: str
) -> None:
    owner.editor("a")
    owner.type(text)
    owner.press(Key.Key_Space, CTRL)  # asked after the timer of the dot
    QApplication.processEvents()
    assert len(asked.completions) == 1
    assert asked.completions[0][1] == len(text)


def test_tab_completes_behind_a_word_and_indents_elsewhere(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    owner.press(Key.Key_Tab)
    assert editor.toPlainText() == "    "
    owner.type("im")
    owner.press(Key.Key_Tab)
    assert asked.completions == [("    im", 6)]
    assist.show_completions(4, [Completion("import")])
    assert editor.toPlainText() == "    import"  # the only way to go on


def test_letters_are_counted_as_python_counts(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    editor.insertPlainText("'\U0001f600'; ab")
    owner.press(Key.Key_Space, CTRL)
    assert asked.completions == [("'\U0001f600'; ab", 7)]
    assist.show_completions(5, [Completion("abs")])
    assert editor.toPlainText() == "'\U0001f600'; abs"


def test_escape_closes_the_list_and_then_leaves_the_cell(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    editor.insertPlainText("m")
    owner.press(Key.Key_Tab)
    assist.show_completions(0, [Completion("max"), Completion("min")])
    assert assist.list.isVisible()
    owner.press(Key.Key_Escape)
    assert not assist.list.isVisible()
    assert editor.hasFocus()
    owner.press(Key.Key_Escape)
    assert not editor.hasFocus()


def test_an_answer_that_comes_too_late_is_dropped(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    editor.insertPlainText("m")
    owner.press(Key.Key_Tab)
    owner.editor("b")
    assist.show_completions(0, [Completion("max"), Completion("min")])
    assert not assist.list.isVisible()
    assert editor.toPlainText() == "m"


def test_a_call_shows_its_signature_and_the_argument(
    qtbot: QtBot, owner: Owner, asked: Asked
) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    owner.type("f(")
    qtbot.waitUntil(lambda: asked.names == ["f"])
    assist.show_docs(DOCS)
    assert assist.card.words.text() == "f(first, second=2)\nDoes it."
    bold = assist.card.words.spans(0)
    owner.type("1, ")
    qtbot.waitUntil(lambda: assist.card.words.spans(0) != bold)
    assert asked.names == ["f"]  # known already
    owner.type("2)")
    assert editor.toPlainText() == "f(1, 2)"
    assert not assist.card.isVisible()


def test_shift_tab_tells_what_a_name_is_and_dedents_elsewhere(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    editor.insertPlainText("    torch.matmul")
    owner.press(Key.Key_Backtab, SHIFT)
    assert asked.names == ["torch.matmul"]
    assist.show_docs(DOCS)
    assert "Does it." in assist.card.words.text()
    owner.press(Key.Key_Escape)
    assert not assist.card.isVisible()
    assert editor.hasFocus()
    owner.press(Key.Key_Backtab, SHIFT)
    assist.show_docs("")
    assert "torch.matmul is not known" in assist.card.words.text()
    owner.press(Key.Key_Home)
    owner.press(Key.Key_Backtab, SHIFT)
    assert editor.toPlainText() == "torch.matmul"


def test_resting_on_a_name_tells_what_it_is(owner: Owner, asked: Asked) -> None:
    editor, assist = owner.editor("a"), owner.view.assist
    editor.insertPlainText("value + 1")

    def rest(x: int) -> None:
        at = QPoint(x, round(editor.row_height() / 2))
        glob = editor.viewport().mapToGlobal(at)
        QApplication.sendEvent(editor.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, glob))

    rest(20)
    assert asked.names == ["value"]
    assist.show_docs("Type: int\nString form: 3")
    assert assist.card.isVisible()
    owner.press(Key.Key_Left)
    assert not assist.card.isVisible()
    rest(400)
    assert asked.names == ["value"]


def test_why_there_is_no_help_is_said_only_to_who_asked(
    qtbot: QtBot, owner: Owner, asked: Asked
) -> None:
    owner.editor("a")
    assist = owner.view.assist
    assist.completion_requested.connect(lambda *_: assist.say("The kernel is busy"))
    owner.type("x.")
    qtbot.waitUntil(lambda: len(asked.completions) == 1)
    assert not assist.card.isVisible()
    owner.press(Key.Key_Tab)
    assert assist.card.words.text() == "The kernel is busy"
    assert assist.card.isVisible()
