"""What goes on is shown, the latest first, and Cancel ends what is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QProgressBar, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.busy import Busy
from ui.theme import load


def test_of_two_things_the_latest_is_shown_and_cancelled_then_the_other(qtbot: QtBot) -> None:
    busy = Busy(load("dark"))
    qtbot.addWidget(busy)
    bar, button = busy.findChild(QProgressBar), busy.findChild(QToolButton)
    cancelled: list[object] = []
    busy.cancelled.connect(cancelled.append)
    busy.begin("save", "Saving a.tape")
    busy.advance("save", 3, 4)
    busy.begin("open", "Opening b.tape")
    assert busy.words() == "Opening b.tape"
    assert bar.maximum() == 0, "nobody knows yet how far it is"
    busy.advance("save", 4, 4)  # goes on unseen
    assert busy.words() == "Opening b.tape"
    button.click()
    busy.end("open")
    assert busy.words() == "Saving a.tape"
    assert (bar.value(), bar.maximum()) == (4, 4)
    button.click()
    assert cancelled == ["open", "save"]
    busy.end("save")
    busy.advance("save", 5, 5)  # told too late
    assert busy.words() == ""


def test_the_keyboard_goes_back_to_who_had_it_before_cancel(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column, field, busy = QVBoxLayout(window), QLineEdit(), Busy(load("dark"))
    for part in (QLineEdit(), field, busy, QLineEdit()):
        column.addWidget(part)
    with qtbot.waitActive(window):
        window.show()
    busy.cancelled.connect(busy.end)
    busy.begin("save", "Saving a.tape")
    field.setFocus()
    button = busy.findChild(QToolButton)
    button.setFocus()
    button.click()
    assert busy.isHidden()
    assert field.hasFocus()
