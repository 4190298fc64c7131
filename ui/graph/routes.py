"""Routes as line segments: Bezier routes flattened once, so that drawing them is one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Role

Indices = NDArray[np.intp]

#: A curve has so many pieces that it is off by a tenth of a unit; fewer where there are many.
MOST_STEPS, MOST_STEPS_OF_MANY, MANY = 40, 14, 20_000
ARROW = 7.0  # length of an arrow head, scene units
DASH, GAP = 3.0, 3.0


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes of a layout.

    beziers: float64 (k, 4, 2), cubic segments, those of route i from bezier_starts[i]; lines:
    float32 (p, 4) of x1, y1, x2, y2, drawn for route i from line_starts[i] (ties are dashed);
    paths: float32 (q, 2), the flattened points of route i from path_starts[i]; tips, directions:
    float64 (m, 2), where the arrow head points and its unit vector; boxes: float64 (m, 4).
    """

    beziers: NDArray[np.float64]
    bezier_starts: Indices
    lines: NDArray[np.float32]
    line_starts: Indices
    paths: NDArray[np.float32]
    path_starts: Indices
    tips: NDArray[np.float64]
    directions: NDArray[np.float64]
    boxes: NDArray[np.float64]

    def lines_of(self, edges: Indices) -> NDArray[np.float64]:
        some = self.lines[spans(self.line_starts[edges], self.line_starts[edges + 1])]
        return some.astype(np.float64)

    def chords_of(self, edges: Indices) -> NDArray[np.float64]:
        """Return one straight line per Bezier segment: what is left of a route from afar."""
        some = spans(self.bezier_starts[edges], self.bezier_starts[edges + 1])
        return np.concatenate([self.beziers[some, 0], self.beziers[some, 3]], axis=1)

    def path_of(self, edge: int) -> NDArray[np.float64]:
        return self.paths[self.path_starts[edge] : self.path_starts[edge + 1]].astype(np.float64)

    def beziers_of(self, edge: int) -> NDArray[np.float64]:
        return self.beziers[self.bezier_starts[edge] : self.bezier_starts[edge + 1]]


def spans(first: NDArray[Any], last: NDArray[Any]) -> Indices:
    """Return first[0] .. last[0] - 1, first[1] .. last[1] - 1, ... in a row."""
    lengths = np.asarray(last - first, np.intp)
    before = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(int(lengths.sum())) + np.repeat(first - before, lengths), np.intp)


def flatten(
    points: NDArray[np.float32], starts: NDArray[np.int32], roles: NDArray[np.uint8]
) -> Routes:
    """Return the routes of a layout (see `Layout` for `points` and `starts`) as line segments."""
    where = np.asarray(starts, np.intp)
    count = np.maximum(np.diff(where) - 1, 0) // 3
    owner = np.repeat(np.arange(len(count)), count)
    bezier_starts = np.concatenate([[0], np.cumsum(count)]).astype(np.intp)
    first = where[:-1][owner] + 3 * (np.arange(len(owner)) - bezier_starts[:-1][owner])
    beziers = np.asarray(points, np.float64).reshape(-1, 2)[first[:, None] + np.arange(4)]
    paths, path_starts = _paths(beziers, owner, count)
    tips, directions = _tips(beziers, bezier_starts, count)
    lines, line_starts = _lines(paths, path_starts, roles, tips, directions)
    return Routes(
        beziers, bezier_starts, lines, line_starts, paths.astype(np.float32),
        path_starts, tips, directions,
        _boxes(paths, path_starts),
    )  # fmt: skip


def _paths(
    beziers: NDArray[np.float64], owner: Indices, count: Indices
) -> tuple[NDArray[np.float64], Indices]:
    """Return the points of all routes in a row, and where each begins."""
    start = beziers[:, :1]
    spread = beziers - start
    chord = spread[:, 3]
    off = np.abs(spread[:, 1:3, 0] * chord[:, None, 1] - spread[:, 1:3, 1] * chord[:, None, 0])
    length = np.hypot(*chord.T)
    bent = np.maximum(off[:, 0], off[:, 1]) > 0.25 * np.maximum(length, 1e-9)
    # Error of n chords of a cubic: |second difference| * 6 / (8 n^2).
    bend = np.maximum(*np.hypot(*np.moveaxis(np.diff(beziers, n=2, axis=1), 2, 0)).T)
    most = MOST_STEPS if len(beziers) < MANY else MOST_STEPS_OF_MANY
    steps = np.where(bent, np.clip(np.ceil(np.sqrt(7.5 * bend)), 4, most), 1).astype(np.intp)
    which = np.repeat(np.arange(len(beziers)), steps)
    place = np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps) + 1
    rest = beziers[which, 3]
    curved = np.flatnonzero(bent[which])
    t = (place / steps[which])[curved, None]
    a, b, c, d = (beziers[which[curved], i] for i in range(4))
    rest[curved] = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    # Each route: its first point, then the end of every step.
    made = np.bincount(owner[which], minlength=len(count))
    sizes = np.where(count > 0, made + 1, 0)
    path_starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    paths = np.empty((int(path_starts[-1]), 2))
    is_first = np.zeros(len(paths), np.bool_)
    is_first[path_starts[:-1][count > 0]] = True
    paths[~is_first] = rest
    paths[is_first] = beziers[(np.cumsum(count) - count)[count > 0], 0]
    return paths, path_starts


