"""Several cells at once: selected by key and mouse; run, moved, cut, merged and undone as one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier
Up, Down = Qt.Key.Key_Up, Qt.Key.Key_Down


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifier)


def sources(controller: Controller) -> list[str]:
    view = controller.window.notebook
    shown = [view.source(key) for key in view.order()]
    assert shown == [cell.source for cell in controller.session.document.cells]
    return shown


def selected(controller: Controller) -> str:
    view = controller.window.notebook
    current = view.current()
    assert current is not None
    keys = view.selected(current)
    shown = [key for key in view.order() if "selected" in view.cell(key).accessibleDescription()]
    assert shown == (keys if len(keys) > 1 else [])
    return "".join(keys)


@pytest.mark.parametrize(("up", "down"), [(Up, Down), (Qt.Key.Key_K, Qt.Key.Key_J)])
def test_shift_and_a_step_selects_one_more_or_gives_it_back(
    controller: Controller, show: drive.Show, up: Qt.Key, down: Qt.Key
) -> None:
    show("1", "2", "3", "4")
    press(down)
    press(down, SHIFT)
    press(down, SHIFT)
    press(down, SHIFT)  # there is none below
    assert selected(controller) == "bcd"
    press(up, SHIFT)
    assert selected(controller) == "bc"
    for _ in range(2):
        press(up, SHIFT)
    assert selected(controller) == "ab"
    press(down)
    assert selected(controller) == "b"


def test_all_and_to_the_ends(controller: Controller, show: drive.Show) -> None:
    show("1", "2", "3", "4")
    press(Down)
    press(Qt.Key.Key_End, SHIFT)
    assert selected(controller) == "bcd"
    press(Qt.Key.Key_Home, SHIFT)
    assert selected(controller) == "ab"
    press(Qt.Key.Key_A, CTRL)
    assert selected(controller) == "abcd"
    controller.window.notebook.edit("b")
    assert selected(controller) == "b"


@pytest.mark.parametrize("inside", [False, True])
def test_a_click_with_shift_selects_up_to_there(
    controller: Controller, show: drive.Show, inside: bool
) -> None:
    show("1", "2", "3", "4")
    cell = controller.window.notebook.cell("c")
    assert cell.editor is not None
    target = cell.editor.viewport() if inside else cell
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, SHIFT, QPoint(5, 5))
    assert selected(controller) == "abc"
    QTest.mouseClick(cell, Qt.MouseButton.LeftButton, NONE, QPoint(5, 5))
    assert selected(controller) == "c"


def test_selected_cells_are_cut_pasted_and_deleted_as_one(
    controller: Controller, show: drive.Show
) -> None:
    show("1", "2", "3", "4")
    press(Down, SHIFT)
    press(Qt.Key.Key_X)
    assert sources(controller) == ["3", "4"]
    press(Qt.Key.Key_V)
    assert sources(controller) == ["3", "1", "2", "4"]
    press(Up, SHIFT)
    press(Qt.Key.Key_C)
    press(Qt.Key.Key_V, SHIFT)
    assert sources(controller) == ["3", "1", "2", "1", "2", "4"]
    press(Qt.Key.Key_A, CTRL)
    press(Qt.Key.Key_D)
    press(Qt.Key.Key_D)
    assert sources(controller) == [""]
    for left in (["3", "1", "2", "1", "2", "4"], ["3", "1", "2", "4"], ["3", "4"]):
        controller.undo.undo()
        assert sources(controller) == left
    controller.undo.undo()
    assert sources(controller) == ["1", "2", "3", "4"]


def test_selected_cells_move_and_change_their_type_as_one(
    controller: Controller, show: drive.Show
) -> None:
    show("1", "2", "3", "4")
    press(Down, SHIFT)
    press(Down, CTRL | SHIFT)
    assert sources(controller) == ["3", "1", "2", "4"]
    assert selected(controller) == "ab"
    for _ in range(2):  # the second time there is no room
        press(Down, CTRL | SHIFT)
    assert sources(controller) == ["3", "4", "1", "2"]
    press(Qt.Key.Key_M)
    kinds = [cell.kind for cell in controller.session.document.cells]
    assert kinds == ["code", "code", "markdown", "markdown"]
    controller.undo.undo()
    assert {cell.kind for cell in controller.session.document.cells} == {"code"}
    controller.undo.undo()
    controller.undo.undo()
    assert sources(controller) == ["1", "2", "3", "4"]


def test_selected_cells_become_one(controller: Controller, show: drive.Show) -> None:
    show("1", "2", "3", "4")
    press(Down)
    for _ in range(2):
        press(Down, SHIFT)
    press(Qt.Key.Key_M, SHIFT)
    assert sources(controller) == ["1", "2\n3\n4"]
    assert selected(controller) == "b"
    controller.undo.undo()
    assert sources(controller) == ["1", "2", "3", "4"]


def test_selected_cells_run_in_their_order(
    qtbot: QtBot, controller: Controller, show: drive.Show
) -> None:
    show("print(1)", "print(2)", "print(3)")
    controller.session.trusted = True
    press(Down)
    press(Down, SHIFT)
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        press(Qt.Key.Key_Return, CTRL)
    assert [drive.texts(controller, key) for key in "abc"] == ["", "2\n", "3\n"]
    assert selected(controller) == "bc"


def test_the_menu_tells_how_many_it_is_for(controller: Controller, show: drive.Show) -> None:
    show("1", "2", "3")
    press(Down, SHIFT)
    view = controller.window.notebook
    for key, words in (("a", "Delete 2 cells\tD, D"), ("c", "Delete cell\tD, D")):
        menu = view.commands.menu(view.model(key))
        assert words in [action.text() for action in menu.actions()]
        menu.close()
