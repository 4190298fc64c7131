"""The one table of commands: palette, keys that a person changes, and the page of documentation."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from app.commands import COMMANDS
from app.commands_page import page
from app.controller import Controller
from app.keymap import Keymap
from app.settings import Settings
from tests.app import drive
from ui.keyboard import has_keyboard


def test_the_page_of_commands_is_current() -> None:
    written = resources.path("docs", "commands.md").read_text("utf-8")
    assert written == page(), "run python -m app.commands_page > resources/docs/commands.md"
    assert all(f"{command.text} |" in written for command in COMMANDS)


def test_the_palette_triggers_what_is_chosen(controller: Controller) -> None:
    palette = controller.window.palette_of_commands
    QTest.keyClick(
        controller.window, Qt.Key.Key_P,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )  # fmt: skip
    assert palette.isVisible()
    ids = {entry.id for entry in palette.shown()}
    assert ids >= {command.id for command in COMMANDS} - {"palette"}
    undo = next(entry for entry in palette.shown() if entry.id == "undo")
    assert not undo.enabled
    before = controller.settings.preferences.theme
    QTest.keyClicks(palette.search, "light theme")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert controller.settings.preferences.theme != before


def test_the_palette_opens_examples_and_recent_files(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "seldom named.py"
    path.write_text("x = 1\n")
    drive.open_file(qtbot, controller, path)
    controller.files.new()
    controller.window.actions_by_id["palette"].trigger()
    palette = controller.window.palette_of_commands
    QTest.keyClicks(palette.search, "seldom")
    with qtbot.waitSignal(controller.runs.kernel.tape_ready, timeout=drive.RUN):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert controller.session.document.path == path
    controller.window.actions_by_id["palette"].trigger()
    QTest.keyClicks(palette.search, "chain rule")
    with qtbot.waitSignal(controller.runs.first_run, timeout=drive.RUN):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert controller.session.title


def test_keys_change_hands_are_kept_and_can_be_reset(
    controller: Controller, tmp_path: Path
) -> None:
    actions = controller.window.actions_by_id
    actions["shortcuts"].trigger()
    dialog = controller.commanding.dialog
    assert dialog is not None
    dialog.wished.emit("theme", ("Ctrl+O", "Ctrl+Shift+L"))
    assert [key.toString() for key in actions["theme"].shortcuts()] == ["Ctrl+O", "Ctrl+Shift+L"]
    assert actions["open"].shortcuts() == []
    assert "Ctrl+O" in actions["theme"].toolTip()
    assert "Ctrl+O" not in actions["open"].toolTip()
    again = Keymap(COMMANDS, Settings(tmp_path / "settings.ini"))
    assert again.keys("theme") == ("Ctrl+O", "Ctrl+Shift+L")
    assert again.keys("open") == ()
    dialog.standard_wished.emit("open")  # takes it back
    assert [key.toString() for key in actions["open"].shortcuts()] == ["Ctrl+O"]
    assert [key.toString() for key in actions["theme"].shortcuts()] == ["Ctrl+Shift+L"]
    dialog.standard_wished.emit("")
    assert all(controller.commanding.keymap.is_standard(command.id) for command in COMMANDS)
    assert Settings(tmp_path / "settings.ini").shortcuts() == {}
    dialog.reject()


def test_nonsense_in_the_settings_changes_no_keys(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.ini")
    settings.set_shortcuts({"save": ("Hyper+Nonsense",), "no_such_command": ("Ctrl+J",)})
    keymap = Keymap(COMMANDS, Settings(tmp_path / "s.ini"))
    assert keymap.keys("save") == ("Ctrl+S",)


def test_the_keyboard_walks_through_the_panels(qtbot: QtBot, controller: Controller) -> None:
    window = controller.window
    window.actions_by_id["to_end"].trigger()
    panels = [window.notebook, window.graph, window.inspector, window.transport]
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    seen = []
    for _ in range(8):
        window.actions_by_id["next_panel"].trigger()
        seen.append(next((n for n, panel in enumerate(panels) if has_keyboard(panel)), None))
    assert set(seen) >= {0, 1, 3}  # the inspector is empty
    assert None not in seen
    for number in reversed(seen[:-1]):
        window.actions_by_id["previous_panel"].trigger()
        assert has_keyboard(panels[number])


def test_commands_show_and_hide_panels(controller: Controller) -> None:
    actions, docks = controller.window.actions_by_id, controller.window.docks
    for name, dock in docks.items():
        assert actions[f"panel_{name}"].isChecked() == (not dock.isHidden())
    actions["panel_inspector"].trigger()
    assert docks["inspector"].isHidden()
    assert not actions["panel_inspector"].isChecked()
    docks["inspector"].show()
    assert actions["panel_inspector"].isChecked()
