"""Where the header of a frame has room."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from tests.benchmarks import graphs
from ui.graph.camera import Rect, View
from ui.graph.framing import Rooms, headers
from ui.graph.layout import lay_out
from ui.graph.scene import Scene


def test_a_header_has_room_beside_what_is_in_its_frame_and_not_over_it() -> None:
    boxes = np.array([[500.0, 10.0, 80.0, 30.0], [0.0, 10.0, 80.0, 30.0]])
    rooms = Rooms(np.array([10.0, 10.0]), boxes, np.array([0, 1, 2]))
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
