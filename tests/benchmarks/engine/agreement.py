"""Before anything is timed: do all peers compute the same gradients?"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmarks.engine.problems import Array

TOLERANCE = 2e-4  # of the largest element of a gradient; 10,000 float32 operations lead to some
LOOSE = 5e-3  # where training goes on from what was rounded, and Adam magnifies what is small
_EPSILON = float(np.finfo(np.float32).eps)


class Disagreement(Exception):
    """Two peers do not compute the same gradients."""


def check(key: str, names: list[str], ours: list[Any], peer: str, theirs: list[Any]) -> None:
    """Raise Disagreement unless shapes, types and values of two lists agree; names: of the leaves,
    none for what a training loop changed.

    A gradient may be 0 but for rounding (that of an attention's key bias is), so what is below the
    rounding of the largest of all gradients does not count.
    """
    mine, other = [np.asarray(g) for g in ours], [np.asarray(g) for g in theirs]
    largest = max(float(np.abs(a).max()) for a in mine)
    tolerance = TOLERANCE if names else LOOSE
    names = names or [f"result {k}" for k in range(len(ours))]
    for name, a, b in zip(names, mine, other, strict=True):
        if a.shape != b.shape or a.dtype != np.float32 or b.dtype != np.float32:
            raise Disagreement(
                f"workload {key}, {name}: ours is {a.dtype}{list(a.shape)}, "
                f"that of {peer} {b.dtype}{list(b.shape)}"
            )
        allowed = tolerance * float(np.abs(a).max()) + _EPSILON * largest
        if not (apart := _apart(a, b)) <= allowed:
            raise Disagreement(
                f"workload {key}, {name}: ours and that of {peer} are {apart:.2g} "
                f"apart, {allowed:.2g} is allowed"
            )


def _apart(a: Array, b: Array) -> float:
    return float(np.abs(a.astype(np.float64) - b).max())
