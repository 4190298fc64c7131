"""From top-down to left-right and back: the same drawing with its axes changed."""

from __future__ import annotations

from dataclasses import replace

from ui.graph.types import Layout

_AXES = [1, 0, 3, 2]  # of boxes


def turned(layout: Layout) -> Layout:
    """Return a top-down layout from left to right, or one from left to right top-down.

    What ran down runs right, and what stood right stands below, so that columns become rows in
    their order; the backward spine lies above the forward one. Boxes change width and height.
    """
    badges, frames = layout.badges, layout.frames
    return replace(
        layout,
        boxes=layout.boxes[:, _AXES],
        points=layout.points[:, ::-1],
        badges=replace(badges, boxes=badges.boxes[:, _AXES], points=badges.points[:, ::-1]),
        frames=replace(frames, boxes=frames.boxes[:, _AXES]),
        sideways=not layout.sideways,
    )
