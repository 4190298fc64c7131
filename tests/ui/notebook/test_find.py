"""Find and replace in the cells of a notebook, by its keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.notebook.searching import Match, Query, compiled, matches, replaced
from ui.notebook.state import CellState

if TYPE_CHECKING:
    from conftest import Owner

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        (Query("a"), "Abba", [(0, 1), (3, 4)]),
        (Query("a", case=True), "Abba", [(3, 4)]),
        (Query("x", word=True), "x xx x_1 (x)", [(0, 1), (10, 11)]),
        (Query("a.b"), "a.b axb", [(0, 3)]),
        (Query("a.b", regex=True), "a.b axb", [(0, 3), (4, 7)]),
        (Query("x*", regex=True), "axx", [(1, 3)]),
        (Query("^b", regex=True), "a\nb", [(2, 3)]),
    ],
)
def test_what_is_found(query: Query, text: str, found: list[tuple[int, int]]) -> None:
    assert matches(compiled(query), [("k", text)]) == [Match("k", *place) for place in found]


def test_replacing_knows_groups_only_in_expressions() -> None:
    pattern = compiled(Query(r"(\w)=(\w)", regex=True))
    assert replaced(pattern, "a=b c=d", r"\2=\1", regex=True) == "b=a d=c"
    assert replaced(pattern, "a=b c=d", r"\2=\1", regex=True, start=4) == "a=b d=c"
    assert replaced(compiled(Query("a")), "aa", r"\1", regex=False) == r"\1\1"
    with pytest.raises((re.error, IndexError)):
        replaced(pattern, "a=b", r"\3", regex=True)


@pytest.fixture
def cells(owner: Owner) -> Owner:
    """Three cells; the owner grants what is to be replaced."""
    owner.show(
        CellState("a", source="x = 1\ny = x"),
        CellState("b", "markdown", "The *x*"),
        CellState("c", source="'\U0001f600'; x"),
    )
    owner.view.sources_requested.connect(
        lambda new: [owner.view.set_source(key, text) for key, text in new.items()]
    )
    return owner


def selected(owner: Owner, key: str) -> tuple[int, str]:
    editor = owner.view.cell(key).editor
    assert editor is not None
    return editor.line(), editor.textCursor().selectedText()


def test_matches_are_counted_and_walked_through(cells: Owner) -> None:
    cells.editor("a")
    cells.press(Key.Key_F, CTRL)
    find = cells.view.finding
    assert find.bar.field.hasFocus()
    cells.type("X")
    assert find.bar.count.text() == "4 found"
    places = []
    for _ in range(5):
        cells.press(Key.Key_Return)
        current = cells.view.current()
        assert current is not None
        places.append((current, *selected(cells, current)))
    assert places == [("a", 1, "x"), ("a", 2, "x"), ("b", 1, "x"), ("c", 1, "x"), ("a", 1, "x")]
    assert find.bar.count.text() == "1 of 4"
    cells.press(Key.Key_Return, SHIFT)
    assert cells.view.current() == "c"
    assert find.bar.field.hasFocus()
    find.bar.toggles["case"].click()
    assert find.bar.count.text() == "None"
    assert not find.bar.down.isEnabled()
    cells.press(Key.Key_Escape)
    assert not find.bar.isVisible()


def test_escape_puts_the_keyboard_at_the_match(cells: Owner) -> None:
    cells.editor("a")
    cells.press(Key.Key_F, CTRL)
    cells.type("y")
    cells.press(Key.Key_Return)
    cells.press(Key.Key_Escape)
    editor = cells.view.cell("a").editor
    assert editor is not None
    assert editor.hasFocus()
    assert editor.textCursor().selectedText() == "y"


def test_one_or_all_matches_are_replaced(qtbot: QtBot, cells: Owner) -> None:
    cells.view.commands.perform("find")
    find = cells.view.finding
    cells.type("x")
    find.bar.by.setFocus()
    cells.type("z")
    cells.press(Key.Key_Return)  # goes to the first match
    assert find.current == Match("a", 0, 1)
    cells.press(Key.Key_Return)
    assert cells.view.source("a") == "z = 1\ny = x"
    assert find.current == Match("a", 10, 11)
    find.bar.all.click()
    sources = [cells.view.source(key) for key in "abc"]
    assert sources == ["z = 1\ny = z", "The *z*", "'\U0001f600'; z"]
    assert find.bar.count.text() == "3 replaced"
    find.refresh()
    find.step(1)  # searches again
    assert find.bar.count.text() == "3 replaced"


def test_the_keyboard_is_in_the_field_once_all_is_replaced(cells: Owner) -> None:
    cells.view.finding.open()
    bar = cells.view.finding.bar
    bar.field.setText("x")
    bar.all.setFocus()
    bar.set_count(0, 0)
    assert bar.field.hasFocus()


def test_a_selected_word_is_searched_for(cells: Owner) -> None:
    editor = cells.editor("c")
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    cells.press(Key.Key_Left, SHIFT)
    cells.press(Key.Key_F, CTRL)
    assert cells.view.finding.bar.field.text() == "x"
    assert len(cells.view.finding.matches) == 4


def test_what_is_no_expression_is_said(cells: Owner) -> None:
    cells.view.commands.perform("find")
    bar = cells.view.finding.bar
    bar.toggles["regex"].click()
    bar.field.setText("(")
    assert bar.count.text().startswith("Not an expression")
    assert not bar.all.isEnabled()


def test_typing_in_a_cell_is_searched_too(qtbot: QtBot, cells: Owner) -> None:
    cells.view.commands.perform("find")
    cells.type("x")
    editor = cells.editor("c")
    cells.press(Key.Key_End, CTRL)
    cells.type("x")
    qtbot.waitUntil(lambda: len(cells.view.finding.matches) == 5)
    selections = [s.cursor.selectedText() for s in editor.extraSelections()]
    assert selections.count("x") == 2
    cells.press(Key.Key_F3)
    assert QApplication.focusWidget() is editor
    assert cells.view.finding.current is not None
