"""The kernel's help in the editor of a cell, in the real window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive


def test_the_kernel_completes_and_tells_until_it_is_busy(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("import torch\nweight = torch.ones(3)\n# %%\n\n")
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    drive.run_all(qtbot, controller)
    view, kernel = controller.window.notebook, controller.runs.kernel
    assist, key = view.assist, view.order()[1]
    view.edit(key)
    editor = view.cell(key).editor
    assert editor is not None
    QTest.keyClicks(editor, "torch.matm")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: editor.toPlainText() == "torch.matmul")
    QTest.keyClicks(editor, "(")
    qtbot.waitUntil(assist.card.isVisible)
    assert assist.card.words.text().startswith("torch.matmul(input")
    QTest.keyClicks(editor, "weigh")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: "(weight)" in editor.toPlainText())
    QTest.keyClick(editor, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: "tensor([1., 1., 1.])" in assist.card.words.text())

    kernel.execute("loop", "while True: pass")
    qtbot.waitUntil(lambda: kernel.state == "busy")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert "busy" in assist.card.words.text()
    assert assist.card.isVisible()
    with qtbot.waitSignal(kernel.finished, timeout=drive.RUN):
        kernel.interrupt()
