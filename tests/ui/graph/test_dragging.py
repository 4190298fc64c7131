"""Dragging nodes on the canvas: what is seen meanwhile, what is reported, what is given up."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.ui.graph.hands import LEFT, SHIFT, click, count, drag, frame, middle, move, picture
from tests.ui.graph.samples import backward_state, grad_fn, ladder, leaf, op, place
from ui import theme
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.pinmarks import PinMarks
from ui.graph.pins import pinned
from ui.graph.previews import preview_of
from ui.graph.scene import Scene
from ui.graph.types import Layout, NodeId


class Sample:
    """A graph on a canvas."""

    def __init__(self, canvas: GraphCanvas) -> None:
        self.graph = ladder(5)
        self.layout: Layout = place(self.graph, card_sizes(self.graph))
        self.canvas = canvas
        canvas.set_graph(self.graph, self.layout)

    def moved(self, places: dict[NodeId, tuple[float, float]]) -> Scene:
        return Scene.build(self.graph, pinned(self.layout, places))


@pytest.fixture
def sample(empty: GraphCanvas) -> Sample:
    return Sample(empty)


@pytest.fixture
def canvas(sample: Sample) -> GraphCanvas:
    return sample.canvas


def centre(sample: Sample, node: NodeId) -> np.ndarray:
    scene = sample.canvas.picture().scene
    return np.array(scene.box(scene.index[node]).centre)


def test_a_dragged_node_is_reported_and_the_camera_stays(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    before, view = centre(sample, op(2)), canvas.camera()
    with qtbot.waitSignal(canvas.nodes_dragged) as caught:
        drag(qtbot, canvas, middle(canvas, op(2)), QPoint(120, 30))
    (places,) = caught.args
    assert list(places) == [op(2)]
    assert np.array(places[op(2)]) - before == pytest.approx(np.array((120, 30)) / view.scale)
    assert canvas.camera() == view
    assert canvas.selected() == op(2)
    canvas.move_to(sample.moved(places))
    assert centre(sample, op(2)) == pytest.approx(places[op(2)], abs=1e-3)


def test_it_is_drawn_under_the_pointer_with_its_edges(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    plain = picture(canvas)
    start, way = middle(canvas, op(4)), QPoint(0, 60)
    qtbot.mousePress(canvas.viewport(), LEFT, pos=start)
    for share in (0.5, 1.0):
        move(canvas, start + way * share)
    dragged = picture(canvas)
    assert dragged != plain
    qtbot.mouseRelease(canvas.viewport(), LEFT, pos=start + way)
    dropped = picture(canvas)
    canvas.move_to(sample.moved({op(4): tuple(centre_after(sample, op(4), way))}))
    landed = picture(canvas)
    # From dragging to landing nothing jumps; only antialiasing may differ.
    for one, other in ((dragged, dropped), (dropped, landed)):
        a, b = (np.frombuffer(i.constBits(), np.uint8).astype(int) for i in (one, other))
        assert np.mean(np.abs(a - b) > 48) < 0.002


def centre_after(sample: Sample, node: NodeId, way: QPoint) -> np.ndarray:
    i = sample.layout.ids.index(node)
    box = sample.layout.boxes[i].astype(float)
    scale = sample.canvas.camera().scale
    return box[:2] + box[2:] / 2 + np.array((way.x(), way.y())) / scale


def test_what_is_lit_under_the_pointer_can_be_dragged(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    canvas.set_reduced_motion(False)
    for _, row in sample.graph.nodes(data=True):
        row["shape"] = (3,)
    canvas.set_graph(sample.graph, place(sample.graph, card_sizes(sample.graph)))
    canvas.center_on(op(2))
    canvas.zoom_by(2.0)
    near = np.ones(3, np.float32)
    canvas.set_previews({node: preview_of(near) for node in sample.layout.ids})
    qtbot.mouseMove(canvas.viewport(), QPoint(2, 2))
    plain, start = picture(canvas), middle(canvas, op(2))
    move(canvas, start, Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: picture(canvas) != plain)
    with qtbot.waitSignal(canvas.nodes_dragged):
        qtbot.mousePress(canvas.viewport(), LEFT, pos=start)
        move(canvas, start + QPoint(60, 30))
        frame(canvas)  # at once: what it lit fades
        qtbot.mouseRelease(canvas.viewport(), LEFT, pos=start + QPoint(60, 30))


def test_selected_nodes_are_dragged_together(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    canvas.pick([op(1), op(2), grad_fn(2)])
    with qtbot.waitSignal(canvas.nodes_dragged) as caught:
        drag(qtbot, canvas, middle(canvas, op(2)), QPoint(40, -20))
    (places,) = caught.args
    assert set(places) == {op(1), op(2), grad_fn(2)}
    canvas.move_to(sample.moved(places))
    assert set(canvas.picked()) == {op(1), op(2), grad_fn(2)}
    with qtbot.waitSignal(canvas.nodes_dragged) as caught:  # one that is not selected goes alone
        drag(qtbot, canvas, middle(canvas, leaf(4)), QPoint(20, 20))
    assert list(caught.args[0]) == [leaf(4)]


def test_escape_gives_a_drag_up(qtbot: QtBot, canvas: GraphCanvas, sample: Sample) -> None:
    click(qtbot, canvas, middle(canvas, op(2)))
    plain = picture(canvas)
    start = middle(canvas, op(2))
    with qtbot.assertNotEmitted(canvas.nodes_dragged):
        qtbot.mousePress(canvas.viewport(), LEFT, pos=start)
        move(canvas, start + QPoint(90, 40))
        assert picture(canvas) != plain
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        qtbot.mouseRelease(canvas.viewport(), LEFT, pos=start + QPoint(90, 40))
    assert canvas.selected() == op(2)
    qtbot.mouseMove(canvas.viewport(), QPoint(2, 2))
    assert picture(canvas) == plain


def test_from_afar_and_with_the_middle_button_one_pans(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    with qtbot.assertNotEmitted(canvas.nodes_dragged):
        before = canvas.camera()
        drag(qtbot, canvas, middle(canvas, op(2)), QPoint(30, 0), Qt.MouseButton.MiddleButton)
        assert canvas.camera().dx == before.dx + 30
        canvas.zoom_by(0.2)
        before = canvas.camera()
        drag(qtbot, canvas, middle(canvas, op(2)), QPoint(30, 0))
        assert canvas.camera().dx == before.dx + 30


def test_the_active_node_can_be_dragged(qtbot: QtBot, canvas: GraphCanvas, sample: Sample) -> None:
    state = backward_state(sample.graph, sample.layout, 3, {0: "+ 0.31"})
    canvas.set_state(state)
    node = sample.layout.ids[state.active]
    with qtbot.waitSignal(canvas.nodes_dragged) as caught:
        start = middle(canvas, node)
        qtbot.mousePress(canvas.viewport(), LEFT, pos=start)
        move(canvas, start + QPoint(-30, 30))
        picture(canvas)
        qtbot.mouseRelease(canvas.viewport(), LEFT, pos=start + QPoint(-30, 30))
    canvas.move_to(sample.moved(caught.args[0]))
    assert canvas.picture().tints.active == state.active  # the state is as it was
    assert count(picture(canvas), theme.load("dark").active) > 20


def test_a_band_begins_on_a_node_when_a_key_is_held(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    with qtbot.assertNotEmitted(canvas.nodes_dragged):
        drag(qtbot, canvas, middle(canvas, op(1)), QPoint(10, 120), held=SHIFT)
    assert {op(1), op(2)} <= set(canvas.picked())


def test_pins_are_marked_where_they_can_be_read(canvas: GraphCanvas, sample: Sample) -> None:
    accent = theme.load("dark").accent
    marks = PinMarks()
    canvas.add_layer(marks)
    plain = count(picture(canvas), accent)
    marks.set_nodes([canvas.picture().scene.index[op(2)]])
    assert count(picture(canvas), accent) > plain + 8
    canvas.zoom_by(0.3)
    assert count(picture(canvas), accent) <= plain
