"""The welcome page offers files and examples, to mouse and keyboard, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.examples import examples
from ui.theme import load
from ui.welcome.page import Sample, WelcomePage


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[WelcomePage]:
    host = QWidget()
    host.resize(1280, 800)
    qtbot.addWidget(host)
    host.show()
    qtbot.waitExposed(host)
    made = WelcomePage(load("dark"), host)
    made.set_samples([Sample(one.title, one.summary, one.pictures()) for one in examples()])
    made.set_files([Path("/somewhere/lesson.ipynb")])
    made.open_page()
    yield made


def test_every_example_has_its_picture_in_both_themes() -> None:
    for one in examples():
        for theme, path in one.pictures().items():
            picture = QImage(str(path))
            assert not picture.isNull(), f"{path}: run python -m tests.screenshots --gallery"
            ground = picture.pixelColor(2, 2).lightnessF()
            assert (ground < 0.5) == (theme == "dark")


def test_examples_and_files_are_chosen(qtbot: QtBot, page: WelcomePage) -> None:
    assert page.cards[1].accessibleName() == examples()[1].title
    with qtbot.waitSignal(page.sample_chosen) as heard:
        QTest.mouseClick(page.cards[1], Qt.MouseButton.LeftButton)
    assert heard.args == [1]
    with qtbot.waitSignal(page.file_chosen) as heard:
        page.files[0].click()
    assert heard.args == [str(Path("/somewhere/lesson.ipynb"))]


def test_the_keyboard_reaches_everything(qtbot: QtBot, page: WelcomePage) -> None:
    wanted = {page.new, page.open, *page.files, *page.cards}
    met: set[QWidget] = set()
    for _ in range(3 * len(wanted)):
        focus = QApplication.focusWidget()
        assert focus is not None
        met.add(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert met >= wanted
    page.cards[2].setFocus()
    with qtbot.waitSignal(page.sample_chosen) as heard:
        QTest.keyClick(page.cards[2], Qt.Key.Key_Space)
    assert heard.args == [2]
    with qtbot.waitSignal(page.closed):
        QTest.keyClick(page.cards[2], Qt.Key.Key_Escape)


@pytest.mark.parametrize("width", [620, 900, 1280, 2200])
def test_cards_stand_in_as_many_columns_as_there_is_room_for(
    qtbot: QtBot, page: WelcomePage, width: int
) -> None:
    host = page.parentWidget()
    assert host is not None
    host.resize(width, 800)
    qtbot.waitUntil(lambda: page.widget().width() <= page.viewport().width() <= width)
    assert max(card.geometry().right() for card in page.cards) <= page.viewport().width()
    columns = len({card.x() for card in page.cards})
    assert columns == {620: 2, 900: 3, 1280: 4, 2200: 4}[width]
