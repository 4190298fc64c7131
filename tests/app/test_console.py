"""The console: the notebook's kernel, names and recording, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from ui.notebook import mime
from ui.notebook.console import is_complete

Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize(
    ("source", "complete"),
    [
        ("x = 1", True),
        ("def f():", False),
        ("def f():\n    return 1", False),
        ("def f():\n    return 1\n", True),
        ("(1,", False),
        ("1 +* 2", True),  # wrong: the kernel says how
        ("%time f()", True),
        ("f?", True),
        ("", False),
    ],
)
def test_enter_runs_what_is_whole(source: str, complete: bool) -> None:
    assert is_complete(source) == complete


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """A script with a name, and the console open."""
    (tmp_path / "a.py").write_text("import torch\nw = torch.ones(2, requires_grad=True)\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    controller.window.actions_by_id["console"].trigger()
    return controller


def enter(qtbot: QtBot, controller: Controller, text: str) -> str:
    """Type a line, press Enter, and return what it printed once it has ended."""
    console = controller.window.console
    QTest.keyClicks(console.prompt, text)
    with qtbot.waitSignal(controller.runs.kernel.finished, timeout=drive.RUN):
        QTest.keyClick(console.prompt, Key.Key_Return)
    return said(controller)


def said(controller: Controller) -> str:
    model = controller.window.console.column.models[-1]
    return "\n".join(mime.plain(item) for item in model.items)


def test_it_is_the_same_world_and_is_recorded(qtbot: QtBot, opened: Controller) -> None:
    console = opened.window.console
    assert console.prompt.hasFocus()
    assert enter(qtbot, opened, "w.sum()") == "tensor(2., grad_fn=<SumBackward0>)"
    assert enter(qtbot, opened, "v = w * 3") == ""
    tape = opened.session.tape
    assert tape is not None
    qtbot.waitUntil(lambda: [tape.text(op["name"]) for op in tape.ops] == ["sum", "mul"])
    assert drive.ask_kernel(qtbot, opened, "v.tolist()") == [3.0, 3.0]
    assert console.column.models[-1].status == "ok"
    assert console.column.models[-1].count == 3
    opened.files.new()  # another world
    assert not console.column.models


def test_history_comes_back_and_the_draft_stays(qtbot: QtBot, opened: Controller) -> None:
    console = opened.window.console
    enter(qtbot, opened, "a = 1")
    enter(qtbot, opened, "b = 2")
    QTest.keyClicks(console.prompt, "c")
    texts = []
    for key in (Key.Key_Up, Key.Key_Up, Key.Key_Up, Key.Key_Down, Key.Key_Down, Key.Key_Down):
        QTest.keyClick(console.prompt, key)
        texts.append(console.prompt.toPlainText())
    assert texts == ["b = 2", "a = 1", "a = 1", "b = 2", "c", "c"]


def test_a_block_is_written_in_lines(qtbot: QtBot, opened: Controller) -> None:
    console = opened.window.console
    QTest.keyClicks(console.prompt, "for i in range(2):")
    QTest.keyClick(console.prompt, Key.Key_Return)
    assert console.prompt.toPlainText() == "for i in range(2):\n    "
    QTest.keyClicks(console.prompt, "print(i)")
    with qtbot.waitSignal(opened.runs.kernel.finished, timeout=drive.RUN):
        QTest.keyClick(console.prompt, Key.Key_Return, SHIFT)
    assert said(opened) == "0\n1"


def test_an_error_and_a_question_are_answered_there(qtbot: QtBot, opened: Controller) -> None:
    console = opened.window.console
    assert "ZeroDivisionError" in enter(qtbot, opened, "1 / 0")
    assert console.column.models[-1].status == "error"
    QTest.keyClicks(console.prompt, "input('How? ')")
    QTest.keyClick(console.prompt, Key.Key_Return)
    widget = console.column.widget(console.column.models[-1])
    qtbot.waitUntil(lambda: widget.input is not None, timeout=drive.RUN)
    assert widget.input is not None
    assert widget.input.field.hasFocus()
    QTest.keyClicks(widget.input.field, "so")
    with qtbot.waitSignal(opened.runs.kernel.finished, timeout=drive.RUN):
        QTest.keyClick(widget.input.field, Key.Key_Return)
    assert said(opened) == "How? so\n'so'"
    assert console.prompt.hasFocus()


def test_completion_asks_the_same_kernel(qtbot: QtBot, opened: Controller) -> None:
    console = opened.window.console
    QTest.keyClicks(console.prompt, "torch.matm")
    QTest.keyClick(console.prompt, Key.Key_Tab)
    qtbot.waitUntil(lambda: console.prompt.toPlainText() == "torch.matmul")
    QTest.keyClick(console.prompt, Key.Key_L, CTRL)
    assert console.column.models == []


def test_without_a_kernel_it_says_so(qtbot: QtBot, opened: Controller) -> None:
    with qtbot.waitSignal(opened.runs.died, timeout=drive.RUN):
        opened.runs.kernel.execute("end", "import os; os._exit(1)")
    console = opened.window.console
    QTest.keyClicks(console.prompt, "1")
    QTest.keyClick(console.prompt, Key.Key_Return)
    assert "Restart Kernel" in said(opened)
