"""Lanes beside the drawing for edges that run too far to thread them through the ranks."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from ui.graph.layout.problem import Floats, Ints, Problem
from ui.graph.types import Role

LANE_GAP = 10.0
LANE_MARGIN = 30.0


def lane_positions(
    problem: Problem, laned: Ints, upper: Ints, rank: Ints, lower: Ints, middle: Floats
) -> Floats:
    """Return per edge the x of its lane (0 for the others): data right, gradients left.

    Edges of one hub share a lane; hubs whose stretches do not meet share a place.
    """
    lane = np.zeros(len(problem.src))
    if not len(laned):
        return lane
    left = float((middle - problem.width / 2).min()) - LANE_MARGIN
    right = float((middle + problem.width / 2).max()) + LANE_MARGIN
    for is_left in (True, False):
        mine = laned[(problem.role[laned] == Role.GRAD) == is_left]
        track = _tracks(problem, mine, upper, rank, lower)
        lane[mine] = left - LANE_GAP * track if is_left else right + LANE_GAP * track
    return lane


def _tracks(problem: Problem, edges: Ints, upper: Ints, rank: Ints, lower: Ints) -> Ints:
    """Colour the stretches of hubs greedily, so that no two on one track overlap."""
    stretches: dict[tuple[int, int], tuple[int, int]] = {}
    hubs = list(zip(upper[edges].tolist(), problem.parallel[edges].tolist(), strict=True))
    ends = np.stack([rank[upper[edges]], rank[lower[edges]]])
    for hub, a, b in zip(hubs, ends.min(axis=0).tolist(), ends.max(axis=0).tolist(), strict=True):
        low, high = stretches.get(hub, (a, b))
        stretches[hub] = min(low, a), max(high, b)
    track: dict[tuple[int, int], int] = {}
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    for hub, (low, high) in sorted(stretches.items(), key=lambda item: (item[1], item[0])):
        while busy and busy[0][0] < low:
            heappush(free, heappop(busy)[1])
        track[hub] = heappop(free) if free else len(busy)
        heappush(busy, (high, track[hub]))
    return np.array([track[hub] for hub in hubs], np.int64)
