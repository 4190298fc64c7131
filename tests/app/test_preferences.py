"""The settings: one schema makes the dialog, and what is chosen counts at once and is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.faults import Faults
from app.preferences import Preferences, parsed, setting
from app.settings import Settings
from ui import zooming


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("theme", "light", "light"),
        ("theme", "plaid", "dark"),
        ("zoom", "5000", 200),
        ("zoom", "one", 100),
        ("animate", "maybe", True),
        ("animate", "false", False),
        ("speed", "nan", 4.0),
        ("speed", "1e9", 1000.0),
        ("keep_gb", "0.25", 0.25),
    ],
)
def test_only_values_of_the_schema_are_read(name: str, text: str, value: object) -> None:
    assert parsed(text, name, getattr(Preferences(), name)) == value


def test_every_setting_of_the_schema_is_in_the_dialog(controller: Controller) -> None:
    controller.window.actions_by_id["settings"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    assert set(dialog.fields) == {f.name for f in fields(Preferences) if setting(f.name).title}
    assert all(field.accessibleName() for field in dialog.fields.values())
    dialog.reject()


def test_what_is_chosen_counts_at_once_and_is_kept(controller: Controller, tmp_path: Path) -> None:
    actions = controller.window.actions_by_id
    actions["settings"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    box = dialog.fields["animate"]
    assert isinstance(box, QCheckBox)
    box.click()
    assert not actions["animate"].isChecked()
    assert not controller.window.isAnimated()
    actions["animate"].trigger()
    assert box.isChecked()  # the dialog follows the menu
    box.click()
    assert Settings(tmp_path / "settings.ini").preferences.animate is False
    dialog.defaults.click()
    assert box.isChecked()
    assert Settings(tmp_path / "settings.ini").preferences == Preferences()
    dialog.reject()


def test_the_size_of_everything_is_stepped_while_the_window_is_open(
    qtbot: QtBot, controller: Controller
) -> None:
    window, preferences = controller.window, controller.settings.preferences
    actions, before = window.actions_by_id, window.geometry()
    docks = [dock for dock in window.docks.values() if dock.isVisible()]
    shares = [dock.width() for dock in docks]
    for command, zoom in (("larger", 110), ("smaller", 100), ("smaller", 90), ("larger", 100)):
        actions[command].trigger()
        assert preferences.zoom == zoom
        assert window.devicePixelRatioF() == zoom / 100
        assert window.width() == round(before.width() * 100 / zoom)
        assert window.notice.text() == f"Everything is shown at {zoom} %."
    assert window.geometry() == before
    qtbot.waitUntil(lambda: [dock.width() for dock in docks] == shares)


def test_a_size_in_the_settings_counts_at_once_and_resets(controller: Controller) -> None:
    actions = controller.window.actions_by_id
    actions["settings"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    field = dialog.fields["zoom"]
    assert isinstance(field, QSpinBox)
    field.setValue(150)
    assert controller.settings.preferences.zoom == 150
    assert dialog.devicePixelRatioF() == 1.5
    assert dialog.restart.isHidden()
    actions["normal_size"].trigger()
    assert field.value() == 100
    assert dialog.devicePixelRatioF() == 1
    dialog.reject()


def test_without_qts_functions_a_size_counts_from_the_next_start(
    qtbot: QtBot, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zooming, "_functions", lambda: None)
    controller.window.actions_by_id["larger"].trigger()
    assert controller.window.devicePixelRatioF() == 1
    assert "at 110 % from the next start on" in controller.window.notice.text()
    with qtbot.waitSignal(controller.preferences.restart_wished):
        restart = controller.window.notice.findChildren(QPushButton)[0]
        assert restart.text() == "Restart Now"
        restart.click()


def test_the_chosen_size_scales_the_next_start() -> None:
    program = (
        "import os; from app.main import make_application; a = make_application(150);"
        "print(a.primaryScreen().devicePixelRatio(), os.environ.get('QT_SCALE_FACTOR'))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "QT_SCALE_FACTOR"}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["1.5", "None"]


def test_an_error_of_ours_is_told_and_can_be_copied(
    controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    notice = controller.window.notice
    faults = Faults(controller.window, lambda: notice)
    try:
        raise RuntimeError("the reels came off")
    except RuntimeError as error:
        faults._hook(type(error), error, error.__traceback__)  # noqa: SLF001
    QApplication.processEvents()
    assert "Something went wrong" in notice.text()
    faults.show_report()
    assert faults.dialog is not None
    assert not faults.dialog.isModal()
    QTest.mouseClick(faults.dialog.copy, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert "the reels came off" in copied
    assert "test_preferences.py" in copied
    faults.dialog.reject()
    assert faults.dialog is None
    assert "the reels came off" in capsys.readouterr().err


def test_a_number_is_stepped_with_the_arrows_in_its_field(controller: Controller) -> None:
    controller.window.actions_by_id["settings"].trigger()
    assert controller.preferences.dialog is not None
    field = controller.preferences.dialog.fields["code_size"]
    assert isinstance(field, QSpinBox)
    before = field.value()
    for height, size in ((0.25, before + field.singleStep()), (0.75, before)):
        place = QPoint(field.width() - 12, round(field.height() * height))
        QTest.mouseClick(field, Qt.MouseButton.LeftButton, pos=place)
        assert field.value() == size


def test_at_a_large_size_the_settings_stay_on_the_screen(controller: Controller) -> None:
    controller.settings.choose("zoom", 200)
    controller.window.actions_by_id["settings"].trigger()
    dialog = controller.preferences.dialog
    assert dialog is not None
    assert dialog.height() < dialog.screen().availableSize().height()
    dialog.reject()
