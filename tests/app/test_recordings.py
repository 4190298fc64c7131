"""How large a recording may become: chosen by the person, and said in the window where it ends."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive

FULL = """\
import gc
import torch
from engine.tape.recorder import Recorder
gc.unfreeze()
(recorder,) = [one for one in gc.get_objects() if isinstance(one, Recorder)]
recorder._spool._room._most = 1
torch.ones(3, requires_grad=True) * 2
"""


def test_a_recording_that_reaches_its_limit_says_so_in_the_window(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "full.py").write_text(FULL)
    drive.open_file(qtbot, controller, tmp_path / "full.py")
    with qtbot.waitSignal(controller.runs.problem, timeout=drive.RUN):
        controller.window.actions_by_id["run_all"].trigger()
    said = controller.window.notice.text()
    assert said.startswith("The recording ends here: it has reached 1 bytes, the most")
    assert controller.runs.kernel.state != "dead"


def test_the_size_of_recordings_is_asked_for_and_told_to_the_next_kernel(
    qtbot: QtBot, controller: Controller
) -> None:
    controller.window.actions_by_id["keep"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    box = dialog.fields["keep_gb"]
    assert isinstance(box, QDoubleSpinBox)
    assert box.value() == 8.0
    assert "statistics" in box.accessibleDescription()
    box.setValue(2.5)
    assert controller.settings.preferences.keep_gb == 2.5
    assert controller.runs.kernel.keep == 2500.0
    dialog.reject()
