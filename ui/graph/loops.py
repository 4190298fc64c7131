"""Loops in a row of operations: stretches that repeat, found without the code.

Each operation is a token (where in the code, what operation). An unrolled loop is a stretch whose
tokens come again at one distance; loops within loops are stretches within one iteration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ui.graph.partition import Ints

_DEEPEST = 3  # loops in loops
_CANDIDATES = 24  # distances that are tried


@dataclass(frozen=True, slots=True)
class Loop:
    """starts: where the iterations begin; stop: where the last ends; inner: the loops of the first
    iteration, which all others have at the same places."""

    starts: list[int]
    stop: int
    inner: list[Loop]

    def moved(self, by: int) -> Loop:
        inner = [loop.moved(by) for loop in self.inner]
        return replace(
            self, starts=[at + by for at in self.starts], stop=self.stop + by, inner=inner
        )


def find_loops(tokens: Ints, depth: int = 0, begin: int = 0) -> list[Loop]:
    """Return the loops in a row of (n,) tokens, in order; `begin` is added to all places."""
    loops = []
    stretches = [(0, len(tokens))] if depth < _DEEPEST else []
    while stretches:
        low, high = stretches.pop()
        found = _longest(tokens[low:high])
        if found is None:
            continue
        first, period, count = found
        first += low
        stop = first + period * count
        inner = find_loops(tokens[first : first + period], depth + 1, begin + first)
        starts = [begin + first + period * k for k in range(count)]
        loops.append(Loop(starts, begin + stop, inner))
        stretches += [(low, first), (stop, high)]
    return sorted(loops, key=lambda loop: loop.starts[0])


def _longest(tokens: Ints) -> tuple[int, int, int] | None:
    """Return begin, length of an iteration and number of them of what repeats over most tokens."""
    best: tuple[int, int, int] | None = None
    for period in _distances(tokens):
        first, length = _longest_run(tokens[period:] == tokens[:-period])
        count = 1 + length // period
        if count < 2 or (period == 1 and count < 3):
            continue
        if best is None or count * period > best[1] * best[2]:
            best = first, period, count
    return best


def _distances(tokens: Ints) -> list[int]:
    """Return distances at which tokens come again, the most frequent ones, in ascending order."""
    order = np.argsort(tokens, kind="stable")
    same = tokens[order][1:] == tokens[order][:-1]
    gaps, counts = np.unique(np.diff(order)[same], return_counts=True)
    # A long iteration comes again less often, but over as many tokens.
    weight = counts * gaps
    frequent = gaps[np.argsort(-counts, kind="stable")][:_CANDIDATES]
    heavy = gaps[np.argsort(-weight, kind="stable")][:_CANDIDATES]
    distances: list[int] = np.union1d(frequent, heavy).tolist()
    return distances


def _longest_run(flags: Ints) -> tuple[int, int]:
    """Return begin and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not len(edges):
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    at = int(np.argmax(ends - begins))
    return int(begins[at]), int(ends[at] - begins[at])
