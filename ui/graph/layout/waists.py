"""Waists: the units through which all lines of a deep graph run, and which of them it is cut at."""

from __future__ import annotations

import numpy as np

from ui.graph.layout.orient import Orientation
from ui.graph.layout.problem import Bools, Floats, Ints, Problem
from ui.graph.layout.shape import rows_of
from ui.graph.types import Kind

_WHOLE = 150  # a connected part of fewer nodes is one section, unless it is tall
_LEAST = 40  # nodes of a section
#: Of tall parts: nodes of the part at most, and of a section. With frames, which are tall
#: themselves, the second row counts up to _FRAMED nodes.
_FINE = (150, 6), (1_500, 12)
_FRAMED = 3_000


def least_sizes(problem: Problem, part: Ints, rank: Ints, tall: float) -> Ints:
    """Return for each part how many nodes a section of it has at least, 0 if it is one section."""
    n_parts = int(part.max(initial=-1)) + 1
    if not n_parts:
        return np.zeros(0, np.int64)
    size = np.bincount(part, problem.weight, n_parts)
    least = np.where(size >= _WHOLE, _LEAST, 0)
    height = rows_of(problem.width, problem.height, rank, part, n_parts).heights()
    fine = np.full(n_parts, _LEAST)
    fine[size <= (_FRAMED if problem.groups.any() else _FINE[1][0])] = _FINE[1][1]
    fine[size <= _FINE[0][0]] = _FINE[0][1]
    return np.where(height >= tall, fine, least)


def find_waists(
    problem: Problem, orientation: Orientation, of: Ints, part: Ints, rank: Ints, least: Ints
) -> tuple[Ints, Ints, int]:
    """Return the units at which to cut, the section of every node, and how many there are.

    A waist is the only unit of its rank that anything leads to, or a group, and no edge passes its
    rank. The leaves beside it belong to the section below.
    """
    n_parts = int(part.max(initial=-1)) + 1
    depth = np.zeros(n_parts, np.int64)
    np.maximum.at(depth, part, rank + 2)
    base = np.cumsum(depth) - depth
    level = base[part] + rank  # a row of its own for every rank of every part
    total = int(depth.sum())
    if not orientation.sound or not least.any():
        return np.zeros(0, np.int64), part, n_parts
    a, b = level[problem.src], level[problem.dst]
    low, high = np.minimum(a, b), np.maximum(a, b)
    down = high > low
    begun = np.bincount(low[down] + 1, minlength=total + 1)
    passing = np.cumsum(begun - np.bincount(high[down], minlength=total + 1))
    fed, feeding = _linked(problem, of, low, high, level)
    unit_level = np.zeros(len(orientation.units.op), np.int64)
    unit_level[of] = level
    fed_units = np.flatnonzero(fed)
    crowd = np.bincount(unit_level[fed_units], minlength=total)
    fine = feeding[fed_units] & (crowd[unit_level[fed_units]] == 1)
    fine &= passing[unit_level[fed_units]] == 0
    units = fed_units[fine]
    units = units[np.argsort(unit_level[units], kind="stable")]
    crowds = np.bincount(level, problem.weight, total).astype(np.float64)
    chosen = _far_apart(units, unit_level, crowds, base, of, part, problem.weight, least)
    at = unit_level[chosen]
    before = np.searchsorted(at, level, side="left")
    here = np.minimum(before, max(len(at) - 1, 0))
    beside = np.zeros(len(level), bool)
    if len(at):
        beside = (at[here] == level) & (chosen[here] != of)
    section = before + beside + part
    return chosen, section, n_parts + len(chosen)


def _linked(problem: Problem, of: Ints, low: Ints, high: Ints, level: Ints) -> tuple[Bools, Bools]:
    """Return per unit whether anything leads down to it, which counts as true for a group, and
    whether it leads down anywhere."""
    n_units = int(of.max(initial=-1)) + 1
    fed, feeding = np.zeros(n_units, bool), np.zeros(n_units, bool)
    down = high > low
    first = level[problem.src] == low
    upper = np.where(first, problem.src, problem.dst)
    lower = np.where(first, problem.dst, problem.src)
    feeding[of[upper[down]]] = True
    fed[of[lower[down]]] = True
    fed[of[problem.kind == Kind.GROUP]] = True  # it stands beside nothing, as a leaf would
    return fed, feeding


def _far_apart(
    units: Ints, level: Ints, crowd: Floats, base: Ints, of: Ints, part: Ints, weight: Ints,
    least: Ints,
) -> Ints:  # fmt: skip
    """Choose waists so that no section is small; the last waist of a part also ends one."""
    held = np.zeros(len(level), np.int64)
    heavy = np.flatnonzero(weight > 1)
    held[of[heavy]] = weight[heavy] - 1
    part_of = np.zeros(len(level), np.int64)
    part_of[of] = part
    units = units[least[part_of[units]] > 0]
    above = np.concatenate([[0], np.cumsum(crowd)])
    begin, end = above[base], above[np.append(base[1:], len(crowd))]
    # What a group at a waist holds belongs to the section that it ends.
    passed = (above[level[units]] + held[units]).tolist()
    first, final, fewest = (x[part_of[units]].tolist() for x in (begin, end, least))
    chosen, last, now = [], 0.0, -1.0
    rows = zip(units.tolist(), passed, first, final, fewest, strict=True)
    for unit, past, low, high, few in rows:
        if low != now:
            now, last = low, low
        if past - last >= few and high - past >= few:
            chosen.append(unit)
            last = past
    return np.array(chosen, np.int64)
