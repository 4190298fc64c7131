"""Selecting more than one node, the menu's and the mouse's other buttons, steps back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import CONTROL, LEFT, SHIFT, click, count, drag, middle, move, picture
from tests.ui.graph.samples import grad_fn, ladder, leaf, op, place
from ui import theme
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.types import NodeId


def band(qtbot: QtBot, canvas: GraphCanvas, first: NodeId, last: NodeId) -> None:
    """Draw a rubber band from beyond one node's corner to beyond another's."""
    a, b = canvas.node_rect(first), canvas.node_rect(last)
    assert a is not None and b is not None
    start = QPoint(round(min(a.x, b.x)) - 3, round(min(a.y, b.y)) - 3)
    end = QPoint(
        round(max(a.x + a.width, b.x + b.width)) + 3, round(max(a.y + a.height, b.y + b.height)) + 3
    )
    drag(qtbot, canvas, start, end - start, held=SHIFT)


@pytest.mark.parametrize("held", [SHIFT, CONTROL])
def test_clicks_with_a_key_add_and_take_away(
    qtbot: QtBot, canvas: GraphCanvas, held: Qt.KeyboardModifier
) -> None:
    click(qtbot, canvas, middle(canvas, op(1)))
    with qtbot.waitSignals([canvas.node_selected, canvas.picks_changed]):
        click(qtbot, canvas, middle(canvas, op(3)), held)
    assert canvas.picked() == [op(3), op(1)]
    click(qtbot, canvas, middle(canvas, grad_fn(2)), held)
    click(qtbot, canvas, middle(canvas, op(3)), held)
    assert canvas.selected() == grad_fn(2)
    assert set(canvas.picked()) == {grad_fn(2), op(1)}
    click(qtbot, canvas, QPoint(3, 3), held)  # beside: nothing is lost
    assert len(canvas.picked()) == 2
    click(qtbot, canvas, middle(canvas, leaf(2)))
    assert canvas.picked() == [leaf(2)]
    click(qtbot, canvas, QPoint(3, 3))
    assert canvas.picked() == []


def test_a_rubber_band_is_gone_when_the_button_is_let_go(qtbot: QtBot, canvas: GraphCanvas) -> None:
    begin, end = QPoint(2, 2), QPoint(9, 40)  # beside all nodes: nothing else has to be painted
    qtbot.mousePress(canvas.viewport(), LEFT, SHIFT, begin)
    with qtbot.waitSignal(canvas.viewport_painted):
        move(canvas, end, LEFT, SHIFT)
    with qtbot.waitSignal(canvas.viewport_painted):
        qtbot.mouseRelease(canvas.viewport(), LEFT, SHIFT, end)


def test_all_that_is_selected_is_ringed(qtbot: QtBot, canvas: GraphCanvas) -> None:
    focus = theme.load("dark").focus
    click(qtbot, canvas, middle(canvas, op(1)))
    alone = picture(canvas)
    click(qtbot, canvas, middle(canvas, op(3)), SHIFT)
    assert picture(canvas) != alone
    canvas.pick([op(1), op(2), op(3)])
    assert count(picture(canvas), focus) > 100
    assert set(canvas.picked()) == {op(1), op(2), op(3)}


def test_a_rubber_band_selects_what_it_touches(qtbot: QtBot, canvas: GraphCanvas) -> None:
    before = canvas.camera()
    with qtbot.waitSignal(canvas.picks_changed):
        band(qtbot, canvas, op(1), op(3))
    assert canvas.camera() == before
    assert {op(1), op(2), op(3)} <= set(canvas.picked())
    assert not {op(0), op(4), grad_fn(2)} & set(canvas.picked())
    band(qtbot, canvas, grad_fn(2), grad_fn(2))
    assert {op(1), op(2), op(3), grad_fn(2)} <= set(canvas.picked())


def test_a_rubber_band_is_seen_and_escape_gives_it_up(qtbot: QtBot, canvas: GraphCanvas) -> None:
    click(qtbot, canvas, middle(canvas, leaf(2)))
    plain = picture(canvas)
    port = canvas.viewport()
    qtbot.mousePress(port, LEFT, SHIFT, QPoint(2, 2))
    move(canvas, QPoint(790, 590), held=SHIFT)
    assert len(canvas.picked()) == canvas.node_count()
    assert picture(canvas) != plain
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.picked() == [leaf(2)]
    assert picture(canvas) == plain
    qtbot.mouseRelease(port, LEFT, SHIFT, QPoint(790, 590))
    assert canvas.picked() == [leaf(2)]


def test_the_selection_stays_with_what_a_grown_graph_still_has(canvas: GraphCanvas) -> None:
    canvas.pick([op(1), op(4), leaf(3)])
    chief = canvas.selected()
    grown = ladder(6)
    canvas.set_graph(grown, place(grown, card_sizes(grown)), keep_view=True)
    assert set(canvas.picked()) == {op(1), op(4), leaf(3)}
    assert canvas.selected() == chief
    less = ladder(3)
    canvas.set_graph(less, place(less, card_sizes(less)))
    assert set(canvas.picked()) == {op(1), leaf(3)}


def _menu(canvas: GraphCanvas, at: QPoint, reason: QContextMenuEvent.Reason) -> None:
    place = canvas.viewport().mapToGlobal(at)
    QApplication.sendEvent(canvas.viewport(), QContextMenuEvent(reason, at, place))


def test_the_menu_is_of_the_node_under_the_pointer_and_keeps_a_selection_it_is_in(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    mouse = QContextMenuEvent.Reason.Mouse
    canvas.pick([op(1), op(2)])
    at = middle(canvas, op(2))
    with qtbot.waitSignal(canvas.menu_requested) as caught:
        _menu(canvas, at, mouse)
    assert caught.args == [op(2), canvas.viewport().mapToGlobal(at)]
    assert set(canvas.picked()) == {op(1), op(2)}
    with qtbot.waitSignal(canvas.menu_requested) as caught:
        _menu(canvas, middle(canvas, leaf(4)), mouse)
    assert caught.args[0] == leaf(4)
    assert canvas.picked() == [leaf(4)]
    with qtbot.waitSignal(canvas.menu_requested) as caught:
        _menu(canvas, QPoint(2, 2), mouse)
    assert caught.args[0] is None
    assert canvas.picked() == []


def test_the_menu_key_asks_for_the_menu_of_the_selected_node(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    canvas.select(op(3))
    with qtbot.waitSignal(canvas.menu_requested) as caught:
        _menu(canvas, QPoint(), QContextMenuEvent.Reason.Keyboard)
    assert caught.args == [op(3), canvas.viewport().mapToGlobal(middle(canvas, op(3)))]


def test_the_mouses_buttons_for_back_and_forward_are_reported(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    for button, signal in (
        (Qt.MouseButton.BackButton, canvas.back_pressed),
        (Qt.MouseButton.ForwardButton, canvas.forward_pressed),
    ):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(canvas.viewport(), button, pos=QPoint(40, 40))


def test_a_step_back_leads_to_where_the_last_step_came_from(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    canvas.select(leaf(3))  # the second input of op(2); the spine is the straightest way up
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.selected() == op(2)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.selected() == leaf(3)
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.selected() == op(3)


def test_the_selection_is_told_in_words(qtbot: QtBot, canvas: GraphCanvas) -> None:
    canvas.pick([op(1), op(2), op(4)])
    assert canvas.accessibleDescription().endswith("and 2 more")
