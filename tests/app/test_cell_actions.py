"""Cells as wholes: cut, paste, split, merge, run in part, clear; all of it undoable."""

from __future__ import annotations

from pathlib import Path

import nbformat
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def sources(controller: Controller) -> list[str]:
    return [cell.source for cell in controller.session.document.cells]


def shown(controller: Controller) -> list[str]:
    view = controller.window.notebook
    return [view.source(key) for key in view.order()]


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifier)


def put_cursor(controller: Controller, key: str, position: int) -> None:
    view = controller.window.notebook
    view.edit(key)
    editor = view.cell(key).editor
    assert editor is not None
    cursor = QTextCursor(editor.document())
    cursor.setPosition(position)
    editor.setTextCursor(cursor)


def test_cut_and_pasted_cells_come_back_with_undo(controller: Controller, show: drive.Show) -> None:
    show("one", "two", "three")
    press(Qt.Key.Key_X)
    assert sources(controller) == ["two", "three"]
    press(Qt.Key.Key_V)
    assert sources(controller) == shown(controller) == ["two", "one", "three"]
    press(Qt.Key.Key_V, SHIFT)
    assert sources(controller) == ["two", "one", "one", "three"]
    keys = [cell.key for cell in controller.session.document.cells]
    assert len(set(keys)) == 4
    for _ in range(3):
        press(Qt.Key.Key_Z)
    assert sources(controller) == shown(controller) == ["one", "two", "three"]
    press(Qt.Key.Key_Z, SHIFT)
    assert sources(controller) == ["two", "three"]


def test_a_cell_is_split_at_the_cursor_and_merged_again(
    controller: Controller, show: drive.Show
) -> None:
    show("s = '\U0001f600'\nx = 1\ny = 2")
    put_cursor(controller, "a", len("s = '\U0001f600'\n") + 1)  # Qt counts the face twice
    press(Qt.Key.Key_Underscore, CTRL | SHIFT)
    assert sources(controller) == shown(controller) == ["s = '\U0001f600'", "x = 1\ny = 2"]
    controller.undo.undo()
    assert sources(controller) == shown(controller) == ["s = '\U0001f600'\nx = 1\ny = 2"]
    controller.undo.redo()
    view = controller.window.notebook
    view.select(view.model("a"), focus=True)
    press(Qt.Key.Key_M, SHIFT)
    assert sources(controller) == shown(controller) == ["s = '\U0001f600'\nx = 1\ny = 2"]


def test_texts_that_are_merged_keep_the_pictures_of_each(
    controller: Controller, show: drive.Show
) -> None:
    cells = show("one ![](attachment:i.png)", "two ![](attachment:i.png)", kind="markdown")
    for cell, data in zip(cells, ("AAAA", "BBBB"), strict=True):
        cell.extra = {"metadata": {"of": data}, "attachments": {"i.png": {"image/png": data}}}
    before = list(cells)
    press(Qt.Key.Key_M, SHIFT)
    (merged,) = controller.session.document.cells
    text = "one ![](attachment:i.png)\ntwo ![](attachment:i-2.png)"
    assert [merged.source] == shown(controller) == [text]
    assert merged.extra["metadata"] == {"of": "AAAA"}
    assert merged.extra["attachments"] == {
        "i.png": {"image/png": "AAAA"},
        "i-2.png": {"image/png": "BBBB"},
    }
    press(Qt.Key.Key_Z)
    assert controller.session.document.cells == before
    assert shown(controller) == [cell.source for cell in before]


def test_the_last_cell_merges_with_nothing(controller: Controller, show: drive.Show) -> None:
    show("one", "two")
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_M, SHIFT)
    assert sources(controller) == ["one", "two"]


def test_deleting_the_only_cell_is_one_step(controller: Controller, show: drive.Show) -> None:
    show("one")
    press(Qt.Key.Key_D)
    press(Qt.Key.Key_D)
    assert sources(controller) == [""]
    controller.undo.undo()
    assert sources(controller) == shown(controller) == ["one"]


def test_another_key_between_two_presses_deletes_nothing(
    controller: Controller, show: drive.Show
) -> None:
    show("one", "two")
    for key in (Qt.Key.Key_D, Qt.Key.Key_I, Qt.Key.Key_D):
        press(key)
    assert sources(controller) == ["one", "two"]


def test_a_digit_makes_a_heading(controller: Controller, show: drive.Show) -> None:
    show("## Title")
    press(Qt.Key.Key_3)
    cell = controller.session.cell("a")
    assert (cell.kind, cell.source) == ("markdown", "### Title")
    press(Qt.Key.Key_Z)
    assert (cell.kind, cell.source) == ("code", "## Title")


def test_line_numbers_can_be_hidden(controller: Controller, show: drive.Show) -> None:
    show("one", "two")
    editor = controller.window.notebook.cell("b").editor
    assert editor is not None
    wide = editor.viewportMargins().left()
    press(Qt.Key.Key_L)
    assert editor.viewportMargins().left() < wide
    press(Qt.Key.Key_L, SHIFT)
    assert editor.viewportMargins().left() == wide


def test_parts_of_a_notebook_run(qtbot: QtBot, controller: Controller, tmp_path: Path) -> None:
    texts = ["x = 1; print(x)", "print(x + 1)", "print('last')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(t) for t in texts])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    drive.open_file(qtbot, controller, tmp_path / "n.ipynb")
    first, second, third = (cell.key for cell in controller.session.document.cells)
    controller.window.notebook.set_current(second)
    actions = controller.window.actions_by_id
    for command, printed in (
        ("run_above", ["1\n", "", ""]),
        ("run_below", ["1\n", "2\n", "last\n"]),
    ):
        with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
            actions[command].trigger()
        assert [drive.texts(controller, key) for key in (first, second, third)] == printed
    actions["clear_outputs"].trigger()
    assert [drive.texts(controller, key) for key in (first, second, third)] == [""] * 3
    assert controller.session.dirty
