"""The light on what a search found, and the bar in which one searches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import count, picture
from tests.ui.graph.samples import ladder, op, place
from ui import theme
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.finder import Finder
from ui.graph.matches import Matches, marks


def lit(canvas: GraphCanvas, *nodes: int) -> Matches:
    matches = Matches()
    canvas.add_layer(matches)
    matches.set_nodes(np.array(nodes, np.intp))
    return matches


def test_matches_are_ringed_and_all_else_is_veiled(canvas: GraphCanvas) -> None:
    dark = theme.load("dark")
    plain = picture(canvas)
    scene = canvas.picture().scene
    matches = lit(canvas, scene.index[op(1)], scene.index[op(3)])
    shown = picture(canvas)
    assert count(shown, dark.card_title) < 0.4 * count(plain, dark.card_title)
    assert count(shown, dark.card) > 500  # the bodies of the two are as they were
    matches.set_nodes(np.zeros(0, np.intp))
    assert picture(canvas) == plain


def test_from_afar_matches_are_marks(canvas: GraphCanvas) -> None:
    focus = theme.load("dark").focus
    canvas.zoom_by(0.08)
    assert count(picture(canvas), focus) == 0
    scene = canvas.picture().scene
    lit(canvas, scene.index[op(1)])
    assert count(picture(canvas), focus) >= 9


def test_matches_are_forgotten_with_their_graph(canvas: GraphCanvas) -> None:
    matches = lit(canvas, 1, 2)
    graph = ladder(3)
    canvas.set_graph(graph, place(graph, card_sizes(graph)))
    assert len(matches.nodes) == 0


def test_marks_of_one_spot_are_one() -> None:
    boxes = np.array([[0.1, 0.2, 1.0, 1.0], [3.0, 3.9, 1.0, 1.0], [4.1, 0.0, 9.0, 1.0]])
    assert marks(boxes).tolist() == [[0.1, 0.2, 4.0, 4.0], [4.1, 0.0, 9.0, 4.0]]


@pytest.fixture
def finder(qtbot: QtBot) -> Iterator[Finder]:
    host = QWidget()
    qtbot.addWidget(host)
    finder = Finder(theme.load("light"), host)
    host.resize(700, 300)
    host.show()
    qtbot.waitExposed(host)
    finder.open()
    yield finder
    host.hide()


def test_what_is_typed_is_searched_and_keys_step(qtbot: QtBot, finder: Finder) -> None:
    with qtbot.waitSignals([finder.query_changed] * 3):
        qtbot.keyClicks(finder.field, "mul")
    assert finder.field.text() == "mul"
    for key, held, by in (
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, 1),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier, -1),
    ):
        with qtbot.waitSignal(finder.stepped) as caught:
            qtbot.keyClick(finder.field, key, held)
        assert caught.args == [by]
    with qtbot.waitSignal(finder.closed) as caught:
        qtbot.keyClick(finder.field, Qt.Key.Key_Escape)
    assert caught.args == [True]


def test_its_buttons_step_and_close(qtbot: QtBot, finder: Finder) -> None:
    finder.field.setText("mul")
    finder.set_count(3, 17)
    assert finder.count.text() == "3 of 17"
    for name, signal, value in (
        ("down", finder.stepped, 1), ("up", finder.stepped, -1), ("close", finder.closed, False),
    ):  # fmt: skip
        with qtbot.waitSignal(signal) as caught:
            qtbot.mouseClick(finder.buttons[name], Qt.MouseButton.LeftButton)
        assert caught.args == [value]


def test_it_says_when_nothing_is_found_or_sought(finder: Finder) -> None:
    finder.set_count(0, 0)
    assert finder.count.text() == ""
    finder.field.setText("zzz")
    finder.set_count(0, 0)
    assert finder.count.text() == "No match"
    assert not finder.buttons["down"].isEnabled()
    assert "shape:" in finder.field.placeholderText()
    assert "grad_fn:" in finder.field.toolTip()


def test_it_keeps_to_its_corner_and_within_its_host(finder: Finder) -> None:
    host = finder.parentWidget()
    assert host is not None
    assert (finder.width(), finder.x() + finder.width()) == (560, 700 - 12)
    host.resize(400, 300)
    assert (finder.x(), finder.width()) == (12, 400 - 24)
