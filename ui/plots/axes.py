"""Axes: a logarithmic one whose numbers have room, and one that counts in whole numbers."""

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


class CountAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of pyqtgraph's for what is counted: iterations, passes, events."""

    def tickSpacing(self, least: float, most: float, size: float) -> list[tuple[float, float]]:
        """Return the steps between numbers, coarse ones first: none is below one."""
        found: list[tuple[float, float]] = super().tickSpacing(least, most, size)
        return [(step, 0.0) for step in dict.fromkeys(max(round(step), 1) for step, _ in found)]


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
