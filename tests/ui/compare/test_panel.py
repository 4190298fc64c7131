"""The list of differences: what its rows say, and what a choice gives."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.tape.compare import Difference
from engine.tape.tape import Source
from ui.compare.panel import DifferencesPanel, words
from ui.theme import load

HERE, THERE = Source("a.py", 3, "", ""), Source("a.py", 4, "", "")
ROWS = (
    Difference("value", "mul → y", 5, 6, 0, 0, 0.25, (HERE, THERE)),
    Difference("only in the second", "sin", -1, 7, 1, -1, math.nan, (None, THERE)),
)


def test_a_row_says_what_where_and_how_much() -> None:
    assert words(ROWS[0]) == ("mul → y", "0.25", "3 / 4", "6")
    assert words(ROWS[1]) == ("sin", "only there", "4", "8")


def test_the_sentence_and_the_chosen_row(qtbot: QtBot) -> None:
    panel = DifferencesPanel(load("dark"))
    qtbot.addWidget(panel)
    assert "Compare With" in panel.sentence.text()
    assert panel.end.isHidden()
    panel.set_differences("other.tape", ROWS)
    assert panel.sentence.text() == "2 differences from other.tape; the first is at event 6."
    with qtbot.waitSignal(panel.chosen) as chosen:
        panel.table.selectRow(1)
    assert chosen.args == [ROWS[1]]
    model = panel.model
    assert model.data(model.index(0, 1), Qt.ItemDataRole.DisplayRole) == "0.25"
    panel.set_differences("other.tape", ())
    assert panel.sentence.text() == "The same as other.tape, bit for bit."
    panel.set_theme(load("light"))
    with qtbot.waitSignal(panel.ended):
        panel.end.click()
