"""The recording that the commands act on, and the window on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests import recording
from tests.app import drive
from tests.app.commands.scene import BEGIN, PROGRAM, Scene

DIALOGS = "getOpenFileName", "getSaveFileName"


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording.write(tmp_path_factory.mktemp("tape") / "program.tape", BEGIN, PROGRAM)


@pytest.fixture
def scene(
    qtbot: QtBot, controller: Controller, tmp_path: Path, tape: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:  # fmt: skip
    controller.settings.choose("animate", False)
    drive.open_file(qtbot, controller, tape)
    drive.wait_for_graph(qtbot, controller)
    made = Scene(qtbot, controller, tmp_path, tape)
    for name in DIALOGS:
        answer = staticmethod(lambda *_, n=name: (made.answers.get(n, ""), ""))
        monkeypatch.setattr(QFileDialog, name, answer)
    yield made
    for dialog in controller.window.findChildren(QDialog):
        dialog.reject()
