"""Typing code into a cell."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui.notebook.editor import CodeEditor
from ui.notebook.state import CellState
from ui.theme import load

if TYPE_CHECKING:
    from conftest import Owner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the display without a screen

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def editor(owner: Owner) -> CodeEditor:
    """An empty code cell that has the keyboard."""
    owner.show(CellState("a"))
    return owner.editor("a")


def put(editor: CodeEditor, text: str) -> None:
    """Set the text; | is the cursor, a second | the other end of a selection."""
    editor.setPlainText(text.replace("|", ""))
    first, *rest = [at for at, letter in enumerate(text) if letter == "|"]
    cursor = editor.textCursor()
    cursor.setPosition(first)
    if rest:
        cursor.setPosition(rest[0] - 1, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)


def state(editor: CodeEditor) -> str:
    """Return the text with | at the cursor."""
    at = editor.textCursor().position()
    return editor.toPlainText()[:at] + "|" + editor.toPlainText()[at:]


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("|", "f(x", "f(x|)"),
        ("|", "f(x)", "f(x)|"),
        ("|", "a = [1, {2: (3", "a = [1, {2: (3|)}]"),
        ("|", "'it", "'it|'"),
        ("|", "f'{x", "f'{x|}'"),
        ("it|", "'s", "it's|"),
        ("# it|", "'", "# it'|"),
        ("|word", "(", "(|word"),
        ("|word|", "(", "(word|)"),
        ("|word|", '"', '"word|"'),
        ('""|', '"', '"""|"""'),
    ],
)
def test_pairs_close_themselves(
    owner: Owner, editor: CodeEditor, before: str, keys: str, after: str
) -> None:
    put(editor, before)
    owner.type(keys)
    assert state(editor) == after


@pytest.mark.parametrize(
    ("before", "key", "modifier", "after"),
    [
        ("if x:|", Qt.Key.Key_Return, None, "if x:\n    |"),
        ("if x:  # why|", Qt.Key.Key_Return, None, "if x:  # why\n    |"),
        ("# note:|", Qt.Key.Key_Return, None, "# note:\n|"),
        ("    y = 1|", Qt.Key.Key_Return, None, "    y = 1\n    |"),
        ("    return y|", Qt.Key.Key_Return, None, "    return y\n|"),
        ("f(|)", Qt.Key.Key_Return, None, "f(\n    |\n)"),
        ("x = [|1]", Qt.Key.Key_Return, None, "x = [\n    |1]"),
        ("x |", Qt.Key.Key_Tab, None, "x   |"),
        ("|", Qt.Key.Key_Tab, None, "    |"),
        ("    |x", Qt.Key.Key_Backtab, SHIFT, "|x"),
        ("  |x", Qt.Key.Key_Backtab, SHIFT, "|x"),
        ("        |", Qt.Key.Key_Backspace, None, "    |"),
        ("f(|)", Qt.Key.Key_Backspace, None, "f|"),
        ("ab|", Qt.Key.Key_Backspace, None, "a|"),
        ("    ab|", Qt.Key.Key_Home, None, "    |ab"),
        ("    |ab", Qt.Key.Key_Home, None, "|    ab"),
        ("x = 1|", Qt.Key.Key_Slash, CTRL, "# x = 1|"),
        ("    # x|", Qt.Key.Key_Slash, CTRL, "    x|"),
    ],
)
def test_keys_edit_as_in_a_python_editor(
    owner: Owner,
    editor: CodeEditor,
    before: str,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier | None,
    after: str,
) -> None:
    put(editor, before)
    owner.press(key, modifier or Qt.KeyboardModifier.NoModifier)
    assert state(editor) == after


def test_selected_lines_are_indented_commented_and_restored_by_undo(
    owner: Owner, editor: CodeEditor
) -> None:
    put(editor, "|a\n\n    b\nc|")
    owner.press(Qt.Key.Key_Tab)
    assert editor.toPlainText() == "    a\n\n        b\n    c"
    owner.press(Qt.Key.Key_Slash, CTRL)
    assert editor.toPlainText() == "    # a\n\n    #     b\n    # c"
    owner.press(Qt.Key.Key_Slash, CTRL)
    owner.press(Qt.Key.Key_Backtab, SHIFT)
    assert editor.toPlainText() == "a\n\n    b\nc"
    for _ in range(4):
        owner.press(Qt.Key.Key_Z, CTRL)
    assert editor.toPlainText() == "a\n\n    b\nc"
    owner.press(Qt.Key.Key_Z, CTRL | SHIFT)
    assert editor.toPlainText() == "    a\n\n        b\n    c"


def test_undo_belongs_to_its_cell(owner: Owner) -> None:
    owner.show(CellState("a", source="one"), CellState("b", source="two"))
    owner.editor("a")
    owner.type("1 ")
    owner.editor("b")
    owner.type("2 ")
    owner.press(Qt.Key.Key_Z, CTRL)
    assert (owner.view.source("a"), owner.view.source("b")) == ("1 one", "two")
    assert owner.edits[-1] == ("b", "two")


def test_typing_tells_the_new_source_once_per_change(owner: Owner, editor: CodeEditor) -> None:
    owner.type("ab")
    assert owner.edits == [("a", "a"), ("a", "ab")]
    owner.view.set_theme(load("light"))  # new colours are no edit
    assert len(owner.edits) == 2


def test_the_editor_is_as_high_as_its_text_and_never_scrolls(
    owner: Owner, editor: CodeEditor
) -> None:
    heights = []
    for _ in range(30):
        heights.append(editor.height())
        owner.press(Qt.Key.Key_Return)
    steps = {b - a for a, b in itertools.pairwise(heights)}
    assert steps == {round(editor.row_height())}
    assert editor.verticalScrollBar().maximum() == 0


def test_the_bracket_at_the_cursor_and_its_twin_are_boxed(editor: CodeEditor) -> None:
    put(editor, 'f("(", [1]|)')
    boxes = [
        (one.cursor.selectionStart(), one.cursor.selectionEnd())
        for one in editor.extraSelections()
        if one.cursor.hasSelection()
    ]
    assert boxes == [(9, 10), (7, 8)]
    put(editor, 'f("(", [1])|')
    starts = [
        one.cursor.selectionStart() for one in editor.extraSelections() if one.cursor.hasSelection()
    ]
    assert sorted(starts) == [1, 10]


def test_arrow_keys_walk_from_cell_to_cell(owner: Owner) -> None:
    owner.show(CellState("a", source="1\n2"), CellState("b", source="3"))
    editor = owner.editor("a")
    owner.press(Qt.Key.Key_Down)
    assert editor.hasFocus()
    owner.press(Qt.Key.Key_Down)
    assert owner.view.current() == "b"
    below = owner.view.cell("b").editor
    assert QApplication.focusWidget() is below
    owner.press(Qt.Key.Key_Up)
    assert editor.hasFocus()
    assert editor.line() == 2


def test_the_cursor_tells_its_line(owner: Owner) -> None:
    owner.show(CellState("a", source="1\n2\n3"))
    owner.editor("a")
    owner.press(Qt.Key.Key_Down)
    owner.press(Qt.Key.Key_Down)
    assert owner.lines == [("a", 1), ("a", 2), ("a", 3)]


def test_a_long_line_scrolls_sideways(owner: Owner, qtbot: QtBot) -> None:
    owner.show(CellState("a", source="x" * 400))
    editor = owner.editor("a")
    height = owner.view.cell("a").height()
    assert editor.horizontalScrollBar().maximum() > 0
    owner.press(Qt.Key.Key_End)
    assert editor.horizontalScrollBar().value() > 0
    assert owner.view.cell("a").height() == height


def test_typing_in_a_very_long_cell_only_lexes_nearby(owner: Owner, qtbot: QtBot) -> None:
    source = "\n".join(f"x{n} = f({n})  # note" for n in range(3000))
    owner.show(CellState("a", source=source))
    editor = owner.editor("a")
    editor.go_to(1500)
    owner.type("y = (")
    assert editor.toPlainText().split("\n")[1499] == "y = (x1499 = f(1499)  # note"


@pytest.mark.parametrize(
    ("source", "at", "expected", "selected"),
    [
        ("", 0, "y = f(x)", "y"),
        ("a = 1", 2, "a = 1\ny = f(x)", "y"),
        ("if a:\n    b = 1", 15, "if a:\n    b = 1\n    y = f(x)", "y"),
        ("if a:\n    ", 10, "if a:\n    y = f(x)", "y"),
        ("loss = ", 7, "loss = f(x)", ""),
        ("loss = g()", 9, "loss = g(f(x))", ""),
        ("return ", 7, "return f(x)", ""),
        ("a == ", 5, "a == \ny = f(x)", "y"),
        ("# why =", 7, "# why =\ny = f(x)", "y"),
    ],
)
def test_a_line_is_added_where_it_is_code(
    qtbot: QtBot, source: str, at: int, expected: str, selected: str
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    editor = CodeEditor(parent, "code", source, load("dark"))
    cursor = editor.textCursor()
    cursor.setPosition(at)
    editor.setTextCursor(cursor)
    editor.add_line("y = f(x)")
    assert editor.toPlainText() == expected
    assert editor.textCursor().selectedText() == selected
    editor.undo()
    assert editor.toPlainText() == source


def test_dragged_text_is_taken_and_a_file_is_left_to_the_window(editor: CodeEditor) -> None:
    text, file = QMimeData(), QMimeData()
    text.setText("x = 1")
    file.setUrls([QUrl.fromLocalFile("/tmp/lesson.ipynb")])
    for data, taken in ((text, True), (file, False)):
        enters = QDragEnterEvent(
            QPoint(20, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        editor.dragEnterEvent(enters)
        assert enters.isAccepted() is taken
