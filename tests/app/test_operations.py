"""The palette of operations in the window: opened, listed, inserted, undone, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.operations import variable
from app.documents import Cell
from app.settings import Settings
from tests.app import drive
from ui.graph.types import Kind


def opened(qtbot: QtBot, controller: Controller) -> None:
    """Open the palette and wait for its table."""
    controller.window.activateWindow()
    qtbot.waitUntil(controller.window.isActiveWindow)
    controller.window.actions_by_id["operations"].trigger()
    qtbot.waitUntil(lambda: controller.window.operations.current() is not None, timeout=drive.RUN)


def insert(controller: Controller, search: str) -> None:
    field = controller.window.operations.search
    field.setFocus()
    field.setText(search)
    QTest.keyClick(field, Qt.Key.Key_Return)


def sources(controller: Controller) -> list[str]:
    return [cell.source for cell in controller.session.document.cells]


def editor_text(controller: Controller, key: str) -> str:
    editor = controller.window.notebook.cell(key).editor
    assert editor is not None
    return editor.toPlainText()


def test_it_is_closed_until_it_is_asked_for_and_then_ready_to_type(
    qtbot: QtBot, controller: Controller
) -> None:
    dock, palette = controller.window.docks["operations"], controller.window.operations
    assert not dock.isVisible()
    assert palette.current() is None  # nothing has been listed
    opened(qtbot, controller)
    assert dock.isVisible()
    assert palette.search.hasFocus()
    assert not controller.operations.busy  # the thread has ended
    assert palette.entries.rowCount() > 400
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert not palette.search.hasFocus()


def test_enter_writes_the_call_into_the_current_cell_and_undo_takes_it_back(
    qtbot: QtBot, controller: Controller
) -> None:
    opened(qtbot, controller)
    key = controller.session.document.cells[0].key
    insert(controller, "matmul")
    assert sources(controller) == ["result = torch.matmul(input, other)"]
    editor = controller.window.notebook.cell(key).editor
    assert editor is not None
    assert editor.hasFocus()
    assert editor.textCursor().selectedText() == "result"
    insert(controller, "tanh")
    assert sources(controller)[0].splitlines()[1] == "result = torch.tanh(input)"
    editor.undo()
    editor.undo()
    assert sources(controller) == [""]


def test_beside_a_text_cell_the_call_gets_a_cell_of_its_own(
    qtbot: QtBot, controller: Controller
) -> None:
    session = controller.session
    session.insert_cell(0, Cell("words", "markdown", "# Words"))
    controller.window.notebook.set_current("words")
    opened(qtbot, controller)
    insert(controller, "sin")
    assert sources(controller) == ["# Words", "result = torch.sin(input)", ""]
    controller.window.actions_by_id["undo"].trigger()
    assert sources(controller) == ["# Words", ""]
    controller.window.actions_by_id["redo"].trigger()
    assert sources(controller)[1] == "result = torch.sin(input)"


def test_the_selected_nodes_variable_is_the_first_argument(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\nloss = (w * w).sum()\n", "utf-8"
    )
    drive.open_file(qtbot, controller, path)
    drive.run_all(qtbot, controller)
    controller.session.select(drive.leaf(controller, "w"))
    opened(qtbot, controller)
    controller.window.operations.search.setText("matmul")
    assert controller.window.operations.line() == "result = torch.matmul(w, other)"
    controller.session.select(None)
    assert controller.window.operations.line() == "result = torch.matmul(input, other)"


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"kind": Kind.OP, "title": "mul", "name": "loss"}, "loss"),
        ({"kind": Kind.OP, "title": "mul", "name": ""}, ""),
        ({"kind": Kind.LEAF, "title": "w", "name": "w"}, "w"),
        ({"kind": Kind.LEAF, "title": "0.weight", "name": "0.weight"}, ""),
        ({"kind": Kind.GRAD_FN, "title": "MulBackward0", "name": "MulBackward0"}, ""),
        ({"kind": Kind.ACCUMULATE, "title": "AccumulateGrad", "name": "AccumulateGrad"}, ""),
    ],
)
def test_only_a_variable_is_a_name(attributes: dict[str, object], name: str) -> None:
    assert variable(attributes) == name


def test_it_lies_over_the_inspector_floats_and_is_put_away_by_a_reset(
    qtbot: QtBot, controller: Controller
) -> None:
    window = controller.window
    dock, inspector = window.docks["operations"], window.docks["inspector"]
    opened(qtbot, controller)
    assert dock in window.tabifiedDockWidgets(inspector)
    window.reset_layout()
    assert not dock.isVisible()
    dock.toggleViewAction().trigger()  # the View menu
    qtbot.waitUntil(lambda: dock in window.tabifiedDockWidgets(inspector))
    shown = [bar for bar in window.findChildren(QTabBar) if bar.x() >= 0 and bar.count() > 1]
    assert len(shown) == 1
    dock.setFloating(True)
    assert window.operations.isVisible()
    assert window.operations.search.width() <= window.operations.width()


def test_it_is_where_it_was_at_the_next_start(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    opened(qtbot, controller)
    state = controller.window.state()
    settings = Settings(tmp_path / "others.ini")
    settings.set_window(controller.window.saveGeometry(), state)
    again = Controller(settings)
    again.window.show()
    qtbot.waitUntil(again.window.docks["operations"].isVisible)
    qtbot.waitUntil(lambda: again.window.operations.current() is not None, timeout=drive.RUN)
    drive.end(again)


def test_one_that_was_never_opened_still_opens_over_the_inspector(
    qtbot: QtBot, controller: Controller
) -> None:
    window = controller.window
    window.restore(window.saveGeometry(), window.state())
    opened(qtbot, controller)
    assert window.docks["operations"] in window.tabifiedDockWidgets(window.docks["inspector"])
