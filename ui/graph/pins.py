"""Nodes and groups that a person has put elsewhere: a layout with them moved, edges following."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ui.graph.focus import Focus
from ui.graph.routes import spans
from ui.graph.types import Frames, Layout, NodeId, Role

Floats = NDArray[np.float64]

#: Where the middles of nodes are held, or those of the frames of groups, in scene units.
Pins = Mapping[NodeId, tuple[float, float]]
#: Which drawing of a graph pins are for: of what part, and whether it runs from left to right.
Sheet = tuple[Focus | None, bool]

_STIFF = 60.0  # up to so far a curve leaves its port straight
_SIDE = 12.0  # boxes less apart than this sideways are tied at their upper and lower sides
_PAD = 14.0  # between a frame and what was put to its edge


def pinned(layout: Layout, pins: Pins) -> Layout:
    """Return a layout in which the pinned nodes and groups that it has are where they are held.

    What is in a group goes with it, unless it is pinned itself; frames grow around what was put
    outside of them. Edges keep their ports, the badges of portals go along. All else stays.
    """
    at = {i: pins[node] for i, node in enumerate(layout.ids) if node in pins} if pins else {}
    frames = layout.frames
    if not at and not any(group in pins for group in frames.ids):
        return layout
    boxes = layout.boxes.astype(np.float64)
    shift, frame_shift = np.zeros((len(boxes), 2)), _frame_shifts(frames, pins)
    if len(frames):
        shift[frames.homes >= 0] = frame_shift[frames.homes[frames.homes >= 0]]
    for i, middle in at.items():
        shift[i] = np.array(middle) - (boxes[i, :2] + boxes[i, 2:] / 2)
    boxes[:, :2] += shift
    ends = np.asarray(layout.edge_ends, np.int64).reshape(-1, 2)
    pulled = (shift[ends] != 0).any(axis=(1, 2)) & (np.diff(layout.starts) > 0)
    ways = {}
    for e in np.flatnonzero(pulled).tolist():
        pair, role = ends[e], Role(int(layout.roles[e]))
        ways[e] = reshaped(way_of(layout, e), role, boxes[pair], shift[pair], layout.sideways)
    points, starts = _spliced(layout, ways)
    badges = layout.badges
    going = shift[badges.nodes]
    stubs = badges.points + np.repeat(going, np.diff(badges.starts), axis=0)
    places = badges.boxes.astype(np.float64)
    places[:, :2] += going
    moved = replace(
        badges, boxes=places.astype(np.float32), points=stubs.astype(np.float32).reshape(-1, 2)
    )
    if len(frames):
        frames = _grown(frames, frame_shift, boxes, places, badges.nodes)
    return replace(
        layout, boxes=boxes.astype(np.float32), points=points, starts=starts, badges=moved,
        frames=frames,
    )  # fmt: skip


def _frame_shifts(frames: Frames, pins: Pins) -> Floats:
    """Return (g, 2) how far each frame moves with the innermost pinned group that it is in."""
    shift = np.zeros((len(frames), 2))
    middles = frames.boxes[:, :2].astype(np.float64) + frames.boxes[:, 2:] / 2
    for k, (group, parent) in enumerate(zip(frames.ids, frames.parents.tolist(), strict=True)):
        if group in pins:
            shift[k] = np.array(pins[group]) - middles[k]
        elif parent >= 0:
            shift[k] = shift[parent]
    return shift


def shift_of(frames: Frames, pins: Pins, group: NodeId) -> tuple[float, float]:
    """Return how far a group's frame is moved by pins, before it grows."""
    x, y = _frame_shifts(frames, pins)[frames.ids.index(group)].tolist()
    return x, y


def _grown(
    frames: Frames, shift: Floats, boxes: Floats, badges: Floats, owners: NDArray[np.int32]
) -> Frames:
    """Return frames that are moved, and reach around what is in them; owners: of the badges."""
    low = frames.boxes[:, :2] + shift
    high = low + frames.boxes[:, 2:]
    held = np.concatenate([boxes, badges])
    home = np.concatenate([frames.homes, frames.homes[owners]])
    held, home = held[home >= 0], home[home >= 0]
    np.minimum.at(low, home, held[:, :2] - _PAD)
    np.maximum.at(high, home, held[:, :2] + held[:, 2:] + _PAD)
    for k in range(len(frames) - 1, -1, -1):
        around = int(frames.parents[k])
        if around >= 0:
            pad = _PAD * ((low[k] < low[around]) | (high[k] > high[around]))
            low[around] = np.minimum(low[around], low[k] - pad)
            high[around] = np.maximum(high[around], high[k] + pad)
    grown = np.concatenate([low, high - low], axis=1)
    return replace(frames, boxes=grown.astype(np.float32))


def way_of(layout: Layout, edge: int) -> Floats:
    """Return the Bezier points of an edge's route."""
    return layout.points[layout.starts[edge] : layout.starts[edge + 1]].astype(np.float64)


def reshaped(
    way: Floats, role: Role, boxes: Floats, shift: Floats, sideways: bool = False
) -> Floats:
    """Return a route (1 + 3k points) whose source and target moved by the rows of shift (2, 2).

    boxes: (2, 4) of x, y, width, height, where source and target are now. What lies between the
    first and the last bend stays.
    """
    if (shift[0] == shift[1]).all():
        return np.asarray(way + shift[0])
    if role == Role.TIE:
        return _tie(boxes)
    way = way.copy()
    down = np.array((1.0, 0.0) if sideways else (0.0, 1.0)) * (-1 if role == Role.GRAD else 1)
    way[0] += shift[0]
    way[-1] += shift[1]
    if len(way) == 4 or shift[0].any():
        _bend(way[:4], down)
    if len(way) > 4 and shift[1].any():
        _bend(way[-4:], down)
    return way


def _bend(curve: Floats, down: Floats) -> None:
    """Set the control points of a cubic so that it leaves and arrives along `down`, in place."""
    way = curve[3] - curve[0]
    reach = max(abs(float(way @ down)) / 2, min(_STIFF, float(np.hypot(*way)) / 3))
    curve[1] = curve[0] + down * reach
    curve[2] = curve[3] - down * reach


def _tie(boxes: Floats) -> Floats:
    """Return the straight line between the sides with which two boxes face each other."""
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    way, room = middles[1] - middles[0], (boxes[0, 2:] + boxes[1, 2:]) / 2
    axis = 0 if abs(way[0]) - room[0] >= min(_SIDE, abs(way[1]) - room[1]) else 1
    toward = np.sign(way[axis]) or 1.0
    start, goal = middles[0].copy(), middles[1].copy()
    start[axis] += toward * boxes[0, 2 + axis] / 2
    goal[axis] -= toward * boxes[1, 2 + axis] / 2
    return np.array([start + (goal - start) * share for share in (0.0, 1 / 3, 2 / 3, 1.0)])


def _spliced(
    layout: Layout, ways: Mapping[int, Floats]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return points and starts of a layout with some routes replaced."""
    counts = np.diff(layout.starts).astype(np.int64)
    changed = sorted(ways)
    kept = np.ones(len(counts), bool)
    kept[changed] = False
    old = spans(layout.starts[:-1][kept], layout.starts[1:][kept])
    for e in changed:
        counts[e] = len(ways[e])
    starts = np.concatenate([[0], np.cumsum(counts)])
    points = np.empty((int(starts[-1]), 2), np.float32)
    points[spans(starts[:-1][kept], starts[1:][kept])] = layout.points[old]
    for e in changed:
        points[starts[e] : starts[e + 1]] = ways[e]
    return points, starts.astype(np.int32)
