"""Live mode: a program that waits at a line, is looked into, changed, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from engine.tape.breakpoints import Breakpoint, On
from tests.app import drive
from ui.notebook import mime

PROGRAM = """\
import torch
w = torch.ones(2, requires_grad=True)
def f(x):
    y = x * 3
    return y.sum()
loss = f(w)
loss.backward()
print(w.grad.tolist(), scale if 'scale' in globals() else None)
"""


@pytest.fixture
def live(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The program, in live mode, the console open."""
    (tmp_path / "a.py").write_text(PROGRAM)
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    controller.window.actions_by_id["live"].trigger()
    assert controller.window.actions_by_id["live"].isChecked()
    controller.window.actions_by_id["console"].trigger()
    return controller


def pause_at(qtbot: QtBot, controller: Controller, line: int) -> str:
    """Run until the program waits at a line; returns the cell's key."""
    key = controller.session.document.cells[0].key
    controller.session.set_breakpoints([Breakpoint(On.LINE, (key, line))])
    controller.run_all()
    qtbot.waitUntil(lambda: controller.pausing.paused, timeout=drive.RUN)
    return key


def enter(qtbot: QtBot, controller: Controller, text: str) -> str:
    """Run a line in the console during a pause and return what it said."""
    console = controller.window.console
    QTest.keyClicks(console.prompt, text)
    with qtbot.waitSignal(controller.pausing.said, timeout=drive.RUN):
        QTest.keyClick(console.prompt, Qt.Key.Key_Return)
    return "".join(mime.plain(item) for item in console.column.models[-1].items)


def ended(qtbot: QtBot, controller: Controller) -> None:
    qtbot.waitUntil(lambda: not controller.runs.busy, timeout=drive.RUN)


def test_the_variables_of_a_paused_program_are_seen_and_changed(
    qtbot: QtBot, live: Controller
) -> None:
    key = pause_at(qtbot, live, 7)
    assert "waits before line 7" in live.window.notice.text()
    assert live.window.notebook.current() == key
    assert enter(qtbot, live, "loss") == "tensor(6., grad_fn=<SumBackward0>)"
    assert enter(qtbot, live, "scale = 5") == ""
    assert enter(qtbot, live, "nope").startswith("NameError")
    assert live.runs.kernel.state == "busy"
    tape = live.session.tape
    assert tape is not None
    qtbot.waitUntil(lambda: tape.refresh() or len(tape.ops) == 2, timeout=drive.RUN)
    assert len(tape.passes) == 0  # the backward pass has not begun
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)
    assert drive.texts(live, key) == "[3.0, 3.0] 5\n"
    assert live.window.notice.text() == ""


def test_a_functions_own_variables_can_be_changed(qtbot: QtBot, live: Controller) -> None:
    key = pause_at(qtbot, live, 5)
    assert enter(qtbot, live, "y = x * 10") == ""
    assert live.pausing.resume()
    ended(qtbot, live)
    assert drive.texts(live, key) == "[10.0, 10.0] None\n"


def test_a_paused_program_can_be_interrupted(qtbot: QtBot, live: Controller) -> None:
    key = pause_at(qtbot, live, 7)
    live.window.actions_by_id["interrupt"].trigger()
    ended(qtbot, live)
    assert "KeyboardInterrupt" in drive.texts(live, key)
    assert not live.pausing.paused
    assert drive.ask_kernel(qtbot, live, "1 + 1") == 2


def test_without_live_mode_nothing_waits(qtbot: QtBot, live: Controller) -> None:
    live.window.actions_by_id["live"].trigger()
    key = live.session.document.cells[0].key
    live.session.set_breakpoints([Breakpoint(On.LINE, (key, 7))])
    with qtbot.waitSignal(live.runs.finished, timeout=drive.RUN):
        live.run_all()
    assert drive.texts(live, key) == "[3.0, 3.0] None\n"
