"""The bar above the canvas: what it says where there is little room."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.graph.choice import Brief

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
