"""Shelves: several unconnected drawings beside and below each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

GAP = 64.0
_ASPECT = 1.6


def pack(
    sizes: Sequence[tuple[float, float]], through: Sequence[bool], sideways: bool = False
) -> list[tuple[float, float]]:
    """Return the upper left corners of boxes of (width, height), in rows, in the given order.

    through: which have lines that go on above and below them; these stand beside all others.
    """
    area = sum(
        [(w + GAP) * (h + GAP) for (w, h), free in zip(sizes, through, strict=True) if not free]
    )
    widest = max([w for (w, _), free in zip(sizes, through, strict=True) if not free], default=0.0)
    row = max(widest, sqrt(area * (1.0 / _ASPECT if sideways else _ASPECT)))
    aside = 0.0
    corners = [(0.0, 0.0)] * len(sizes)
    for k, (w, _) in enumerate(sizes):
        if through[k]:
            corners[k] = aside, 0.0
            aside += w + GAP
    x = y = tallest = 0.0
    for k, (w, h) in enumerate(sizes):
        if through[k]:
            continue
        if x and x + w > row:
            x, y, tallest = 0.0, y + tallest + GAP, 0.0
        corners[k] = aside + x, y
        x += w + GAP
        tallest = max(tallest, h)
    return corners
