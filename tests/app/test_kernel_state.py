"""What the window shows of a run: elapsed time, a line for input, links of tracebacks, limits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.kernel_state import duration
from tests.app import drive
from ui.notebook.outputs import FailureOutput


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (65, "1 min 05 s"), (7260, "2 h 01 min")]
)
def test_durations_are_short(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_a_long_run_shows_how_long_it_takes(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("while True: pass\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    label = controller.window.kernel_label
    assert label.text() == "Kernel idle"
    controller.run_all()
    qtbot.waitUntil(lambda: label.text() == "Kernel busy · 1 s", timeout=drive.RUN)
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.window.actions_by_id["interrupt"].trigger()
    qtbot.waitUntil(lambda: label.text() == "Kernel idle")


def test_input_is_typed_in_the_cell(qtbot: QtBot, controller: Controller, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from getpass import getpass\nname = input('Who? ')\n"
        "key = getpass('Key: ')\nprint(name, len(key))"
    )
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    view, key = controller.window.notebook, controller.session.document.cells[0].key
    controller.run_all()
    qtbot.waitUntil(lambda: view.cell(key).input is not None, timeout=drive.RUN)
    first = view.cell(key).input
    assert first is not None
    assert first.field.hasFocus()
    QTest.keyClicks(first.field, "Ada .")
    QTest.keyClick(first.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.cell(key).input not in (None, first), timeout=drive.RUN)
    second = view.cell(key).input
    assert second is not None
    assert second.field.echoMode() == QLineEdit.EchoMode.Password
    QTest.keyClicks(second.field, "secret")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        QTest.keyClick(second.field, Qt.Key.Key_Return)
    assert view.cell(key).input is None
    assert drive.texts(controller, key) == "Who? Ada .\nAda . 6\n"


def test_a_line_for_input_goes_when_the_run_is_interrupted(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("input()\n# %%\n1\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    view, keys = controller.window.notebook, controller.window.notebook.order()
    view.edit(keys[1])
    writing = QApplication.focusWidget()
    controller.runs.run([keys[0]])
    qtbot.waitUntil(lambda: view.cell(keys[0]).input is not None, timeout=drive.RUN)
    assert QApplication.focusWidget() is writing  # who writes elsewhere goes on writing
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.window.actions_by_id["interrupt"].trigger()
    assert view.cell(keys[0]).input is None


def test_a_traceback_leads_to_the_lines_it_names(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    return 1 / x\n# %%\ny = 2\nf(0)\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    view, (first, second) = controller.window.notebook, controller.window.notebook.order()
    area = view.cell(second).area
    assert area is not None
    failure = area.views[0]
    assert isinstance(failure, FailureOutput)
    text = failure.frames.head
    row = text.line_height()
    rows = [at for at in range(40) if text.link_at(QPointF(12, (at + 0.5) * row)) is not None]
    assert len(rows) == 2
    for at, key, line in ((rows[1], first, 2), (rows[0], second, 2)):
        point = QPointF(12, (at + 0.5) * row).toPoint()
        QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=point)
        assert view.current() == key
        editor = view.cell(key).editor
        assert editor is not None
        assert editor.line() == line
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.runs.run([first])
    point = QPointF(12, (rows[1] + 0.5) * row).toPoint()
    QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert "has run again" in controller.window.statusBar().currentMessage()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_run_beyond_the_memory_limit_fails_and_the_kernel_lives(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    controller.window.actions_by_id["memory"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    box = dialog.fields["memory_gb"]
    assert isinstance(box, QDoubleSpinBox)
    box.setValue(0.5)
    dialog.reject()
    assert controller.settings.preferences.memory_gb == 0.5
    (tmp_path / "a.py").write_text("import torch\nx = torch.ones(300_000_000)\n# %%\nprint('on')\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    first, second = (cell.key for cell in controller.session.document.cells)
    said = drive.texts(controller, first)
    assert "MemoryError" in said or "not enough memory" in said
    assert "may hold 500 MB of data" in said
    assert drive.texts(controller, second) == "on\n"
    assert controller.runs.kernel.state == "idle"
