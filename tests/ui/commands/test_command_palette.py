"""The command palette finds by words, says what cannot be done, and gives the keyboard back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ui.commands.entry import Entry, found
from ui.commands.palette import CommandPalette
from ui.theme import load

ENTRIES = (
    Entry("save", "Save", "File", "Ctrl+S", "Save the notebook"),
    Entry("save_as", "Save As…", "File"),
    Entry("run_all", "Run All", "Run", "Ctrl+Shift+Return"),
    Entry("undo", "Undo Change", "Edit", enabled=False),
    Entry("theme", "Light Theme", "View", checked=True),
    Entry("group_loop", "Loop Iteration", "View › Group By"),
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("sa", ["save", "save_as"]),
        ("as save", ["save_as"]),
        ("ra", ["run_all", "group_loop"]),
        ("group", ["group_loop"]),
        ("all", ["run_all"]),
        ("THEME", ["theme"]),
        ("nothing like it", []),
    ],
)
def test_words_find_commands_best_first(text: str, ids: list[str]) -> None:
    assert [entry.id for entry in found(ENTRIES, text)] == ids


def test_what_was_chosen_last_comes_first() -> None:
    assert [e.id for e in found(ENTRIES, "", ["theme", "save_as"])][:3] == [
        "theme", "save_as", "save",
    ]  # fmt: skip
    assert found(ENTRIES, "save", ["save_as"])[0].id == "save_as"


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    widget.resize(900, 600)
    QLineEdit(widget)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_keys_choose_and_the_keyboard_goes_back(qtbot: QtBot, host: QWidget) -> None:
    field = host.findChild(QLineEdit)
    assert field is not None
    field.setFocus()
    palette = CommandPalette(host, load("dark"))
    palette.open(ENTRIES)
    assert QApplication.focusWidget() is palette.search
    assert host.rect().contains(palette.geometry())
    QTest.keyClicks(palette.search, "save")
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    with qtbot.waitSignal(palette.chosen) as heard:
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert heard.args == ["save_as"]
    assert palette.isHidden()
    assert QApplication.focusWidget() is field
    palette.open(ENTRIES)
    assert palette.shown()[0].id == "save_as"
    QTest.keyClick(palette.search, Qt.Key.Key_Up)  # from the first to the last
    assert palette.current() == palette.shown()[-1]
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.isHidden()


def test_what_is_not_possible_now_is_not_chosen(qtbot: QtBot, host: QWidget) -> None:
    palette = CommandPalette(host, load("dark"))
    palette.open(ENTRIES)
    QTest.keyClicks(palette.search, "undo")
    with qtbot.assertNotEmitted(palette.chosen):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_it_goes_when_the_keyboard_goes(qtbot: QtBot, host: QWidget) -> None:
    palette = CommandPalette(host, load("light"))
    palette.open(ENTRIES)
    field = host.findChild(QLineEdit)
    assert field is not None
    field.setFocus(Qt.FocusReason.MouseFocusReason)
    assert palette.isHidden()
    assert QApplication.focusWidget() is field
