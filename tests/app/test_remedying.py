"""The line that a finding proposes is written into the notebook by a click, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive

BROKEN = """\
import torch
x = torch.tensor([0.0, 4.0], requires_grad=True)
for _ in range(1):
    y = torch.sqrt(x)
    y.sum().backward()
"""
MENDED = BROKEN.replace("torch.sqrt(x)", "torch.sqrt(x + 1e-12)")


@pytest.fixture
def found(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window after a run of the broken program, with its one problem shown."""
    (tmp_path / "a.py").write_text(BROKEN)
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    controller.complete()
    controller.window.show_problems()
    with qtbot.waitSignal(controller.problems.survey.done, timeout=drive.RUN):
        controller.run_all()
    qtbot.waitUntil(lambda: len(controller.window.problems.model.rows) == 1, timeout=drive.RUN)
    return controller


def test_a_remedy_is_written_into_its_cell_and_helps(qtbot: QtBot, found: Controller) -> None:
    (cell,), panel = found.session.document.cells, found.window.problems
    assert panel.view.apply.isVisible()
    qtbot.mouseClick(panel.view.apply, Qt.MouseButton.LeftButton)
    assert cell.source == MENDED.rstrip("\n")
    assert panel.view.apply.isHidden()
    assert found.window.focusWidget() is panel.list
    assert found.window.notice.text().startswith("The notebook is changed")
    found.window.actions_by_id["restart_run"].trigger()
    qtbot.waitUntil(lambda: not panel.model.rows, timeout=drive.RUN)
    found.undo.undo()
    assert cell.source == BROKEN.rstrip("\n")


def test_a_cell_that_reads_otherwise_by_now_is_left_alone(qtbot: QtBot, found: Controller) -> None:
    (cell,), view = found.session.document.cells, found.window.problems.view
    found.session.replace_source(cell.key, cell.source.replace("sqrt(x)", "sqrt(x * 2)"))
    changed = cell.source
    qtbot.mouseClick(view.apply, Qt.MouseButton.LeftButton)
    assert cell.source == changed
    assert found.window.notice.text().startswith("The cell reads otherwise by now")
