"""A logarithmic axis whose numbers have room: 1, 2, 5 of each decade, or fewer."""

from __future__ import annotations

import math

import pyqtgraph as pg  # type: ignore[import-untyped]

_LINE = 18.0  # px between numbers


class DecadeAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of pyqtgraph's; where it is logarithmic, with numbers that stay apart."""

    def tickValues(
        self, least: float, most: float, size: float
    ) -> list[tuple[float | None, list[float]]]:
        """Return the places of numbers, in powers of ten where the axis is logarithmic."""
        if self.logMode and (found := log_ticks(least, most, size)):
            return [(1.0, found)]
        found_by_it: list[tuple[float | None, list[float]]] = super().tickValues(least, most, size)
        return found_by_it


def log_ticks(least: float, most: float, size: float) -> list[float]:
    """Return exponents of ten between two, apart by a line of text on an axis of `size` px.

    [] where there would be fewer than two.
    """
    decade = size / max(most - least, 1e-9)
    parts = (1, 2, 5) if decade * math.log10(2) >= _LINE else (1,)
    stride = max(math.ceil(_LINE / decade), 1)
    found = [
        whole + math.log10(part)
        for whole in range(math.floor(least), math.ceil(most) + 1)
        if whole % stride == 0
        for part in parts
    ]
    inside = [one for one in found if least <= one <= most]
    return inside if len(inside) > 1 else []
