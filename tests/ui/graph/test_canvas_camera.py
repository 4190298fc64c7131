"""The canvas's camera: drag, wheel, keys, fit, following."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import drag, middle, wheel
from tests.ui.graph.samples import (
    backward_state,
    ladder,
    leaf,
    op,
    place,
)
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes


def test_dragging_moves_the_content_with_the_pointer(qtbot: QtBot, canvas: GraphCanvas) -> None:
    start = canvas.camera()
    with qtbot.assertNotEmitted(canvas.node_selected):
        drag(qtbot, canvas, QPoint(20, 20), QPoint(60, -40))
    moved = canvas.camera()
    assert (moved.scale, moved.dx - start.dx, moved.dy - start.dy) == (start.scale, 60, -40)
    drag(qtbot, canvas, middle(canvas, op(1)), QPoint(-30, 10), Qt.MouseButton.MiddleButton)
    assert canvas.camera().dx == moved.dx - 30


def test_content_cannot_be_lost_by_dragging(qtbot: QtBot, canvas: GraphCanvas) -> None:
    for _ in range(6):
        drag(qtbot, canvas, QPoint(20, 20), QPoint(700, 500))
    seen, area = canvas.camera().seen(800, 600), canvas.content()
    assert area is not None
    assert seen.x < area.x + area.width and seen.y < area.y + area.height
    assert seen.x + seen.width > area.x and seen.y + seen.height > area.y


def test_the_wheel_zooms_about_the_cursor(canvas: GraphCanvas) -> None:
    place = QPointF(200.0, 150.0)
    before = canvas.camera()
    wheel(canvas, place, 1)
    after = canvas.camera()
    assert after.scale > before.scale * 1.1
    there = after.to_pixel(*before.to_scene(200.0, 150.0))
    assert there == pytest.approx((200.0, 150.0), abs=1.0)
    wheel(canvas, place, -1)
    assert canvas.camera().scale == pytest.approx(before.scale)


def test_zoom_keys_and_actual_size(qtbot: QtBot, canvas: GraphCanvas) -> None:
    before = canvas.camera().scale
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.camera().scale > before
    qtbot.keyClick(canvas, Qt.Key.Key_Minus)
    assert canvas.camera().scale == pytest.approx(before)
    qtbot.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.camera().scale == pytest.approx(1.0)
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.camera().scale == pytest.approx(before)


def test_what_was_fitted_stays_fitted_when_the_view_is_resized(canvas: GraphCanvas) -> None:
    canvas.resize(500, 420)
    seen, area = canvas.camera().seen(500, 420), canvas.content()
    assert area is not None
    assert seen.x < area.x and seen.x + seen.width > area.x + area.width
    canvas.zoom_by(1.7)
    scale = canvas.camera().scale
    canvas.resize(640, 480)
    assert canvas.camera().scale == scale


def test_a_smooth_zoom_ends_at_its_goal_and_leaves_no_timer(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    canvas.set_reduced_motion(False)
    before = canvas.camera().scale
    canvas.zoom_by(2.0)
    assert canvas.is_animating()
    assert canvas.camera().scale < before * 1.9
    qtbot.waitUntil(lambda: not canvas.is_animating() and not canvas.is_moving())
    assert canvas.camera().scale == pytest.approx(before * 2.0)


def test_going_to_a_node_centres_it_readably(canvas: GraphCanvas) -> None:
    canvas.zoom_by(0.2)
    canvas.center_on(leaf(2))
    at = middle(canvas, leaf(2))
    assert abs(at.x() - 400) <= 2 and abs(at.y() - 300) <= 2
    assert canvas.camera().scale > 0.6


def test_the_active_node_can_be_followed(canvas: GraphCanvas) -> None:
    graph = ladder(30)
    layout = place(graph, card_sizes(graph))
    canvas.set_graph(graph, layout)
    canvas.actual_size()
    canvas.center_on(op(29))
    state = backward_state(graph, layout, 40)
    canvas.set_state(state)
    node = layout.ids[state.active]
    before = canvas.node_rect(node)
    assert before is not None and before.y < 0
    canvas.reveal_active()
    after = canvas.node_rect(node)
    assert after is not None and after.y >= 0
    view = canvas.camera()
    canvas.reveal_active()
    assert canvas.camera() == view  # it is in view: nothing moves


def test_a_graph_that_is_wholly_in_view_stays_where_it_is(canvas: GraphCanvas) -> None:
    graph = ladder(12)
    canvas.set_graph(graph, place(graph, card_sizes(graph)))
    canvas.set_reduced_motion(True)
    canvas.fit()
    view = canvas.camera()
    for node in graph.nodes:
        canvas.reveal(node)
    assert canvas.camera() == view
