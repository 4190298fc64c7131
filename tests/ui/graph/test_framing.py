"""Where the header of a frame has room."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from tests.benchmarks import graphs
from ui.graph.camera import Rect, View
from ui.graph.framing import Rooms, headers, rooms_of
from ui.graph.layout import lay_out
from ui.graph.scene import Scene


def test_a_header_has_room_beside_what_is_in_its_frame_and_not_over_it() -> None:
    boxes = np.array([[500.0, 10.0, 80.0, 30.0], [0.0, 10.0, 80.0, 30.0]])
    rooms = Rooms(np.array([10.0, 10.0]), boxes, np.array([0, 1, 2]), np.full(2, np.inf))
    header = Rect(8.0, 4.0, 120.0, 20.0)
    assert rooms.is_free(0, header)
    assert not rooms.is_free(1, header)


def test_a_narrow_frame_names_its_module_without_the_class(qtbot: QtBot) -> None:
    graph = graphs.mlp(2)
    nest = graphs.layers_of(graph)
    graph.graph["captions"] = dict.fromkeys(nest.ids, ("attention · MultiheadAttention", "2 ops"))
    scene = Scene.build(graph, lay_out(graph, graphs.sizes(graph), nest=nest))
    narrow = float(scene.frames.boxes[0, 2])
    for pixels, title in ((600, "attention · MultiheadAttention"), (200, "attention")):
        shown = headers(scene, View(pixels / narrow, 0.0, 0.0), (2_000.0, 9_000.0))
        assert shown[1].title == title


def test_a_header_ends_before_the_line_that_comes_in_beside_it(qtbot: QtBot) -> None:
    graph = graphs.mlp(2)
    nest = graphs.layers_of(graph)
    graph.graph["captions"] = dict.fromkeys(nest.ids, ("fc · Linear", "2 operations"))
    scene = Scene.build(graph, lay_out(graph, graphs.sizes(graph), nest=nest))
    rooms = rooms_of(scene)
    inner = scene.frames.boxes[1].astype(float)
    assert inner[0] < rooms.lines[1] < inner[0] + inner[2]
    away = float(rooms.lines[1] - inner[0])
    for pixels, shown in ((300, ("fc · Linear", True)), (125, ("fc · Linear", False))):
        view = View(pixels / away, 0.0, 0.0)
        header = headers(scene, view, (4_000.0, 9_000.0), rooms)[1]
        assert header.title == shown[0]
        assert header.area.right() < rooms.lines[1] * view.scale
        assert (header.area.width() > 110) == shown[1]
