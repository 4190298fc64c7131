"""The notebook as a whole: keys, wishes, selection, marks and place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ui.notebook.cell import CellWidget
from ui.notebook.state import CellState, Output
from ui.theme import load

if TYPE_CHECKING:
    from conftest import Owner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the display without a screen

KEY = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
Stream = Callable[..., Output]


@pytest.fixture
def three(owner: Owner) -> Owner:
    """Three code cells; the first is selected and the keyboard is in the notebook."""
    owner.show(CellState("a", source="x = 1"), CellState("b", source="y"), CellState("c"))
    owner.view.setFocus()
    return owner


def focused_cell(owner: Owner) -> str | None:
    """Return the key of the cell that has the keyboard as a whole."""
    focus = QApplication.focusWidget()
    return focus.model.key if isinstance(focus, CellWidget) else None


def test_shift_enter_runs_and_selects_the_next_cell(three: Owner) -> None:
    three.editor("a")
    three.press(KEY.Key_Return, SHIFT)
    assert three.runs == [("a", True)]
    assert focused_cell(three) == "b"
    three.press(KEY.Key_Return, SHIFT)
    assert three.runs == [("a", True), ("b", True)]


def test_shift_enter_in_the_last_cell_opens_a_new_one(three: Owner) -> None:
    three.editor("c")
    three.press(KEY.Key_Return, SHIFT)
    assert three.view.order() == ["a", "b", "c", "new1"]
    assert three.view.current() == "new1"


def test_control_enter_runs_and_stays_and_alt_enter_inserts(three: Owner) -> None:
    editor = three.editor("a")
    three.press(KEY.Key_Return, CTRL)
    assert editor.hasFocus()
    three.press(KEY.Key_Return, ALT)
    assert three.runs == [("a", False), ("a", False)]
    assert three.view.order() == ["a", "new1", "b", "c"]
    assert three.view.current() == "new1"
    assert editor.toPlainText() == "x = 1"


def test_escape_and_enter_change_the_mode(three: Owner) -> None:
    editor = three.editor("a")
    three.press(KEY.Key_Escape)
    assert focused_cell(three) == "a"
    three.press(KEY.Key_Return)
    assert editor.hasFocus()
    assert editor.toPlainText() == "x = 1"


def test_letters_insert_delete_and_change_cells_only_in_command_mode(three: Owner) -> None:
    three.press(KEY.Key_B)
    assert three.view.order() == ["a", "new1", "b", "c"]
    three.type("ab")  # the new cell is being edited
    assert three.view.source("new1") == "ab"
    three.press(KEY.Key_Escape)
    three.press(KEY.Key_A)
    assert three.view.order() == ["a", "new2", "new1", "b", "c"]
    three.press(KEY.Key_Escape)
    three.press(KEY.Key_M)
    assert three.view.cell("new2").prose is not None
    three.press(KEY.Key_Y)
    assert three.view.cell("new2").editor is not None
    three.press(KEY.Key_D)
    three.press(KEY.Key_J)
    three.press(KEY.Key_D)  # not twice in a row
    assert len(three.view.order()) == 5
    three.press(KEY.Key_D)
    assert three.view.order() == ["a", "new2", "b", "c"]
    assert focused_cell(three) == "b"


@pytest.mark.parametrize(("down", "up"), [(KEY.Key_Down, KEY.Key_Up), (KEY.Key_J, KEY.Key_K)])
def test_arrows_and_j_k_move_the_selection(three: Owner, down: Qt.Key, up: Qt.Key) -> None:
    three.press(down)
    three.press(down)
    three.press(down)
    assert focused_cell(three) == "c"
    three.press(up)
    assert focused_cell(three) == "b"


def test_control_shift_arrows_move_cells(three: Owner) -> None:
    editor = three.editor("a")
    three.press(KEY.Key_Down, CTRL | SHIFT)
    assert three.view.order() == ["b", "a", "c"]
    assert three.view.cell("b").y() < three.view.cell("a").y() < three.view.cell("c").y()
    assert editor.hasFocus()
    three.press(KEY.Key_Up, CTRL | SHIFT)
    three.press(KEY.Key_Up, CTRL | SHIFT)  # already first
    assert three.view.order() == ["a", "b", "c"]


def test_removing_the_last_cell_leaves_a_usable_notebook(owner: Owner) -> None:
    owner.show(CellState("a"))
    owner.view.remove_cell("a")
    assert owner.view.current() is None
    owner.view.add_row.buttons["code"].click()
    assert owner.view.order() == ["new1"]
    assert owner.view.current() == "new1"


def test_the_tool_bar_follows_the_pointer_and_acts_on_that_cell(three: Owner) -> None:
    cell = three.view.cell("b")
    at = QPointF(20, 5)
    QApplication.sendEvent(cell, QEnterEvent(at, at, cell.mapToGlobal(at)))
    bar = three.view.hover.toolbar
    assert bar.isVisible()
    code = cell.editor
    assert code is not None
    first_line = code.mapTo(three.view.column.viewport(), QPoint(0, 0)).y()
    assert cell.y() - bar.height() < bar.y()
    assert bar.geometry().bottom() <= first_line, "it covers code"
    bar.buttons["run"].click()
    assert three.runs == [("b", False)]
    bar.buttons["delete"].click()
    assert three.view.order() == ["a", "c"]
    assert not bar.isVisible()


def test_the_menu_offers_what_keys_do(three: Owner, qtbot: QtBot) -> None:
    model = three.view.column.models[1]
    acts = {act.text().split("\t")[0]: act for act in three.view.commands.menu(model).actions()}
    with qtbot.waitSignal(three.view.run_all_requested):
        acts["Run all cells"].trigger()
    acts["Move up"].trigger()
    assert three.view.order() == ["b", "a", "c"]
    acts["Text"].trigger()
    assert three.view.cell("b").prose is not None


def test_counts_and_states_are_shown(three: Owner) -> None:
    cell = three.view.cell("a")
    three.view.set_status("a", "running")
    assert cell.model.prompt() == "[*]"
    assert cell.accessibleDescription() == "running"
    bar = cell.grab().toImage().pixelColor(5, 10).name()
    assert bar == load("dark").accent
    three.view.set_count("a", 7)
    three.view.set_status("a", "error")
    assert cell.model.prompt() == "[7]"
    assert cell.accessibleName() == "Code cell 7"
    assert cell.grab().toImage().pixelColor(5, 10).name() == load("dark").error


def test_lit_lines_glow_and_go_dark(owner: Owner) -> None:
    owner.show(CellState("a", source="1\n2\n3"), CellState("b", source="4"))
    editor = owner.view.cell("a").editor
    assert editor is not None
    plain = editor.grab().toImage()
    owner.view.light_lines({"a": {2}, "gone": {1}})
    lit = editor.grab().toImage()
    y = editor.line_rect(2).center().y()
    assert lit.pixelColor(1, y).name() == load("dark").accent
    assert lit.pixelColor(editor.width() - 4, y) != plain.pixelColor(editor.width() - 4, y)
    assert lit.pixelColor(1, editor.line_rect(1).center().y()).name() != load("dark").accent
    owner.view.light_lines({})
    assert editor.grab().toImage() == plain


def test_lines_with_breakpoints_have_a_dot(owner: Owner) -> None:
    owner.show(CellState("a", source="1\n2\n3"))
    editor = owner.view.cell("a").editor
    assert editor is not None
    owner.view.set_stops({"a": {2}, "gone": {1}})
    shown = editor.grab().toImage()
    dots = [
        shown.pixelColor(6, editor.line_rect(line).center().y()).name() == load("dark").error
        for line in (1, 2, 3)
    ]
    assert dots == [False, True, False]


def test_reveal_scrolls_to_a_line_and_lets_it_flash(owner: Owner) -> None:
    owner.show(*(CellState(f"c{n}", source="x\n" * 20) for n in range(30)))
    owner.view.reveal("c20", 18)
    cell = owner.view.cell("c20")
    place = cell.mapTo(owner.view, cell.editor_line_rect(18).center())
    assert owner.view.rect().contains(place)
    assert owner.view.current() == "c20"
    assert cell.editor is not None
    assert cell.editor.line() == 18
    assert cell.editor.extraSelections()
    owner.view.reveal("gone", 1)  # the cell was deleted since


def test_outputs_of_cells_above_do_not_move_what_is_read(owner: Owner, streamed: Stream) -> None:
    owner.show(*(CellState(f"c{n}", source="x\n" * 5) for n in range(40)))
    bar = owner.view.column.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    seen = [w for w in owner.view.column.widgets.values() if w.isVisible() and 0 <= w.y() < 400]
    before = [w.y() for w in seen]
    for n in (0, 1, 2):
        owner.view.add_outputs(f"c{n}", [streamed("line\n" * 30)])
    owner.view.insert_cell(0, CellState("new", source="y\n" * 9))
    assert [w.y() for w in seen] == before
    owner.view.remove_cell("new")
    assert [w.y() for w in seen] == before


def test_a_cell_that_was_run_stays_and_its_output_grows_below(
    owner: Owner, streamed: Stream
) -> None:
    owner.show(*(CellState(f"c{n}", source="x\n" * 5) for n in range(40)))
    owner.editor("c20")
    owner.press(KEY.Key_Return, SHIFT)
    y = owner.view.cell("c20").y()
    owner.view.add_outputs("c20", [streamed("line\n" * 50)])
    assert owner.view.cell("c20").y() == y


def test_typing_keeps_the_cursor_in_view(owner: Owner) -> None:
    owner.show(*(CellState(f"c{n}") for n in range(4)))
    editor = owner.editor("c3")
    for _ in range(60):
        owner.press(KEY.Key_Return)
    place = editor.mapTo(owner.view, editor.cursorRect().center())
    assert owner.view.rect().contains(place)


def test_the_wheel_scrolls_the_column_from_everywhere(owner: Owner, streamed: Stream) -> None:
    owner.show(
        *(CellState(f"c{n}", source="x\n" * 5, outputs=[streamed("y\n" * 9)]) for n in range(20))
    )
    cell, bar = owner.view.cell("c0"), owner.view.column.verticalScrollBar()
    assert cell.editor is not None
    assert cell.area is not None
    for inside in (cell.editor, cell.area.views[0]):
        bar.setValue(0)
        centre = inside.mapTo(owner.view, inside.rect().center())
        QTest.wheelEvent(owner.view.windowHandle(), centre, QPoint(0, -120))
        assert bar.value() > 0


def test_five_hundred_cells_open_at_once_and_are_made_when_seen(owner: Owner) -> None:
    cells = [
        CellState(f"c{n}", "markdown" if n % 4 == 0 else "code", f"# {n}\nx = {n}\n" * 3)
        for n in range(500)
    ]
    start = thread_time()
    owner.show(*cells)
    QApplication.processEvents()
    assert thread_time() - start < 2  # typically 0.1
    assert len(owner.view.column.widgets) < 60
    bar = owner.view.column.verticalScrollBar()
    bar.setValue(bar.maximum())
    last = owner.view.cell("c499")
    assert last.isVisible()
    assert owner.view.rect().intersects(last.geometry())
    foot = owner.view.add_row
    assert foot.y() > last.y()


def test_another_theme_forgets_no_edit_and_moves_nothing(owner: Owner) -> None:
    owner.show(*(CellState(f"c{n}", source="x\n" * 5) for n in range(60)))
    owner.editor("c1")
    owner.type("z")
    for n in range(60):
        owner.view.set_current(f"c{n}")
    place = owner.view.cell("c59").y()
    owner.view.set_theme(load("light"))
    assert owner.view.cell("c59").y() == place
    assert "c30" not in owner.view.column.widgets
    assert owner.view.source("c1").startswith("z")
    owner.editor("c1")
    owner.press(KEY.Key_Z, CTRL)
    assert owner.view.source("c1") == "x\n" * 5


def test_a_kind_keeps_the_text_and_only_code_keeps_outputs(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", source="# T", outputs=[streamed("x")], count=3))
    owner.view.set_kind("a", "markdown")
    cell = owner.view.cell("a")
    assert cell.prose is not None
    assert cell.prose.document().toPlainText() == "T"
    assert cell.model.items == []
    owner.view.set_kind("a", "raw")
    assert cell.editor is not None
    assert cell.editor.toPlainText() == "# T"
    assert cell.editor.isVisible()


def test_text_set_from_outside_can_be_undone(owner: Owner) -> None:
    owner.show(CellState("a", source="old"))
    editor = owner.editor("a")
    owner.view.set_source("a", "new")
    assert editor.toPlainText() == "new"
    assert owner.view.source("a") == "new"
    owner.press(KEY.Key_Z, CTRL)
    assert owner.view.source("a") == "old"


def test_a_window_shortcut_does_not_take_the_notebooks_keys(three: Owner, qtbot: QtBot) -> None:
    taken: list[str] = []
    action = three.view.addAction("Other")
    action.setShortcuts(["Shift+Return", "B", "Esc"])
    action.triggered.connect(lambda: taken.append("x"))
    three.editor("a")
    three.press(KEY.Key_Escape)
    three.press(KEY.Key_Return, SHIFT)
    assert taken == []
    assert three.runs == [("a", True)]


def test_everything_that_can_be_pressed_has_a_name(three: Owner, streamed: Stream) -> None:
    three.view.add_outputs("a", [streamed("x\n" * 500)])
    three.view.cell("a")
    parts: list[QWidget] = [
        *three.view.findChildren(QToolButton),
        *three.view.findChildren(QPushButton),
    ]
    assert parts
    for part in parts:
        assert part.accessibleName() or getattr(part, "text", str)(), part


def test_the_lessons_are_shown_without_a_warning(owner: Owner, lessons: list[Path]) -> None:
    for path in lessons:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        owner.show(
            *(
                CellState(f"c{n}", c["cell_type"], "".join(c["source"]), c.get("outputs", []))
                for n, c in enumerate(cells)
            )
        )
        for name in ("light", "dark"):
            owner.view.set_theme(load(name))
            owner.view.grab()
        assert owner.view.source("c0") == "".join(cells[0]["source"])
