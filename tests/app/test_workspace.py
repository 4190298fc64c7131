"""Documents in tabs: each with a kernel and recording of its own, and all back next time."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.examples import examples
from app.main import make_application
from app.settings import Settings
from app.workspace import Workspace
from tests.app import drive

#: Where a maximized window of 1440 x 900 left its panels: compressed, as base64.
MAXIMIZED = """
eNp1UkFKA0EQrFlDjkJAJEiQPCCviHoQJXoIejVZVl2iO2GzH5CcxFfoRfIU7/7GlU11z4ybwzjLTDd0VU137QBowPXL
vQdd5oNpp06Ydn549DGBRYUMc0aLBU55plgYFi8Ey3iHpmkEfYgTVguseD6R47GqTIhctg7YA1wSsVJsEUO+B+Qxqznu
+WUouQsihRnhvMJFdmeGf5N0ReUI59rZktyUE1lqRWbJwq0DXCm2xIzo3M8VufMtMPq4JtrSKZn9OY4+a6ca6zQz1pfE
5dSv4pyv1t9b7SbF438OvLTdTLV30ZX9EEGbnveLfz/5ZtzU4oVxfjm+80zcqnb8Mp+OYUZOQfLkRl6N36KT1CHxcZ+a
Vt/GnMql2elb1xZHcprm
"""

CODE = "import torch\nx = torch.ones(2, requires_grad=True)\n(x * {}).sum().backward()\n"


@pytest.fixture
def workspace(qtbot: QtBot, tmp_path: Path) -> Iterator[Workspace]:
    make_application()
    made = shown(qtbot, tmp_path)
    yield made
    end(made)


def shown(qtbot: QtBot, tmp_path: Path) -> Workspace:
    settings = Settings(tmp_path / "settings.ini")
    settings.preferences.ask_trust = False  # these files are ours
    made = Workspace(settings)
    made.tabs.showNormal()
    made.tabs.resize(1280, 800)
    qtbot.waitExposed(made.tabs)
    return made


def end(workspace: Workspace) -> None:
    for controller in workspace.controllers():
        controller.session.set_dirty(False)
    workspace.tabs.close()
    workspace.close()


def script(folder: Path, name: str, factor: int = 2) -> Path:
    path = folder / name
    path.write_text(CODE.format(factor))
    return path


def open_(qtbot: QtBot, workspace: Workspace, path: Path) -> None:
    workspace.current().files.open(path)
    kernel = workspace.current().runs.kernel
    qtbot.waitUntil(lambda: kernel.state == "idle", timeout=drive.RUN)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_tab_has_a_kernel_and_a_recording_of_its_own(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    open_(qtbot, workspace, script(tmp_path, "two.py", 2))
    assert not workspace.tabs.bar.isVisible()  # nothing to choose among
    two = workspace.current()
    drive.run_all(qtbot, two)
    open_(qtbot, workspace, script(tmp_path, "three.py", 3))
    three = workspace.current()
    assert three is not two
    assert workspace.tabs.bar.isVisible()
    assert [workspace.tabs.bar.tabText(n) for n in (0, 1)] == ["two.py", "three.py"]
    drive.run_all(qtbot, three)
    for controller, gradient in ((two, 2.0), (three, 3.0)):
        grad = drive.shown_grad(controller, drive.leaf(controller, "x"))
        assert grad.tolist() == [gradient, gradient]
    assert two.runs.kernel is not three.runs.kernel
    assert workspace.tabs.windowTitle().startswith("three.py")


def test_an_unused_tab_takes_a_file_and_an_open_file_is_only_shown(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    first = script(tmp_path, "first.py")
    open_(qtbot, workspace, first)
    workspace.current().window.actions_by_id["new_tab"].trigger()
    assert workspace.tabs.count() == 2
    assert workspace.current().window.welcome.isVisible()
    assert workspace.current().files.open(first)
    assert workspace.tabs.current() == 0
    assert workspace.tabs.count() == 2
    workspace.tabs.show_page(1)
    open_(qtbot, workspace, script(tmp_path, "second.py"))
    assert workspace.tabs.count() == 2
    assert not workspace.current().window.welcome.isVisible()


def test_keys_reach_only_the_tab_that_is_shown(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    open_(qtbot, workspace, script(tmp_path, "first.py"))
    first = workspace.current()
    first.window.actions_by_id["new_tab"].trigger()
    second = workspace.current()
    second.welcoming.close()
    workspace.tabs.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is workspace.tabs)
    second.window.setFocus()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(second.window, Qt.Key.Key_P, control | shift)
    assert second.window.palette_of_commands.isVisible()
    assert first.window.palette_of_commands.isHidden()
    second.window.palette_of_commands.hide()
    second.window.actions_by_id["next_tab"].trigger()
    assert workspace.current() is first
    first.window.actions_by_id["previous_tab"].trigger()
    assert workspace.current() is second


def test_floating_panels_go_with_their_tab(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    open_(qtbot, workspace, script(tmp_path, "first.py"))
    dock = workspace.current().window.docks["inspector"]
    dock.setFloating(True)
    qtbot.waitUntil(dock.isVisible)
    workspace.add()
    assert not dock.isVisible()
    workspace.step(1)
    assert dock.isVisible()
    assert dock.isFloating()


def test_a_closed_tab_ends_its_kernel_and_asks_about_changes(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    open_(qtbot, workspace, script(tmp_path, "first.py"))
    open_(qtbot, workspace, script(tmp_path, "second.py"))
    second = workspace.current()
    pid = drive.ask_kernel(qtbot, second, "__import__('os').getpid()")
    second.session.set_dirty(True)
    second.window.actions_by_id["close_tab"].trigger()
    drive.answer(second, QMessageBox.StandardButton.Cancel)
    assert workspace.tabs.count() == 2
    second.window.actions_by_id["close_tab"].trigger()
    drive.answer(second, QMessageBox.StandardButton.Discard)
    assert not is_running(pid)
    assert workspace.tabs.count() == 1
    workspace.current().window.actions_by_id["close_tab"].trigger()
    assert workspace.tabs.count() == 1
    assert workspace.current().window.welcome.isVisible()
    assert workspace.current().is_unused()


def test_quitting_asks_about_each_document_and_loses_nothing_until_all_are_answered(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    paths = [script(tmp_path, name) for name in ("first.py", "second.py")]
    for path in paths:
        open_(qtbot, workspace, path)
    first, second = workspace.controllers()
    for controller in (first, second):
        cell = controller.session.document.cells[0]
        controller.session.set_source(cell.key, "changed = 1")
    closed: list[str] = []
    workspace.quit(lambda: closed.append("once"))
    assert workspace.current() is first  # the one that is asked about is shown
    drive.answer(first, QMessageBox.StandardButton.Discard)
    assert workspace.current() is second
    drive.answer(second, QMessageBox.StandardButton.Cancel)
    assert workspace.tabs.isVisible()
    assert first.session.dirty
    workspace.quit(lambda: closed.append("twice"))
    drive.answer(first, QMessageBox.StandardButton.Discard)
    drive.answer(second, QMessageBox.StandardButton.Save)
    assert not workspace.tabs.isVisible()
    assert closed == ["twice"]
    assert ["changed" in path.read_text("utf-8") for path in paths] == [False, True]


def test_what_was_open_is_open_again_and_nothing_is_run(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    tape = drive.write_tape(tmp_path / "recorded.tape", CODE.format(5).partition("\n")[2])
    open_(qtbot, workspace, script(tmp_path, "first.py"))
    workspace.current().files.open(tape)
    workspace.current().session.set_playhead(3)
    open_(qtbot, workspace, script(tmp_path, "third.py"))
    (tmp_path / "third.py").unlink()
    workspace.tabs.show_page(1)
    assert workspace.tabs.close()
    again = shown(qtbot, tmp_path)
    again.open(None)
    assert [c.session.name for c in again.controllers()] == ["first.py", "recorded.tape"]
    assert again.tabs.current() == 1
    assert again.current().session.playhead == 3
    assert all(cell.count is None for cell in again.controllers()[0].session.document.cells)
    end(again)


@pytest.mark.parametrize(("start", "welcome"), [("welcome", True), ("example", False)])
def test_the_start_can_be_chosen(
    qtbot: QtBot, workspace: Workspace, start: str, welcome: bool
) -> None:
    workspace.settings.choose("start", start)
    workspace.open(None)
    current = workspace.current()
    assert current.window.welcome.isVisible() is welcome
    assert current.session.title == ("" if welcome else examples()[0].title)


def test_keys_and_settings_that_change_in_one_tab_change_in_all(workspace: Workspace) -> None:
    first, second = workspace.current(), workspace.add()
    second.commanding.keymap.choose("fit", ("Ctrl+J",))
    keys = first.window.actions_by_id["fit"].shortcuts()
    assert [key.toString() for key in keys] == ["Ctrl+J"]
    second.window.actions_by_id["theme"].trigger()
    assert first.window.actions_by_id["theme"].isChecked()


def test_a_traceback_leads_into_the_file_that_it_names(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("# %%\nimport math\n\n# %%\ndef half(x):\n    return x / math.nothing\n")
    program = tmp_path / "program.py"
    program.write_text("import helper\nhelper.half(1)\n")
    open_(qtbot, workspace, program)
    first = workspace.current()
    with qtbot.waitSignal(first.runs.finished, timeout=drive.RUN):
        first.run_all()
    (model,) = first.window.notebook.column.models
    links = [link for item in model.items for link in getattr(item, "links", ())]
    (link,) = [link for link in links if link.file]
    assert link.target == 6
    first.window.notebook.go_to_place(link)
    second = workspace.current()
    assert second.files.shown == helper
    assert second.window.notebook.current() == second.session.document.cells[1].key
    helper.unlink()
    workspace.step(1)
    first.window.notebook.go_to_place(link._replace(file=str(tmp_path / "gone.py")))
    assert "gone.py is not there any more" in first.window.notice.text()


def test_the_places_that_a_maximized_window_left_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    """Restored into a window that had no size yet, they ended the program as it was shown."""
    make_application()
    settings = Settings(tmp_path / "settings.ini")
    places = zlib.decompress(base64.b64decode(MAXIMIZED))
    settings.set_window(QByteArray(), QByteArray(places))
    made = shown(qtbot, tmp_path)
    docks = made.current().window.docks
    assert [name for name, dock in docks.items() if dock.isVisible()] == [
        "notebook", "inspector", "transport",
    ]  # fmt: skip
    qtbot.waitUntil(lambda: docks["notebook"].width() > 330)  # of 418 in a wider window
    end(made)
