"""Columns: a ribbon much taller than wide wraps at its waists, like text, so that it fits a screen.

The edges of a waist at which the drawing wraps run below their column, up the gutter and into the
next column from above, side by side and without crossing each other.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from ui.graph.layout.problem import Floats, Ints

_TALL, _SLIM = 2_800.0, 2.4  # a part higher than this, and than so many times its width, wraps
_ASPECT = 1.6  # width : height to aim for
_GUTTER = 110.0
_OUT, _LANE, _RADIUS = 34.0, 8.0, 14.0
_ROUND = 0.5523  # control points of a quarter circle


def wrap(
    shift: Floats, low: Floats, high: Floats, first: Ints, sideways: bool = False
) -> tuple[Floats, dict[int, float]]:
    """Return the sections' shifts in columns, and section -> left end of the column it begins.

    The first column of a part is not among them.

    shift: (s, 2) with all sections of a part below each other; low, high: (s, 2) the corners of
    each before it is shifted; first: the number of each part's first section.
    """
    shift = shift.copy()
    lefts: dict[int, float] = {}
    for begin, end in zip(first.tolist(), [*first[1:].tolist(), len(shift)], strict=True):
        if end - begin > 1:
            part = slice(begin, end)
            found = _wrap_part(shift[part], low[part], high[part], sideways)
            lefts |= {begin + k: left for k, left in found.items()}
    return shift, lefts


def _wrap_part(shift: Floats, low: Floats, high: Floats, sideways: bool) -> dict[int, float]:
    """Move the sections of one part in place; return where the ones that begin a column do."""
    lows, highs = low + shift, high + shift
    width, height = (highs.max(axis=0) - lows.min(axis=0)).tolist()
    # What will be turned may be longer: screens are wider than high.
    aspect, tall, slim = _ASPECT, _TALL, _SLIM
    if sideways:
        aspect, tall, slim = 1.0 / _ASPECT, _ASPECT * _TALL, _ASPECT**2 * _SLIM
    if height < max(tall, slim * width):
        return {}
    target = height / max(round(sqrt(aspect * height / (width + _GUTTER))), 1)
    tops, ends = lows[:, 1].tolist(), highs[:, 1].tolist()
    breaks, top = [], tops[0]
    for k in range(1, len(tops)):
        if ends[k] - top > 1.15 * target:
            breaks.append(k)
            top = tops[k]
    right, above = float(highs[: (breaks or [len(tops)])[0], 0].max()), tops[0]
    lefts = {}
    for begin, end in zip(breaks, [*breaks[1:], len(tops)], strict=True):
        lefts[begin] = right + _GUTTER
        move = np.array([lefts[begin] - lows[begin:end, 0].min(), above - tops[begin]])
        shift[begin:end] += move
        right = float(highs[begin:end, 0].max()) + move[0]
    return lefts


def around(ports: Floats, goals: Floats, left: float, top: float) -> list[Floats]:
    """Return ways from `ports` (k, 2) to `goals` (k, 2) in the next column, as Bezier points.

    left: the x at which the next column begins; top: the y at which it does.
    """
    order = np.argsort(-ports[:, 0], kind="stable")
    lane = np.empty(len(order), np.int64)
    lane[order] = np.arange(len(order))
    step = min(_LANE, 0.5 * _GUTTER / max(len(ports), 1))
    ways = []
    for (x, y), (x1, y1), i in zip(ports.tolist(), goals.tolist(), lane.tolist(), strict=True):
        below = y + _OUT + i * step
        column = left - 0.75 * _GUTTER + i * step
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
