"""Columns: a ribbon too tall to be read at fit wraps at its waists, like text, to fill a screen.

The edges of a waist at which the drawing wraps run below their column, up the gutter and into the
next column from above, side by side and without crossing each other.
"""

from __future__ import annotations

from bisect import bisect_right
from math import sqrt

import numpy as np

from ui.graph.layout.problem import Floats, Ints

TALL = 1_850.0  # what is no higher can be read when all of it is in sight
GAIN = 1.18  # columns must show it so many times as large
ASPECT = 1.4  # width : height to aim for
_EXACT = 0.01  # by what part columns may be longer than they must
GUTTER = 110.0
_OUT, _LANE, _RADIUS = 34.0, 8.0, 14.0
_ROUND = 0.5523  # control points of a quarter circle


def limits(sideways: bool) -> tuple[float, float]:
    """Return the width : height to aim for, and how tall a drawing may be before it wraps.

    What will be turned may be longer: screens are wider than high.
    """
    return (1.0 / ASPECT, ASPECT * TALL) if sideways else (ASPECT, TALL)


def wrap(
    shift: Floats, low: Floats, high: Floats, first: Ints, sideways: bool = False,
    tall: float = 0.0,
) -> tuple[Floats, dict[int, float]]:  # fmt: skip
    """Return the sections' shifts in columns, and section -> left end of the column it begins.

    The first column of a part is not among them.

    shift: (s, 2) with all sections of a part below each other; low, high: (s, 2) the corners of
    each before it is shifted; first: the number of each part's first section; tall: how tall a part
    may be in one column, 0 for what can be read.
    """
    shift = shift.copy()
    lefts: dict[int, float] = {}
    for begin, end in zip(first.tolist(), [*first[1:].tolist(), len(shift)], strict=True):
        if end - begin > 1:
            part = slice(begin, end)
            found = _wrap_part(shift[part], low[part], high[part], sideways, tall)
            lefts |= {begin + k: left for k, left in found.items()}
    return shift, lefts


def _wrap_part(
    shift: Floats, low: Floats, high: Floats, sideways: bool, tall: float
) -> dict[int, float]:
    """Move the sections of one part in place; return where the ones that begin a column do."""
    lows, highs = low + shift, high + shift
    aspect, readable = limits(sideways)
    height = float(highs[:, 1].max() - lows[0, 1])
    if height < (tall or readable):
        return {}
    width, tallness = (highs - lows).T  # of most columns the width is that of most sections
    count = round(height * sqrt(aspect / float((width + GUTTER) @ tallness)))
    tries = [_breaks(lows, highs, n) for n in range(max(count - 1, 2), count + 3)]
    breaks = max(tries, key=lambda some: _scale(lows, highs, some, aspect), default=[])
    if _scale(lows, highs, breaks, aspect) < GAIN * _scale(lows, highs, [], aspect):
        return {}
    lefts = {}
    right, above = float(highs[: breaks[0], 0].max()), float(lows[0, 1])
    for begin, end in zip(breaks, [*breaks[1:], len(lows)], strict=True):
        lefts[begin] = right + GUTTER
        move = np.array([lefts[begin] - lows[begin:end, 0].min(), above - lows[begin, 1]])
        shift[begin:end] += move
        right = float(highs[begin:end, 0].max()) + move[0]
    return lefts


def _breaks(lows: Floats, highs: Floats, count: int) -> list[int]:
    """Return the sections that begin a column, but the first, for at most `count` equal ones.

    lows, highs: (s, 2) the corners of the sections below each other.
    """
    tops, ends = lows[:, 1].tolist(), np.maximum.accumulate(highs[:, 1]).tolist()
    short, long = (ends[-1] - tops[0]) / count, ends[-1] - tops[0]
    breaks = _filled(tops, ends, short)
    while len(breaks) >= count or long - short > _EXACT * long:
        middle = (short + long) / 2
        some = _filled(tops, ends, middle)
        if len(some) < count:
            breaks, long = some, middle
        else:
            short = middle
    return breaks


def _filled(tops: list[float], ends: list[float], longest: float) -> list[int]:
    """Return the sections that begin a column, but the first, where none is longer than that."""
    breaks, k = [], 0
    while (k := max(bisect_right(ends, tops[k] + longest), k + 1)) < len(tops):
        breaks.append(k)
    return breaks


def _scale(lows: Floats, highs: Floats, breaks: list[int], aspect: float) -> float:
    """Return how large all columns are drawn where they fit a screen of height 1."""
    begins = [0, *breaks]
    widths = np.maximum.reduceat(highs[:, 0], begins) - np.minimum.reduceat(lows[:, 0], begins)
    heights = np.maximum.reduceat(highs[:, 1], begins) - lows[begins, 1]
    width = float(widths.sum()) + GUTTER * len(breaks)
    return min(aspect / width, 1.0 / float(heights.max()))


def around(ports: Floats, goals: Floats, left: float, top: float) -> list[Floats]:
    """Return ways from `ports` (k, 2) to `goals` (k, 2) in the next column, as Bezier points.

    left: the x at which the next column begins; top: the y at which it does.
    """
    order = np.argsort(-ports[:, 0], kind="stable")
    lane = np.empty(len(order), np.int64)
    lane[order] = np.arange(len(order))
    step = min(_LANE, 0.5 * GUTTER / max(len(ports), 1))
    ways = []
    for (x, y), (x1, y1), i in zip(ports.tolist(), goals.tolist(), lane.tolist(), strict=True):
        below = y + _OUT + i * step
        column = left - 0.75 * GUTTER + i * step
        above = top - _OUT - (len(ports) - 1 - i) * step
        corners = [(x, y), (x, below), (column, below), (column, above), (x1, above), (x1, y1)]
        ways.append(_rounded(np.array(corners)))
    return ways


def _rounded(corners: Floats) -> Floats:
    """Return a rectangular way with round corners as Bezier points."""
    legs = np.diff(corners, axis=0)
    length = np.hypot(*legs.T)
    unit = legs / np.maximum(length, 1e-9)[:, None]
    knots = [corners[0]]
    points = [corners[:1]]
    for k in range(1, len(corners) - 1):
        r = min(_RADIUS, length[k - 1] / 2, length[k] / 2)
        a, b = corners[k] - unit[k - 1] * r, corners[k] + unit[k] * r
        points.append(_straight(knots[-1], a))
        points.append(np.array([a + unit[k - 1] * r * _ROUND, b - unit[k] * r * _ROUND, b]))
        knots.append(b)
    points.append(_straight(knots[-1], corners[-1]))
    return np.concatenate(points)


def _straight(a: Floats, b: Floats) -> Floats:
    return np.array([a + (b - a) / 3, a + (b - a) * 2 / 3, b])
