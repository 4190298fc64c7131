"""Watches follow the playhead as number, picture and plot."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive

PROGRAM = """w = torch.tensor([1.0, 2.0], requires_grad=True)
for step in range(4):
    loss = (w * w).sum()
    loss.backward()
"""


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window on a recording, with the watches open."""
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "a.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    controller.window.actions_by_id["watches"].trigger()
    qtbot.waitUntil(controller.window.watches.isVisible)
    return controller


def add(qtbot: QtBot, controller: Controller, text: str) -> None:
    """Type an expression and wait for its value."""
    field = controller.window.watches.field
    field.setText(text)
    with qtbot.waitSignal(controller.watches.read, timeout=drive.RUN):
        QTest.keyClick(field, Qt.Key.Key_Return)


def shown(controller: Controller, row: int = 0) -> str:
    item = controller.window.watches.list.topLevelItem(row)
    assert item is not None
    return item.text(1)


def test_a_number_follows_the_playhead_and_is_plotted(qtbot: QtBot, opened: Controller) -> None:
    tape, panel = opened.session.tape, opened.window.watches
    assert tape is not None
    with qtbot.waitSignal(opened.watches.plotted, timeout=drive.RUN):
        add(qtbot, opened, "w.grad[1]")
    assert shown(opened) == "16.0"
    assert panel.field.text() == ""
    assert panel.plot.isVisible()
    assert not panel.picture.isVisible()
    assert panel.list.height() < 80, "as high as its row: the room is the plot's"
    assert panel.plot.height() > panel.list.height()
    with qtbot.waitSignal(opened.watches.read, timeout=drive.RUN):
        opened.session.set_playhead(int(tape.ends["event"][1]) + 1)
    assert shown(opened) == "8.0"
    assert panel.plot.marked() == opened.session.playhead
    with qtbot.waitSignal(opened.session.playhead_changed):
        panel.plot.chosen.emit(0.0)
    first = opened.session.playhead
    QTest.keyClick(panel.plot, Qt.Key.Key_Right)
    assert opened.session.playhead > first
    QTest.keyClick(panel.plot, Qt.Key.Key_Left)
    assert opened.session.playhead == first
    assert opened.session.playhead < int(tape.ends["event"][0]) + 1


def test_an_array_is_a_picture(qtbot: QtBot, opened: Controller) -> None:
    add(qtbot, opened, "w.grad / w")
    assert shown(opened) == "float32 [2]"
    assert opened.window.watches.picture.isVisible()


def test_what_cannot_be_read_is_refused_and_what_has_no_value_says_so(
    qtbot: QtBot, opened: Controller
) -> None:
    panel = opened.window.watches
    panel.field.setText("norm(v)")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.note.text() != "", timeout=drive.RUN)
    assert panel.note.text().startswith("'v' is not known; there are loss, w")
    assert opened.watches.texts == []
    add(qtbot, opened, "w.grad.sum()")
    with qtbot.waitSignal(opened.watches.read, timeout=drive.RUN):
        opened.session.set_playhead(0)
    assert shown(opened) == "nothing here"
    add(qtbot, opened, "w.grad")
    assert shown(opened, 1) == "nothing here"
    add(qtbot, opened, "w @ loss")
    opened.window.watches.choose(2)
    with qtbot.waitSignal(opened.watches.read, timeout=drive.RUN):
        opened.session.set_playhead(10)
    assert shown(opened, 2) == "cannot be computed"
    assert panel.why.isVisible()
    assert panel.why.text().startswith("w @ loss: ")
    opened.window.watches.choose(0)
    assert not panel.why.isVisible()


def test_watches_are_removed_and_stay_with_the_next_recording(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    add(qtbot, opened, "loss")
    add(qtbot, opened, "w.sum()")
    opened.window.watches.choose(0)
    with qtbot.waitSignal(opened.watches.read, timeout=drive.RUN):
        opened.window.watches.remove.click()
    assert opened.watches.texts == ["w.sum()"]
    other = "w = torch.tensor([4.0], requires_grad=True)\n(w * 2).backward()"
    with qtbot.waitSignal(opened.watches.read, timeout=drive.RUN):
        drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "b.tape", other))
    assert shown(opened) == "4.0"
