"""Large recordings are opened and saved beside the window's own work, and can be cancelled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.controller import Controller, files
from app.controller.waiting import Progress
from engine.tape.tape import Tape
from tests.app import drive

PROGRAM = "x = torch.ones(2, requires_grad=True)\n(x * 2).sum().backward()\n"


class Gate:
    """Lets tapes be read or written only once it is open; they report half of it before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.reached, self.open, self.over = (threading.Event() for _ in range(3))
        real = getattr(Tape, name)

        def gated(*args: object, progress: Progress, **more: object) -> object:
            try:
                progress(1, 2)
                self.reached.set()
                assert self.open.wait(60)
                return real(*args, progress=progress, **more)
            finally:
                self.over.set()

        monkeypatch.setattr(Tape, name, staticmethod(gated) if name == "open" else gated)


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGE", 0)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return drive.write_tape(tmp_path / "a.tape", PROGRAM)


def opened(qtbot: QtBot, controller: Controller, path: Path) -> None:
    assert controller.files.open(path)
    qtbot.waitUntil(lambda: controller.files.shown == path, timeout=drive.RUN)


def test_the_status_bar_tells_what_is_opened_until_it_is_shown(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "open")
    assert controller.files.open(tape)
    assert controller.window.busy.words() == "Opening a.tape"
    assert controller.session.tape is None
    controller.files.when_shown(lambda: controller.session.set_playhead(1))
    gate.open.set()
    qtbot.waitUntil(lambda: controller.files.shown == tape, timeout=drive.RUN)
    assert controller.session.playhead == 1
    assert controller.window.busy.words() == ""


def test_cancel_leaves_what_was_shown(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "open")
    before = controller.session.document
    controller.files.open(tape)
    assert gate.reached.wait(60)
    controller.window.busy.findChild(QToolButton).click()
    gate.open.set()
    assert gate.over.wait(60)
    assert controller.window.busy.words() == ""
    assert controller.session.document is before
    assert controller.session.tape is None


def test_another_document_comes_instead_of_what_is_being_opened(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "open")
    controller.files.open(tape)
    assert gate.reached.wait(60)
    controller.files.new()
    assert controller.window.busy.words() == ""
    gate.open.set()
    assert gate.over.wait(60)
    assert controller.session.tape is None


def test_a_damaged_file_is_told_of_and_its_rest_offered(
    qtbot: QtBot, controller: Controller, tape: Path
) -> None:
    data = tape.read_bytes()
    middle = len(data) // 2
    tape.write_bytes(data[:middle] + bytes(64) + data[middle + 64 :])
    assert controller.files.open(tape)
    qtbot.waitUntil(lambda: not controller.files.waiting.busy, timeout=drive.RUN)
    assert "a.tape" in controller.window.notice.text()


def test_a_recording_is_saved_while_the_window_goes_on(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, controller, tape)
    gate = Gate(monkeypatch, "save")
    copy = tape.with_name("copy.tape")
    assert controller.files.write_tape(copy)
    assert gate.reached.wait(60)
    assert controller.window.busy.words() == "Saving copy.tape"
    assert not copy.exists()
    gate.open.set()
    qtbot.waitUntil(copy.exists, timeout=drive.RUN)
    qtbot.waitUntil(lambda: not controller.window.busy.words(), timeout=drive.RUN)
    assert copy.read_bytes() == tape.read_bytes()


def test_a_cancelled_save_leaves_no_file(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, controller, tape)
    gate = Gate(monkeypatch, "save")
    controller.files.write_tape(tape.with_name("copy.tape"))
    assert gate.reached.wait(60)
    controller.window.busy.findChild(QToolButton).click()
    gate.open.set()
    assert gate.over.wait(60)
    assert sorted(path.name for path in tape.parent.glob("*.tape*")) == ["a.tape"]


def test_a_comparison_can_be_cancelled(
    qtbot: QtBot, controller: Controller, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, controller, tape)
    other = drive.write_tape(tape.with_name("b.tape"), PROGRAM)
    gate = Gate(monkeypatch, "open")
    controller.comparing.open(other)
    assert gate.reached.wait(60)
    assert controller.window.busy.words() == "Comparing with b.tape"
    controller.window.busy.findChild(QToolButton).click()
    gate.open.set()
    assert gate.over.wait(60)
    assert controller.window.busy.words() == ""
    assert controller.session.counterpart is None


def test_closing_the_window_waits_until_a_recording_is_saved(
    qtbot: QtBot, controller: Controller, tape: Path
) -> None:
    opened(qtbot, controller, tape)
    copy = tape.with_name("copy.tape")
    controller.files.write_tape(copy)
    controller.files.saving.finish()
    assert copy.read_bytes() == tape.read_bytes()
