"""What can be counted in a drawing: crossings, boxes over boxes, edges through boxes, length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Layout

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SAMPLES = 10  # straight pieces per cubic
_COUNTED = 20_000  # nodes; above it crossings are not counted


class Drawing(NamedTuple):
    """boxes (n, 4) x, y, w, h; ends (m, 2) node numbers; points, starts as in Layout."""

    boxes: Floats
    ends: Ints
    points: Floats
    starts: Ints


class Marks(NamedTuple):
    """crossings is -1 where the drawing is too large to count them."""

    crossings: int
    overlaps: int
    through: int
    length: float


def drawing(layout: Layout) -> Drawing:
    """Return all that a layout draws: badges of portals are boxes, their stubs edges."""
    badges = layout.badges
    stubs = np.stack([len(layout.ids) + np.arange(len(badges)), badges.nodes], axis=1)
    return Drawing(
        np.concatenate([layout.boxes, badges.boxes]).astype(np.float64),
        np.concatenate([layout.edge_ends, stubs]).astype(np.int64),
        np.concatenate([layout.points, badges.points]).astype(np.float64),
        np.concatenate([layout.starts[:-1], badges.starts + layout.starts[-1]]).astype(np.int64),
    )


def judge(d: Drawing) -> Marks:
    """Count proper crossings of edges without a common end, overlapping boxes, edges that run
    through a box not theirs; and sum the lengths of the edges."""
    segments, edge = polylines(d.points, d.starts)
    length = float(np.hypot(*(segments[:, 1] - segments[:, 0]).T).sum())
    crossings = _crossings(segments, edge, d.ends) if len(d.boxes) < _COUNTED else -1
    return Marks(crossings, box_overlaps(d.boxes), edges_through(d), length)


def polylines(points: Floats, starts: Ints) -> tuple[Floats, Ints]:
    """Return straight pieces (k, 2, 2) of the Bezier routes and the edge that each belongs to."""
    count = np.maximum(np.diff(starts) - 1, 0) // 3
    edge = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    at = starts[edge] + 3 * nth
    t = np.linspace(0, 1, _SAMPLES + 1)[None, :, None]
    p0, p1, p2, p3 = (points[at + k][:, None, :] for k in range(4))
    curve = (1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3
    pieces = np.stack([curve[:, :-1], curve[:, 1:]], axis=2).reshape(-1, 2, 2)
    return pieces, np.repeat(edge, _SAMPLES)


def box_overlaps(boxes: Floats) -> int:
    """Count pairs of boxes that share more than half a unit in both directions."""
    order = np.argsort(boxes[:, 1], kind="stable")
    x0, y0 = boxes[order, 0], boxes[order, 1]
    x1, y1 = x0 + boxes[order, 2], y0 + boxes[order, 3]
    total = 0
    for i in range(len(boxes)):
        j = int(np.searchsorted(y0, y1[i] - 0.5))
        rest = slice(i + 1, j)
        total += int(((x0[rest] < x1[i] - 0.5) & (x1[rest] > x0[i] + 0.5)).sum())
    return total


def edges_through(d: Drawing) -> int:
    """Count edges of which a sampled point lies inside a box that is not one of its ends."""
    pieces, edge = polylines(d.points, d.starts)
    where = (pieces[:, 0] + pieces[:, 1]) / 2
    order = np.argsort(where[:, 1], kind="stable")
    where, edge = where[order], edge[order]
    hit: set[int] = set()
    for node, (x, y, w, h) in enumerate(d.boxes.tolist()):
        low, high = np.searchsorted(where[:, 1], [y + 1, y + h - 1])
        inside = (where[low:high, 0] > x + 1) & (where[low:high, 0] < x + w - 1)
        for e in edge[low:high][inside].tolist():
            if node not in d.ends[e]:
                hit.add(e)
    return len(hit)


def _crossings(segments: Floats, edge: Ints, ends: Ints) -> int:
    """Count by horizontal strips; a crossing belongs to the strip in which it lies."""
    strip = 24.0
    top, bottom = segments[:, :, 1].min(axis=1), segments[:, :, 1].max(axis=1)
    first, last = (top // strip).astype(np.int64), (bottom // strip).astype(np.int64)
    count = last - first + 1
    which = np.repeat(np.arange(len(segments)), count)
    index = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    bins = first[which] + index
    order = np.argsort(bins, kind="stable")
    which, bins = which[order], bins[order]
    total = 0
    for rows in np.split(np.arange(len(bins)), np.flatnonzero(np.diff(bins)) + 1):
        mine = which[rows]
        total += _crossings_in(segments[mine], edge[mine], ends, bins[rows[0]] * strip, strip)
    return total


def _crossings_in(s: Floats, edge: Ints, ends: Ints, top: float, strip: float) -> int:
    a, d = s[:, 0], s[:, 1] - s[:, 0]
    i, j = np.triu_indices(len(s), 1)
    fine = edge[i] != edge[j]
    i, j = i[fine], j[fine]
    cross = d[i, 0] * d[j, 1] - d[i, 1] * d[j, 0]
    offset = a[j] - a[i]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (offset[:, 0] * d[j, 1] - offset[:, 1] * d[j, 0]) / cross
        u = (offset[:, 0] * d[i, 1] - offset[:, 1] * d[i, 0]) / cross
        hit = (t >= 0) & (t < 1) & (u >= 0) & (u < 1) & (np.abs(cross) > 1e-9)
    i, j, t = i[hit], j[hit], t[hit]
    y = a[i, 1] + t * d[i, 1]
    common = (ends[edge[i]][:, :, None] == ends[edge[j]][:, None, :]).any(axis=(1, 2))
    return int((~common & (y >= top) & (y < top + strip)).sum())
