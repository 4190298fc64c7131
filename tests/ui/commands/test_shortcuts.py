"""The table of keys says whose keys are pressed, and asks for what is wished."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.commands.shortcuts import Row, ShortcutDialog, clashes
from ui.theme import load

ROWS = (
    Row("save", "Save", "File", ("Ctrl+S",)),
    Row("open", "Open", "File", ("Ctrl+O",)),
    Row("run", "Run Cell", "Run", ("Ctrl+M",), standard=False),
    Row("fit", "Fit Graph", "View", ()),
    Row("", "Run advance", "(notebook)", ("Shift+Return",)),
)


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[ShortcutDialog]:
    parent = QWidget()
    qtbot.addWidget(parent)
    made = ShortcutDialog(parent, load("dark"))
    made.set_rows(ROWS)
    made.show()
    yield made


def press(dialog: ShortcutDialog, keys: str) -> None:
    dialog.field.setKeySequence(QKeySequence(keys))


def test_a_conflict_is_named_before_keys_change_hands(qtbot: QtBot, dialog: ShortcutDialog) -> None:
    assert not dialog.use.isEnabled()  # nothing is chosen
    dialog.choose("save")
    press(dialog, "Ctrl+O")
    assert "Open" in dialog.remark.text()
    with qtbot.waitSignal(dialog.wished) as heard:
        dialog.add.click()
    assert heard.args == ["save", ("Ctrl+S", "Ctrl+O")]
    press(dialog, "Ctrl+J")
    assert "free" in dialog.remark.text()
    with qtbot.waitSignal(dialog.wished) as heard:
        dialog.use.click()
    assert heard.args == ["save", ("Ctrl+J",)]


def test_keys_of_the_notebook_stay_there(dialog: ShortcutDialog) -> None:
    dialog.choose("save")
    press(dialog, "Shift+Return")
    assert "Run advance" in dialog.remark.text()
    assert not dialog.use.isEnabled()


def test_only_changed_keys_can_be_reset_and_only_existing_ones_removed(
    qtbot: QtBot, dialog: ShortcutDialog
) -> None:
    dialog.choose("fit")
    assert not dialog.remove.isEnabled()
    assert not dialog.standard.isEnabled()
    dialog.choose("run")
    with qtbot.waitSignal(dialog.standard_wished) as heard:
        dialog.standard.click()
    assert heard.args == ["run"]
    with qtbot.waitSignal(dialog.wished) as heard:
        dialog.remove.click()
    assert heard.args == ["run", ()]


def test_keys_that_two_commands_have_are_shown_as_a_conflict(dialog: ShortcutDialog) -> None:
    rows = (*ROWS[:3], Row("fit", "Fit Graph", "View", ("Ctrl+S",)))
    assert {key: [row.id for row in those] for key, those in clashes(rows).items()} == {
        "Ctrl+S": ["save", "fit"]
    }
    dialog.set_rows(rows)
    item = dialog.table.topLevelItem(0)
    assert item is not None
    assert "Fit Graph" in item.text(2)


def test_search_finds_commands_and_keys(dialog: ShortcutDialog) -> None:
    dialog.search.setText("ctrl+m")
    shown = [
        item.text(0)
        for place in range(dialog.table.topLevelItemCount())
        if (item := dialog.table.topLevelItem(place)) and not item.isHidden()
    ]
    assert shown == ["Run Cell"]
