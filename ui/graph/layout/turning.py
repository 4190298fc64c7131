"""From top-down to left-right and back: the same drawing with its axes changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Layout

Array = NDArray[Any]


def turned(layout: Layout) -> Layout:
    """Return a top-down layout from left to right, or one from left to right top-down.

    What ran down runs right; what stood right stands above, so that the forward spine lies above
    the backward one. Boxes change width and height.
    """
    back = layout.sideways
    badges, frames = layout.badges, layout.frames
    return replace(
        layout,
        boxes=_boxes(layout.boxes, back),
        points=_points(layout.points, back),
        badges=replace(
            badges, boxes=_boxes(badges.boxes, back), points=_points(badges.points, back)
        ),
        frames=replace(frames, boxes=_boxes(frames.boxes, back)),
        sideways=not back,
    )


def _points(points: Array, back: bool) -> Array:
    """Return (k, 2) points: (x, y) becomes (y, -x); back, (-y, x)."""
    x, y = points.T
    return np.stack([-y, x] if back else [y, -x], axis=1)


def _boxes(boxes: Array, back: bool) -> Array:
    x, y, width, height = boxes.T
    corners = [-(y + height), x] if back else [y, -(x + width)]
    return np.stack([*corners, height, width], axis=1)
