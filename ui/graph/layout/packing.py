"""Shelves: several unconnected drawings beside and below each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

GAP = 64.0
_ASPECT = 1.6


def pack(sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the upper left corners of boxes of (width, height), in rows, in the given order."""
    area = sum([(w + GAP) * (h + GAP) for w, h in sizes])
    widest = max([w for w, _ in sizes], default=0.0)
    row = max(widest, sqrt(area * _ASPECT))
    corners = []
    x = y = tallest = 0.0
    for w, h in sizes:
        if x and x + w > row:
            x, y, tallest = 0.0, y + tallest + GAP, 0.0
        corners.append((x, y))
        x += w + GAP
        tallest = max(tallest, h)
    return corners
