"""The window for everybody: names for screen readers, a visible focus, no text that is cut off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive, walk

PROGRAM = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * 2).exp().sum()
loss.backward()
"""


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "a.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    controller.window.reset_layout()  # for the size that the window has
    controller.session.select(drive.leaf(controller, "w"))
    return controller


def show_panel(command: str) -> Callable[[Controller], QWidget]:
    def show(controller: Controller) -> QWidget:
        controller.window.actions_by_id[command].trigger()
        return controller.window

    return show


def as_it_opens(controller: Controller) -> QWidget:
    return controller.window


def differences(controller: Controller) -> QWidget:
    controller.window.show_differences()
    return controller.window


def watches(controller: Controller) -> QWidget:
    controller.window.actions_by_id["watches"].trigger()
    controller.watches.add("w.grad")
    return controller.window


def lesson(controller: Controller) -> QWidget:
    controller.window.show_lesson()
    return controller.window


def palette(controller: Controller) -> QWidget:
    controller.window.actions_by_id["palette"].trigger()
    return controller.window.palette_of_commands


def welcome(controller: Controller) -> QWidget:
    controller.show_welcome()
    return controller.window.welcome


def settings(controller: Controller) -> QWidget:
    controller.window.actions_by_id["settings"].trigger()
    assert controller.preferences.dialog is not None
    return controller.preferences.dialog


def shortcuts(controller: Controller) -> QWidget:
    controller.window.actions_by_id["shortcuts"].trigger()
    assert controller.commanding.dialog is not None
    return controller.commanding.dialog


def find(controller: Controller) -> QWidget:
    controller.window.actions_by_id["find"].trigger()
    return controller.window


PLACES: dict[str, Callable[[Controller], QWidget]] = {
    "window": as_it_opens, "operations": show_panel("operations"), "differences": differences,
    "problems": show_panel("problems"), "breakpoints": show_panel("breakpoints"),
    "palette": palette, "welcome": welcome, "settings": settings, "shortcuts": shortcuts,
    "find": find, "watches": watches, "training": show_panel("training"),
    "console": show_panel("console"), "lesson": lesson,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_everything_that_can_be_used_has_a_name_and_no_text_is_cut_off(
    qtbot: QtBot, opened: Controller, place: str
) -> None:
    shown = PLACES[place](opened)
    reading = opened.watches
    workers = reading.checker, reading.reader, reading.plotter, opened.training.worker
    qtbot.waitUntil(
        lambda: not opened.operations.busy and not any(one.busy for one in workers),
        timeout=drive.RUN,
    )
    QApplication.processEvents()
    nameless = [walk.called(one) for one in walk.interactive(shown) if not walk.name_of(one)]
    assert len(list(walk.interactive(shown))) > 1
    assert not nameless, "\n".join(nameless)
    cut = list(walk.cut_off(shown))
    assert not cut, "\n".join(cut)


def test_nothing_is_cut_off_at_twice_the_size(tmp_path: Path) -> None:
    tape = drive.write_tape(tmp_path / "a.tape", PROGRAM)
    said = subprocess.run(
        [sys.executable, "-m", "tests.app.walk", str(tape)],
        env=os.environ | {"QT_SCALE_FACTOR": "2"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["scale 2"]


def test_tab_reaches_every_panel_and_focus_can_be_seen(qtbot: QtBot, opened: Controller) -> None:
    window = opened.window
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    button = next(
        one for one in window.transport.findChildren(QToolButton)
        if one.isVisible() and one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isEnabled()
    )  # fmt: skip
    button.clearFocus()
    before = button.grab().toImage()
    button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(button.hasFocus)
    assert button.grab().toImage() != before
    met: set[str] = set()
    panels = {**window.docks, "graph": window.graph}
    for _ in range(150):
        focus = QApplication.focusWidget()
        assert focus is not None
        met |= {name for name, panel in panels.items() if panel.isAncestorOf(focus)}
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert met >= {"transport", "inspector", "graph"}


def test_a_cut_off_text_is_noticed(qtbot: QtBot, opened: Controller) -> None:
    button = QToolButton(opened.window.graph)
    button.setText("a long text that has no room")
    button.setFixedWidth(30)
    button.show()
    assert any("a long text" in line for line in walk.cut_off(opened.window))
    button.setText("")
    assert button in walk.interactive(opened.window)
    assert walk.name_of(button) == ""