def _tips(
    beziers: NDArray[np.float64], bezier_starts: Indices, count: Indices
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tips = np.zeros((len(count), 2))
    directions = np.zeros((len(count), 2))
    drawn = count > 0
    last = beziers[bezier_starts[1:][drawn] - 1]
    tips[drawn] = last[:, 3]
    toward = last[:, 3] - last[:, 2]
    flat = np.hypot(*toward.T) < 1e-6
    toward[flat] = last[flat, 3] - last[flat, 0]
    directions[drawn] = toward / np.maximum(np.hypot(*toward.T), 1e-9)[:, None]
    return tips, directions


def _lines(
    paths: NDArray[np.float64],
    path_starts: Indices,
    roles: NDArray[np.uint8],
    tips: NDArray[np.float64],
    directions: NDArray[np.float64],
) -> tuple[NDArray[np.float32], Indices]:
    """Return what is stroked: solid routes up to their arrow head, ties in dashes."""
    sizes = np.diff(path_starts)
    pieces = np.maximum(sizes - 1, 0)
    at = spans(path_starts[:-1], path_starts[:-1] + pieces)
    owner = np.repeat(np.arange(len(sizes)), pieces)
    lines = np.concatenate([paths[at], paths[at + 1]], axis=1, dtype=np.float32)
    ties = roles[owner] == Role.TIE
    ends = np.flatnonzero(np.append(owner[1:] != owner[:-1], True)[: len(owner)] & ~ties)
    lines[ends, 2:] = (tips - directions * ARROW * 0.6)[owner[ends]]
    dashes, dash_owner = _dashed(lines[ties].astype(np.float64), owner[ties])
    everything = np.concatenate([lines[~ties], dashes], dtype=np.float32)
    owners = np.concatenate([owner[~ties], dash_owner])
    order = np.argsort(owners, kind="stable")
    line_starts = np.searchsorted(owners[order], np.arange(len(sizes) + 1))
    return everything[order], line_starts.astype(np.intp)


def _dashed(lines: NDArray[np.float64], owner: Indices) -> tuple[NDArray[np.float64], Indices]:
    """Return the dashes along polylines; all of them lie on one long ruler, each at its stretch."""
    if not len(lines):
        return lines, owner
    ruler = np.concatenate([[0.0], np.cumsum(np.hypot(*(lines[:, 2:] - lines[:, :2]).T))])
    begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    low, high = ruler[begins], ruler[np.append(begins[1:], len(lines))]
    number = np.maximum(np.ceil((high - low) / (DASH + GAP)), 1).astype(np.intp)
    which = np.repeat(np.arange(len(begins)), number)
    on = low[which] + (np.arange(len(which)) - (np.cumsum(number) - number)[which]) * (DASH + GAP)
    off = np.minimum(on + DASH, high[which])
    # A dash that ends where the next polyline begins still belongs to its own.
    first = np.searchsorted(ruler, on, side="right") - 1
    last = np.searchsorted(ruler, off, side="left") - 1
    dashes = np.concatenate([_along(lines, ruler, on, first), _along(lines, ruler, off, last)], 1)
    return dashes, owner[begins][which]


def _along(
    lines: NDArray[np.float64],
    ruler: NDArray[np.float64],
    at: NDArray[np.float64],
    piece: Indices,
) -> NDArray[np.float64]:
    piece = np.clip(piece, 0, len(lines) - 1)
    length = np.maximum(ruler[piece + 1] - ruler[piece], 1e-9)
    share = np.clip((at - ruler[piece]) / length, 0.0, 1.0)[:, None]
    return np.asarray(lines[piece, :2] + (lines[piece, 2:] - lines[piece, :2]) * share)


def _boxes(paths: NDArray[np.float64], path_starts: Indices) -> NDArray[np.float64]:
    boxes = np.full((len(path_starts) - 1, 4), np.nan)  # a route that is not drawn touches nothing
    drawn = np.diff(path_starts) > 0
    if drawn.any():
        begins = path_starts[:-1][drawn]
        low = np.minimum.reduceat(paths, begins)
        high = np.maximum.reduceat(paths, begins)
        boxes[drawn] = np.concatenate([low - ARROW, high - low + 2 * ARROW], axis=1)
    return boxes
