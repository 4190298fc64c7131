"""Which rows of two tapes are equal, seen column by column: only the others are looked at alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.compare.pairs import Pairs
from engine.tape.compare.result import Bools, Ids
from engine.tape.spans import spans
from engine.tape.tape import Tape

#: Columns of arrays: where all are equal, the arrays are.
CHECKED = ["crc", "nbytes", "dtype", "flags"]


def same_ops(pairs: Pairs) -> Bools:
    """Return for each operation whether it has a twin of equal arguments and results."""
    a, b = pairs.a, pairs.b
    same = pairs.ops >= 0
    ops = np.flatnonzero(same)
    owner, outs = spans(a.ops["out0"][ops], a.ops["n_out"][ops])
    twins = pairs.values[outs]
    one, two = a.values["array"][outs], b.values["array"][twins]
    kept = (one >= 0) & (two >= 0)
    shapes = _equal(
        a.values["shape"][outs], b.values["shape"][twins], lambda x, y: a.shape(x) == b.shape(y)
    )
    alike = ~kept | (shapes & _same_arrays(a, b, one, two))
    same[ops[owner[~alike]]] = False
    same[ops] &= _equal(
        a.ops["params"][ops], b.ops["params"][pairs.ops[ops]],
        lambda x, y: a.text(x) == b.text(y),
    )  # fmt: skip
    return same


def same_steps(pairs: Pairs) -> Bools:
    """Return for each step whether it has a twin that sent the same."""
    a, b = pairs.a, pairs.b
    same = pairs.steps >= 0
    steps = np.flatnonzero(same)
    twins = pairs.steps[steps]
    count = a.steps["n_contrib"][steps]
    many = count == b.steps["n_contrib"][twins]
    same[steps[~many]] = False
    steps, twins, count = steps[many], twins[many], count[many]
    owner, rows = spans(a.steps["contrib0"][steps], count)
    _, others = spans(b.steps["contrib0"][twins], count)
    sent, theirs = a.contributions, b.contributions
    one, two = sent["array"][rows], theirs["array"][others]
    alike = (sent["slot"][rows] == theirs["slot"][others]) & (one >= 0) & (two >= 0)
    alike &= _same_arrays(a, b, one, two)
    same[steps[owner[~alike]]] = False
    return same


def _same_arrays(a: Tape, b: Tape, one: Ids, two: Ids) -> Bools:
    """Return which pairs of rows of arrays are equal by their checksums; -1 says nothing."""
    same = np.ones(len(one), np.bool_)
    for column in CHECKED:
        same &= a.arrays[column][one] == b.arrays[column][two]
    return same


def _equal(one: NDArray[Any], two: NDArray[Any], same: Callable[[int, int], bool]) -> Bools:
    """Return for each pair of ids of two tapes whether they mean the same; asks once per kind."""
    if not len(one):
        return np.ones(0, np.bool_)
    most = int(two.max()) + 2  # -1 is an id, too
    kinds, where = np.unique((one.astype(np.int64) + 1) * most + two + 1, return_inverse=True)
    known = [same(kind // most - 1, kind % most - 1) for kind in kinds.tolist()]
    return np.array(known, np.bool_)[where]
