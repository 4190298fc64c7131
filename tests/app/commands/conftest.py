"""The recording that the commands act on, and the window on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

import engine as torch
from app.controller import Controller
from engine.tape.recorder import Recorder
from tests.app import drive
from tests.app.commands.scene import BEGIN, PROGRAM, Scene

DIALOGS = "getOpenFileName", "getSaveFileName"


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "program.tape"
    recorder, names = Recorder(path), {"torch": torch}
    with recorder:
        for number, source in enumerate((BEGIN, PROGRAM), 1):
            key = f"cell{number}"
            recorder.begin_cell(key, source, number)
            recorder.register_file(f"<{key}>", key)
            exec(compile(source, f"<{key}>", "exec"), names)
            recorder.end_cell(names)
    recorder.finish()
    return path


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
