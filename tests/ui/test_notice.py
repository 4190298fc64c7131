"""A message over the window: its buttons act, and the keyboard is where it was when it goes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.notice import Notice
from ui.theme import load


class Scene(NamedTuple):
    """A window with a message; somebody writes in `field`."""

    notice: Notice
    field: QLineEdit
    others: list[QLineEdit]


@pytest.fixture
def scene(qtbot: QtBot) -> Scene:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(700, 400)
    column, shelf = QVBoxLayout(window), QVBoxLayout()
    before, field, after = QLineEdit(), QLineEdit(), QLineEdit()
    for part in (before, field):
        column.addWidget(part)
    column.addLayout(shelf)
    column.addWidget(after)
    notice = Notice(window, load("dark"), over=window, shelf=shelf)
    with qtbot.waitActive(window):
        window.show()
    field.setFocus()
    return Scene(notice, field, [before, after])


def button(notice: Notice, text: str) -> QPushButton:
    return next(one for one in notice.findChildren(QPushButton) if one.text() == text)


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("key", [None, Qt.Key.Key_Space])
def test_a_pressed_button_acts_and_gives_the_keyboard_back(
    scene: Scene, key: Qt.Key | None, stays: bool
) -> None:
    done: list[bool] = []
    action = ("Restart", lambda: done.append(scene.field.hasFocus()))
    scene.notice.show_message("Took it out", stays=stays, action=action)
    pressed = button(scene.notice, "Restart")
    if key is None:
        QTest.mouseClick(pressed, Qt.MouseButton.LeftButton)
    else:
        pressed.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(pressed, key)
    assert done == [True]
    assert scene.notice.text() == ""
    assert scene.field.hasFocus()


def test_closing_it_gives_the_keyboard_back_too(scene: Scene) -> None:
    scene.notice.show_message("It cannot be read", error=True)
    close = scene.notice.findChild(QToolButton)
    close.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(close, Qt.Key.Key_Space)
    assert scene.field.hasFocus()


def test_the_keyboard_stays_with_who_has_it_when_a_message_goes(scene: Scene) -> None:
    scene.notice.show_message("Saved", action=("Show", lambda: None))
    button(scene.notice, "Show").setFocus()
    scene.others[1].setFocus()
    scene.notice.hide()
    assert scene.others[1].hasFocus()


def test_nobody_gets_the_keyboard_where_who_had_it_is_gone(scene: Scene) -> None:
    scene.notice.show_message("Saved", action=("Show", lambda: None))
    button(scene.notice, "Show").setFocus()
    scene.field.hide()
    scene.notice.hide()
    assert not any(other.hasFocus() for other in scene.others)
