"""The bar above the canvas: what it says where there is little room."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.graph.choice import Brief, Choice

WHOLE = "6 operations, pass 3"


@pytest.mark.parametrize("shown", [WHOLE, "6 operations", ""])
def test_less_is_said_where_there_is_less_room(qtbot: QtBot, shown: str) -> None:
    bar = QWidget()
    qtbot.addWidget(bar)
    line = Brief(bar)
    line.resize(line.fontMetrics().horizontalAdvance(shown) + 1, 20)
    line.say(WHOLE)
    assert line.text() == shown
    assert line.toolTip() == ("" if shown == WHOLE else WHOLE)
    line.resize(400, 20)
    bar.show()
    assert line.text() == WHOLE


def test_a_longer_offer_leaves_what_was_offered_and_chosen(qtbot: QtBot) -> None:
    bar = QWidget()
    qtbot.addWidget(bar)
    choice = Choice(bar)
    choice.offer([("one", "1 operation"), ("two", "2 operations")])
    choice.setCurrentIndex(1)
    changes: list[int] = []
    choice.currentIndexChanged.connect(changes.append)
    choice.offer([("one", "1 operation"), ("two", "2 operations"), ("three", "3 operations")])
    assert [choice.itemText(row) for row in range(choice.count())] == ["one", "two", "three"]
    assert (choice.currentText(), changes) == ("two", [])
    choice.offer([("one", "1 operation"), ("two", "5 operations")])
    assert choice.count() == 2
    assert choice.itemData(1, Qt.ItemDataRole.ToolTipRole) == "5 operations"
    choice.offer([])
    assert (choice.count(), choice.currentIndex()) == (0, -1)
