"""How an array relates to the one that was expected: the same, a multiple, transposed, elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Relation:
    """What makes one array of the other.

    kind: "same", "factor" (actual = factor × expected), "transposed", "summed" (actual is expected's
    sum over `axes`), "spread" (expected was broadcast), "some" (they differ at some elements), or
    "other". factor: for all but "some" and "other". where: the elements that differ, of "some".
    """

    kind: str
    factor: float = 1.0
    axes: tuple[int, ...] = ()
    where: NDArray[np.bool_] | None = None


def same(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two arrays are the same but for rounding."""
    if a.shape != b.shape:
        return False
    if not a.size:
        return True
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    with np.errstate(all="ignore"):
        return bool(np.abs(a - b).max() <= tolerance * size) if np.isfinite(size) else False


def factor(actual: Array, expected: Array, tolerance: float) -> float | None:
    """Return f with actual = f × expected for all elements, None where there is none."""
    if actual.shape != expected.shape or not actual.size or not expected.any() or not actual.any():
        return None
    a, e = (np.asarray(one, np.float64).ravel() for one in (actual, expected))
    found = float(a @ e / (e @ e))
    if not np.isfinite(found) or not found or not same(a, found * e, tolerance):
        return None
    return rounded(found, tolerance)


def rounded(number: float, tolerance: float) -> float:
    """Return the whole number, or the fraction of small ones, that a number is but for rounding."""
    for one in (number, 1 / number):
        near = Fraction(one).limit_denominator(12)
        if near and abs(float(near) - one) <= tolerance * abs(one):
            return float(near) if one is number else 1 / float(near)
    return number


def relate(actual: Array, expected: Array, tolerance: float) -> Relation:
    """Return how the actual array relates to the expected one."""
    actual, expected = (np.asarray(one, np.float64) for one in (actual, expected))
    if actual.shape == expected.shape:
        if same(actual, expected, tolerance):
            return Relation("same")
        found = factor(actual, expected, tolerance)
        if found is not None and actual.size > 1:
            return Relation("factor", found)
        if actual.ndim == 2 and actual.shape[0] == actual.shape[1]:
            found = factor(actual.T, expected, tolerance)
            if found is not None:
                return Relation("transposed", found)
        if found is None and actual.size == 1 and expected.any():
            found = rounded(float(actual.ravel()[0] / expected.ravel()[0]), tolerance)
        if actual.size == 1 and found:
            return Relation("factor", found)
        return _some(actual, expected, tolerance)
    return _shaped(actual, expected, tolerance)


def _some(actual: Array, expected: Array, tolerance: float) -> Relation:
    size = max(float(np.abs(actual).max()), float(np.abs(expected).max()))
    where = np.abs(actual - expected) > tolerance * size
    return Relation("some" if where.mean() <= 0.5 else "other", where=where)


def _shaped(actual: Array, expected: Array, tolerance: float) -> Relation:
    if actual.size == expected.size and actual.squeeze().shape == expected.squeeze().shape:
        return relate(actual.squeeze(), expected.squeeze(), tolerance)
    if actual.shape == expected.T.shape:
        found = factor(actual, expected.T, tolerance)
        if found is not None or same(actual, expected.T, tolerance):
            return Relation("transposed", found or 1.0)
    if expected.size > actual.size:
        axes = _summed_axes(expected.shape, actual.shape)
        if axes is not None:
            total = expected.sum(axes).reshape(actual.shape)
            found = factor(actual, total, tolerance)
            if found is not None:
                return Relation("summed", found, axes)
    else:
        try:
            spread = np.broadcast_to(expected, actual.shape)
        except ValueError:
            return Relation("other")
        found = factor(actual, spread, tolerance)
        if found is not None:
            return Relation("spread", found)
    return Relation("other")


def _summed_axes(wide: tuple[int, ...], narrow: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axes over which a sum makes the narrow shape of the wide one."""
    offset = len(wide) - len(narrow)
    if offset < 0:
        return None
    axes = list(range(offset))
    for i, size in enumerate(narrow):
        if wide[offset + i] != size:
            if size != 1:
                return None
            axes.append(offset + i)
    return tuple(axes)


def told(number: float) -> str:
    """Return a factor in words: "2", "1/16", "-1", "0.3"."""
    if number and abs(number) < 1 and abs(1 / number - round(1 / number)) < 1e-6:
        return f"{'-' if number < 0 else ''}1/{abs(round(1 / number)):,}"
    return f"{number:.6g}"
