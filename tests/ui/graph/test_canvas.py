"""The canvas under mouse, wheel and keyboard; its setters; its motion, which always ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QRectF, QSizeF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import LEFT, click, count, difference, frame, middle, picture
from tests.ui.graph.samples import (
    accumulate,
    backward_state,
    grad_fn,
    ladder,
    leaf,
    mlp,
    op,
    place,
)
from ui import theme
from ui.graph.camera import View
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.layout import lay_out
from ui.graph.motion import Tween
from ui.graph.overlay import badge_place
from ui.graph.paint import outline
from ui.graph.scene import Scene
from ui.graph.tips import has_tip
from ui.graph.types import CanvasState, Kind


def test_a_click_selects_and_a_click_beside_deselects(qtbot: QtBot, canvas: GraphCanvas) -> None:
    with qtbot.waitSignal(canvas.node_selected) as caught:
        click(qtbot, canvas, middle(canvas, op(2)))
    assert caught.args == [op(2)] and canvas.selected() == op(2)
    with qtbot.waitSignal(canvas.node_selected) as caught:
        click(qtbot, canvas, QPoint(3, 3))
    assert caught.args == [None] and canvas.selected() is None


def test_setters_emit_nothing(qtbot: QtBot, canvas: GraphCanvas) -> None:
    with qtbot.assertNotEmitted(canvas.node_selected):
        canvas.select(op(1))
        assert canvas.selected() == op(1)
        canvas.select(op(99))
        assert canvas.selected() is None
        canvas.select(op(1))
        canvas.clear()
        assert canvas.selected() is None


def test_the_selection_is_ringed(canvas: GraphCanvas) -> None:
    focus = theme.load("dark").focus
    assert count(picture(canvas), focus) == 0
    canvas.select(op(1))
    assert count(picture(canvas), focus) > 100


def test_a_double_click_activates(qtbot: QtBot, canvas: GraphCanvas) -> None:
    with qtbot.waitSignal(canvas.node_activated) as caught:
        qtbot.mouseDClick(canvas.viewport(), LEFT, pos=middle(canvas, leaf(3)))
    assert caught.args == [leaf(3)]


def test_nodes_of_a_source_line_are_ringed(canvas: GraphCanvas) -> None:
    before = picture(canvas)
    canvas.highlight({op(0), op(77)})
    assert picture(canvas) != before
    canvas.highlight(set())
    assert picture(canvas) == before


# --- keyboard


def test_arrows_walk_enter_activates_escape_deselects(qtbot: QtBot, canvas: GraphCanvas) -> None:
    canvas.select(op(1))
    for key, goal in (
        (Qt.Key.Key_Down, op(2)), (Qt.Key.Key_Left, grad_fn(2)), (Qt.Key.Key_Up, grad_fn(1)),
        (Qt.Key.Key_Left, accumulate(1)), (Qt.Key.Key_Right, grad_fn(1)),
    ):  # fmt: skip
        with qtbot.waitSignal(canvas.node_selected) as caught:
            qtbot.keyClick(canvas, key)
        assert caught.args == [goal]
    with qtbot.waitSignal(canvas.node_activated) as caught:
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert caught.args == [grad_fn(1)]
    with qtbot.waitSignal(canvas.node_selected) as caught:
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert caught.args == [None]


def test_the_first_arrow_begins_in_the_middle_of_the_view(
    canvas: GraphCanvas, qtbot: QtBot
) -> None:
    canvas.center_on(op(3))
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.selected() == op(3)


def test_walking_out_of_the_view_pans_along(qtbot: QtBot, canvas: GraphCanvas) -> None:
    canvas.zoom_by(4.0)
    canvas.center_on(op(0))
    canvas.select(op(0))
    for _ in range(4):
        qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.selected() == op(4)
    rect = canvas.node_rect(op(4))
    assert rect is not None
    assert rect.y >= 0 and rect.y + rect.height <= 600


def test_keys_that_are_not_the_canvass_go_on(qtbot: QtBot, canvas: GraphCanvas) -> None:
    from PySide6.QtGui import QKeyEvent

    def taken(kind: QEvent.Type, key: Qt.Key) -> bool:
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(canvas, event)
        return event.isAccepted()

    assert not taken(QEvent.Type.KeyPress, Qt.Key.Key_Space)
    assert not taken(QEvent.Type.KeyPress, Qt.Key.Key_Comma)
    assert not taken(QEvent.Type.ShortcutOverride, Qt.Key.Key_Right)
    canvas.select(op(1))
    assert taken(QEvent.Type.ShortcutOverride, Qt.Key.Key_Right)


def test_who_comes_by_key_sees_a_frame(canvas: GraphCanvas) -> None:
    focus = theme.load("dark").focus
    canvas.clearFocus()
    canvas.setFocus(Qt.FocusReason.MouseFocusReason)
    assert count(picture(canvas), focus) == 0
    canvas.clearFocus()
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    assert count(picture(canvas), focus) > 4000
    canvas.clearFocus()
    assert count(picture(canvas), focus) == 0


# --- hover


def test_hover_names_the_node_and_dims_the_rest(qtbot: QtBot, canvas: GraphCanvas) -> None:
    text = theme.load("dark").card_title
    plain = count(picture(canvas), text)
    with qtbot.waitSignal(canvas.node_hovered) as caught:
        qtbot.mouseMove(canvas.viewport(), middle(canvas, op(4)))
    assert caught.args == [op(4)]
    qtbot.waitUntil(lambda: 0 < count(picture(canvas), text) < 0.7 * plain)
    with qtbot.waitSignal(canvas.node_hovered) as caught:
        qtbot.mouseMove(canvas.viewport(), QPoint(2, 2))
    assert caught.args == [None]
    assert count(picture(canvas), text) == plain


def test_a_card_that_can_be_read_in_full_needs_no_tip(canvas: GraphCanvas) -> None:
    picture_ = canvas.picture()
    assert picture_ is not None
    node = picture_.scene.index[leaf(1)]
    assert has_tip(picture_.scene, node, 0.5)
    assert not has_tip(picture_.scene, node, 1.0)


@pytest.mark.qt_log_ignore("This plugin does not support raise")
def test_a_tooltip_tells_title_and_detail(qtbot: QtBot, canvas: GraphCanvas) -> None:
    place = middle(canvas, leaf(1))
    event = QHelpEvent(QEvent.Type.ToolTip, place, canvas.viewport().mapToGlobal(place))
    QApplication.sendEvent(canvas.viewport(), event)
    qtbot.waitUntil(QToolTip.isVisible)
    assert "fc0.weight" in QToolTip.text()
    assert "float32[512, 784]" in QToolTip.text()
    QToolTip.hideText()


# --- graphs and states


def test_an_empty_canvas_says_what_to_do(empty: GraphCanvas) -> None:
    first = picture(empty)
    assert count(first, theme.load("dark").canvas) < first.width() * first.height()
    empty.set_placeholder("Nothing recorded", "Run a cell.")
    assert picture(empty) != first
    assert empty.accessibleDescription() == "Nothing recorded. Run a cell."
    assert empty.selected() is None
    empty.fit()
    empty.select(op(0))
    empty.set_state(None)


def test_a_grown_graph_keeps_view_and_selection(canvas: GraphCanvas) -> None:
    canvas.select(op(1))
    canvas.zoom_by(1.6)
    view = canvas.camera()
    grown = ladder(9)
    canvas.set_graph(grown, place(grown, card_sizes(grown)), keep_view=True)
    assert canvas.camera() == view and canvas.selected() == op(1)
    assert canvas.node_count() == 37
    other = mlp(1)
    canvas.set_graph(other, lay_out(other, card_sizes(other)))
    assert canvas.camera() != view


def test_the_graph_of_another_iteration_is_seen_where_the_person_looks(canvas: GraphCanvas) -> None:
    canvas.zoom_by(1.6)
    view, other = canvas.camera(), ladder(9)
    canvas.set_graph(other, place(other, card_sizes(other)), alike=True)
    assert canvas.camera() == view
    canvas.pan(5000, 0)
    canvas.set_graph(other, place(other, card_sizes(other)), alike=True)
    area, seen = canvas.content(), canvas.camera().seen(800, 600)  # it was out of sight
    assert area is not None and seen.x < area.x + area.width / 2 < seen.x + seen.width


def test_cards_glide_to_their_new_places(canvas: GraphCanvas) -> None:
    canvas.set_reduced_motion(False)
    canvas.finish_painting()
    grown = ladder(7)
    canvas.set_graph(grown, place(grown, card_sizes(grown), columns=2), keep_view=True)
    assert canvas.is_animating()
    frames = {frame(canvas) for _ in _moments(canvas)}
    assert len(frames) > 4
    final = picture(canvas)
    canvas.set_graph(grown, place(grown, card_sizes(grown), columns=2))
    assert difference(picture(canvas), final) <= 2  # edges of tiles may round differently


def test_a_fitted_view_follows_a_growing_graph(canvas: GraphCanvas) -> None:
    canvas.fit()
    grown = ladder(30)
    canvas.set_graph(grown, place(grown, card_sizes(grown)), keep_view=True)
    seen, area = canvas.camera().seen(800, 600), canvas.content()
    assert area is not None and seen.height > area.height


def test_a_state_of_another_graph_is_refused(canvas: GraphCanvas) -> None:
    none = np.zeros(3, np.bool_)
    state = CanvasState(none, none, none, -1, np.zeros(0, np.int32), {})
    with pytest.raises(ValueError, match=r"3 nodes .* 21 and 24"):
        canvas.set_state(state)


def test_a_step_runs_its_comets_and_comes_to_rest(empty: GraphCanvas) -> None:
    graph = mlp(3)
    layout = lay_out(graph, card_sizes(graph))
    empty.set_graph(graph, layout)
    badge = {layout.ids.index(leaf(1)): "+ 0.31"}
    empty.set_state(backward_state(graph, layout, 3, badge))
    still = picture(empty)
    empty.animate_step(400)
    assert not empty.is_animating()  # motion is reduced
    assert picture(empty) == still
    empty.set_reduced_motion(False)
    empty.animate_step(400)
    assert empty.is_animating()
    moving = {frame(empty) for _ in _moments(empty)}
    assert len(moving) > 4
    assert picture(empty) == still


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0])
def test_badges_hide_neither_cards_nor_each_other(empty: GraphCanvas, scale: float) -> None:
    """What a step adds stands beside its AccumulateGrad, what .grad holds beside the leaf."""
    graph = mlp(3)
    scene = Scene.build(graph, lay_out(graph, card_sizes(graph)))
    size = (scene.bounds.width * scale + 60.0, scene.bounds.height * scale + 60.0)
    view = View(scale, 30.0, 30.0)
    cards = [outline(scene, node, view, 0.0)[0] for node in range(len(scene))]
    pairs = [(node, graph.nodes[node]["twin"]) for node in graph if node.kind == Kind.ACCUMULATE]
    assert len(pairs) > 4
    for pair in pairs:
        placed: list[QRectF] = []
        for node in pair:
            at = badge_place(scene, view, size, scene.index[node], QSizeF(86.0, 18.0), placed)
            assert not any(at.intersects(other) for other in (*placed, *cards))
            assert 0.0 <= at.left() < at.right() <= size[0]
            placed.append(at)


def test_a_badge_does_not_lie_on_a_name_if_there_is_another_place(empty: GraphCanvas) -> None:
    graph = mlp(3)
    scene = Scene.build(graph, lay_out(graph, card_sizes(graph)))
    size = (scene.bounds.width + 60.0, scene.bounds.height + 60.0)
    view, badge = View(1.0, 30.0, 30.0), QSizeF(86.0, 18.0)
    for node in range(len(scene)):
        names: list[QRectF] = []
        for _ in range(6):
            place = badge_place(scene, view, size, node, badge, names)
            assert not any(place.intersects(name) for name in names)
            names.append(place)


def _moments(canvas: GraphCanvas) -> Iterator[None]:
    """Go through the animations that run, at the same moments on any machine, to their end."""
    tweens = [tween for tween in canvas.findChildren(Tween) if tween.running]
    for part in range(7):
        for tween in tweens:
            tween.setCurrentTime(part * tween.duration() // 6)
        yield
    assert not canvas.is_animating()


def test_a_new_state_ends_the_step_before(empty: GraphCanvas) -> None:
    graph = mlp(3)
    layout = lay_out(graph, card_sizes(graph))
    empty.set_reduced_motion(False)
    empty.set_graph(graph, layout)
    empty.set_state(backward_state(graph, layout, 3))
    empty.animate_step(5000)
    empty.set_state(backward_state(graph, layout, 4))
    assert not empty.is_animating()


def test_the_theme_changes_live(canvas: GraphCanvas) -> None:
    dark, light = theme.load("dark"), theme.load("light")
    assert count(picture(canvas), dark.canvas) > 200_000
    canvas.set_theme(light)
    image = picture(canvas)
    assert count(image, light.canvas) > 200_000
    assert count(image, dark.canvas) == 0


def test_words_for_those_who_cannot_see_it(qtbot: QtBot, canvas: GraphCanvas) -> None:
    assert canvas.accessibleName() == "Graph"
    assert "21 nodes, 24 edges" in canvas.accessibleDescription()
    click(qtbot, canvas, middle(canvas, op(0)))
    assert "Selected: addmm float32[64, 512]" in canvas.accessibleDescription()


def test_nothing_is_painted_while_nothing_happens(qtbot: QtBot, canvas: GraphCanvas) -> None:
    picture(canvas)
    QApplication.processEvents()
    with qtbot.assertNotEmitted(canvas.viewport_painted, wait=250):
        pass
