"""The map in the corner: when it is there, what it shows, and how it moves the camera."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import LEFT, count
from tests.ui.graph.samples import backward_state, ladder, leaf, op, place
from ui import theme
from ui.graph.cards import CardPainter, card_sizes
from ui.graph.inks import Inks, tints_of
from ui.graph.minimap import PAINTED, Minimap, image_of
from ui.graph.paint import Picture
from ui.graph.pane import GraphPane
from ui.graph.scene import Scene
from ui.graph.types import Layout


@pytest.fixture
def pane(qtbot: QtBot) -> Iterator[GraphPane]:
    pane = GraphPane(theme.load("dark"))
    qtbot.addWidget(pane)
    pane.canvas.set_reduced_motion(True)
    pane.resize(800, 640)
    pane.show()
    qtbot.waitExposed(pane)
    graph = ladder(40)
    pane.canvas.set_graph(graph, layout_of(40, 4))
    yield pane
    pane.hide()


def layout_of(steps: int, columns: int) -> Layout:
    graph = ladder(steps)
    return place(graph, card_sizes(graph), columns)


def seen_middle(pane: GraphPane) -> tuple[float, float]:
    canvas = pane.canvas
    return canvas.camera().seen(*canvas.size_in_pixels()).centre


def picture(map_: Minimap) -> QImage:
    return map_.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def test_it_comes_when_something_is_out_of_sight_and_goes_when_all_fits(pane: GraphPane) -> None:
    assert not pane.minimap.isVisible()
    pane.canvas.zoom_by(3.0)
    assert pane.minimap.isVisible()
    corner = pane.minimap.geometry().bottomRight()
    assert QPoint(pane.canvas.width(), pane.canvas.height()) - corner == QPoint(13, 13)
    pane.minimap.set_wanted(False)
    assert not pane.minimap.isVisible()
    pane.minimap.set_wanted(True)
    assert pane.minimap.isVisible()
    pane.canvas.fit()
    assert not pane.minimap.isVisible()
    pane.canvas.zoom_by(3.0)
    pane.canvas.clear()
    assert not pane.minimap.isVisible()


def test_a_small_canvas_keeps_its_room(pane: GraphPane) -> None:
    pane.canvas.zoom_by(3.0)
    pane.resize(300, 300)
    assert not pane.minimap.isVisible()
    pane.resize(800, 640)
    assert pane.minimap.isVisible()


def test_the_frame_is_what_the_canvas_shows(pane: GraphPane) -> None:
    pane.canvas.zoom_by(4.0)
    seen = pane.canvas.camera().seen(*pane.canvas.size_in_pixels())
    frame, view = pane.minimap.frame(), pane.minimap.view()
    assert view.to_scene(frame.x(), frame.y()) == pytest.approx((seen.x, seen.y))
    assert frame.width() / view.scale == pytest.approx(seen.width)
    assert 0 < frame.width() < pane.minimap.width()
    before = picture(pane.minimap)
    pane.canvas.pan(-200.0, -100.0)
    assert picture(pane.minimap) != before


def test_dragging_the_frame_moves_the_camera_along(qtbot: QtBot, pane: GraphPane) -> None:
    pane.canvas.zoom_by(4.0)
    map_ = pane.minimap
    start = seen_middle(pane)
    grip = map_.frame().center().toPoint() + QPoint(3, 2)  # not its very middle: no jump
    qtbot.mousePress(map_, LEFT, pos=grip)
    assert seen_middle(pane) == start
    for share in (0.5, 1.0):
        QApplication.sendEvent(map_, _move(map_, grip + QPoint(20, -10) * share))
    qtbot.mouseRelease(map_, LEFT, pos=grip + QPoint(20, -10))
    x, y = seen_middle(pane)
    pixel = 1.0 / map_.view().scale
    assert x - start[0] == pytest.approx(20 * pixel, abs=2 * pixel)
    assert y - start[1] == pytest.approx(-10 * pixel, abs=2 * pixel)
    QApplication.sendEvent(map_, _move(map_, grip, Qt.MouseButton.NoButton))
    assert seen_middle(pane) == (x, y)  # the button is up


def _move(map_: Minimap, at: QPoint, button: Qt.MouseButton = LEFT):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    place = QPointF(at)
    return QMouseEvent(
        QEvent.Type.MouseMove, place, map_.mapToGlobal(place), Qt.MouseButton.NoButton, button,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip


def test_a_click_jumps_there(qtbot: QtBot, pane: GraphPane) -> None:
    pane.canvas.zoom_by(6.0)
    scene = pane.canvas.picture().scene
    goal = scene.box(scene.index[op(33)]).centre
    x, y = pane.minimap.view().to_pixel(*goal)
    qtbot.mouseClick(pane.minimap, LEFT, pos=QPoint(round(x), round(y)))
    rect = pane.canvas.node_rect(op(33))
    assert rect is not None
    assert 0 < rect.centre[0] < pane.canvas.width() and 0 < rect.centre[1] < pane.canvas.height()
    pixel = 1.0 / pane.minimap.view().scale
    assert np.allclose(seen_middle(pane), goal, atol=1.5 * pixel)


def test_the_wheel_over_the_map_zooms(pane: GraphPane) -> None:
    pane.canvas.zoom_by(3.0)
    before, middle = pane.canvas.camera().scale, seen_middle(pane)
    place = QPointF(20.0, 20.0)
    event = QWheelEvent(
        place, pane.minimap.mapToGlobal(place), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(pane.minimap, event)
    assert pane.canvas.camera().scale > 1.1 * before
    assert seen_middle(pane) == pytest.approx(middle, abs=2.0)


def test_the_backward_wave_and_matches_can_be_seen(pane: GraphPane) -> None:
    dark = theme.load("dark")
    pane.canvas.zoom_by(3.0)
    plain = picture(pane.minimap)
    assert count(plain, dark.focus) == 0
    layout = layout_of(40, 4)
    pane.canvas.set_state(backward_state(ladder(40), layout, 60))
    waved = picture(pane.minimap)
    assert waved != plain
    pane.canvas.set_state(None)
    scene = pane.canvas.picture().scene
    pane.matches.set_nodes(np.array([scene.index[leaf(1)], scene.index[op(39)]]))
    assert count(picture(pane.minimap), dark.focus) > 8
    pane.matches.set_nodes(np.zeros(0, np.intp))
    assert picture(pane.minimap) == plain


def test_the_theme_changes_live(pane: GraphPane) -> None:
    pane.canvas.zoom_by(3.0)
    dark, light = theme.load("dark"), theme.load("light")
    assert count(picture(pane.minimap), dark.panel) > 100
    pane.set_theme(light)
    image = picture(pane.minimap)
    assert count(image, light.panel) > 100
    assert count(image, dark.panel) == 0


def test_many_nodes_are_dots_in_their_colours_the_visited_ones_on_top(qapp: QApplication) -> None:
    steps = PAINTED  # four nodes each
    graph, layout = ladder(steps), layout_of(steps, 30)
    scene, inks = Scene.build(graph, layout), Inks(theme.load("dark"))
    size = QSize(240, 160)
    state = backward_state(graph, layout, steps)
    picture_ = Picture(scene, tints_of(scene, state), inks, CardPainter())
    from ui.graph.camera import View

    bounds = scene.bounds
    scale = min(240 / bounds.width, 160 / bounds.height)
    view = View(scale, -bounds.x * scale, -bounds.y * scale)
    image = image_of(picture_, inks, view, size)
    visited = np.flatnonzero(state.visited)
    for node in (visited[0], visited[-1]):
        at = QPoint(*(int(p) for p in view.to_pixel(*scene.box(int(node)).centre)))
        ink = inks.card(scene.cards[node].shape, 0, 1).solid
        assert image.pixelColor(at) == QColor(ink.rgb())
    assert image.pixelColor(239, 159).alpha() in (0, 255)
    shown = np.frombuffer(image.constBits(), np.uint32)
    assert 1000 < np.count_nonzero(shown) < shown.size


def test_a_graph_that_is_mostly_in_sight_has_no_map(pane: GraphPane) -> None:
    pane.canvas.zoom_by(1.15)
    assert not pane.minimap.isVisible()
    pane.canvas.zoom_by(2.0)
    assert pane.minimap.isVisible()
    share = pane.minimap.width() * pane.minimap.height()
    assert share < 0.07 * pane.canvas.width() * pane.canvas.height()
