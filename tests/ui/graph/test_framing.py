"""Where the header of a frame has room."""

from __future__ import annotations

import numpy as np

from ui.graph.camera import Rect
from ui.graph.framing import Rooms


def test_a_header_has_room_beside_what_is_in_its_frame_and_not_over_it() -> None:
    boxes = np.array([[500.0, 10.0, 80.0, 30.0], [0.0, 10.0, 80.0, 30.0]])
    rooms = Rooms(np.array([10.0, 10.0]), boxes, np.array([0, 1, 2]))
    header = Rect(8.0, 4.0, 120.0, 20.0)
    assert rooms.is_free(0, header)
    assert not rooms.is_free(1, header)
