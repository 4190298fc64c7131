"""What an operation is and which visit a step is, as numbers that mean the same in two tapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.compare.result import Ids
from engine.tape.spans import spans
from engine.tape.tape import Tape

Keys = NDArray[np.int64]
Two = tuple[Keys, Keys]


def structures(a: Tape, b: Tape) -> Two:
    """Return per operation a number, equal where all but its values is.

    That is: its name, its arguments that are no tensors, which operations made its inputs, how many
    inputs and outputs it has, and whether it is in the graph.
    """
    names, params = _texts(a, b, "name"), _texts(a, b, "params")
    tapes, split = (a, b), len(a.ops)
    graph = [tape.ops["node"] >= 0 for tape in tapes]
    keys = np.concatenate(shapes(a, b))
    for column in (np.concatenate(params), np.concatenate(graph)):
        keys = _joined(keys, column)
    first, count, makers = _makers(tapes, names)
    for place in range(int(count.max(initial=0))):
        has = np.flatnonzero(count > place)
        one = np.full(len(keys), -2, np.int64)  # -1: a leaf
        one[has] = makers[first[has] + place]
        keys = _joined(keys, one)
    return keys[:split], keys[split:]


def shapes(a: Tape, b: Tape) -> Two:
    """Return per operation a number, equal where its name and how much goes in and out is."""
    keys = np.concatenate(_texts(a, b, "name"))
    for column in ("n_in", "n_out"):
        keys = _joined(keys, np.concatenate([tape.ops[column] for tape in (a, b)]))
    return keys[: len(a.ops)], keys[len(a.ops) :]


def twins(a: tuple[Ids, Ids], b: tuple[Ids, Ids]) -> Ids:
    """Return for each row of `a` the row of `b` with the same pair of numbers, or -1.

    Where several rows have the same pair, the first goes with the first, and so on.
    """
    split = len(a[0])
    keys = _joined(*(np.concatenate([x, y]).astype(np.int64) for x, y in zip(a, b, strict=True)))
    nth = np.concatenate([_nth(keys[:split]), _nth(keys[split:])])
    keys = _joined(keys, nth)
    ours, theirs = keys[:split], keys[split:]
    order = np.argsort(theirs)
    found = np.full(split, -1, np.int32)
    if len(theirs):
        at = np.minimum(np.searchsorted(theirs[order], ours), len(theirs) - 1)
        same = theirs[order][at] == ours
        found[same] = order[at[same]]
    return found


def _texts(a: Tape, b: Tape, column: str) -> Two:
    """Return a column of texts of operations as numbers that both tapes share."""
    known: dict[str, int] = {}
    found = []
    for tape in (a, b):
        kinds, where = np.unique(tape.ops[column], return_inverse=True)
        shared = [known.setdefault(tape.text(kind), len(known)) for kind in kinds.tolist()]
        found.append(np.array(shared, np.int64)[where])
    return found[0], found[1]


def _makers(tapes: tuple[Tape, Tape], names: Two) -> tuple[Keys, Keys, Keys]:
    """Return per operation where its inputs begin and how many they are, and what made each."""
    firsts, counts, makers = [], [], []
    before = 0
    for tape, name in zip(tapes, names, strict=True):
        count = tape.ops["n_in"].astype(np.int64)
        rows = spans(tape.ops["in0"], count)[1]
        made = tape.values["op"][tape.inputs["value"][rows]]
        makers.append(np.where(made >= 0, name[made], -1) if len(name) else made.astype(np.int64))
        firsts.append(before + np.cumsum(count) - count)
        counts.append(count)
        before += len(rows)
    return np.concatenate(firsts), np.concatenate(counts), np.concatenate(makers)


def _joined(keys: Keys, column: NDArray[Any]) -> Keys:
    """Return numbers from 0 on that are equal where both the key and the column are."""
    kinds, where = np.unique(column, return_inverse=True)
    both = keys * len(kinds) + where  # less than the square of the rows
    found: Keys = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return found


def _nth(keys: Keys) -> Keys:
    """Return for each element how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    sorted_ = keys[order]
    starts = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]])
    found = np.empty(len(keys), np.int64)
    lengths = np.diff(np.r_[starts, len(keys)])
    found[order] = np.arange(len(keys)) - np.repeat(starts, lengths)
    return found
