"""The finished layout: boxes, routes and badges as the canvas takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.portals import Portals
from ui.graph.layout.problem import Whole
from ui.graph.layout.section import Drawing
from ui.graph.types import Badges, Frames, Layout


def assemble(
    whole: Whole, portals: Portals, drawing: Drawing, frames: Frames | None = None
) -> Layout:
    """Return the layout of a graph from the drawing of it with its badges."""
    problem = whole.problem
    n, m, k = len(whole.ids), len(whole.keys), len(portals.node)
    # Routes in the order of the graph's edges, then those of the stubs.
    name = portals.edge
    drawn = np.flatnonzero(name >= 0)
    counts = np.diff(drawing.starts)
    knots: NDArray[np.float32] = drawing.points.astype(np.float32)
    count = np.zeros(m + k, np.int64)
    count[name[drawn]] = counts[drawn]
    count[m:] = counts[name < 0]
    starts = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    boxes = drawing.boxes.astype(np.float32)
    badges = Badges(
        boxes[n:], portals.node.astype(np.int32), portals.far.astype(np.int32),
        portals.role.astype(np.uint8), portals.edges.astype(np.int32),
        portals.starts.astype(np.int32), knots[starts[m] :], starts[m:] - starts[m],
    )  # fmt: skip
    ends = np.stack([problem.src, problem.dst], axis=1).astype(np.int32)
    return Layout(
        whole.ids, boxes[:n], ends, whole.keys, problem.role.astype(np.uint8),
        knots[: starts[m]], starts[: m + 1], badges, frames or Frames.none(),
    )  # fmt: skip
