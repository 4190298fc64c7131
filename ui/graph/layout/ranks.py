"""Ranks: as low as the users allow, sinks as high as their inputs allow."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

Lists = list[list[int]]
Spans = dict[int, tuple[int, int]]  # unit -> another one above it, the least ranks between them


def neighbours(n: int, links: Iterable[tuple[int, int]]) -> tuple[Lists, Lists]:
    """Return the upper and the lower neighbours of each of n units."""
    ups: Lists = [[] for _ in range(n)]
    downs: Lists = [[] for _ in range(n)]
    for a, b in links:
        downs[a].append(b)
        ups[b].append(a)
    return ups, downs


def topological(ups: Lists, downs: Lists) -> list[int]:
    """Return units with uppers first; units on or below a cycle are missing."""
    open_ups = [len(u) for u in ups]
    order = [i for i, count in enumerate(open_ups) if not count]
    for i in order:
        for j in downs[i]:
            open_ups[j] -= 1
            if not open_ups[j]:
                order.append(j)
    return order


def heights(order: list[int], ups: Lists, tops: Iterable[int] = ()) -> list[int]:
    """Return for each unit the number of links on the longest path that ends in it.

    Where there are tops, paths that begin there come before all others.
    """
    height = [0] * len(ups)
    for top in tops:
        height[top] = len(ups)
    for i in order:
        above = ups[i]
        if len(above) == 1:  # as most have in a large graph
            height[i] = 1 + height[above[0]]
        elif above:
            height[i] = 1 + max([height[j] for j in above])
    return height


def drops(order: list[int], downs: Lists, roots: list[int]) -> list[int]:
    """Return for each unit the number of links on the longest path down from it.

    Where there are roots, paths that end in one of them come before all others: the way to the
    loss is the spine, not a longer side branch.
    """
    drop = [0] * len(downs)
    for i in roots:
        drop[i] = len(downs)
    for i in reversed(order):
        if downs[i]:
            drop[i] = max(drop[i], 1 + max([drop[j] for j in downs[i]]))
    return drop


def rank_units(
    order: list[int], ups: Lists, downs: Lists, depth: list[int], spans: Spans
) -> list[int]:
    """Return a rank per unit, 0 at the top; every link runs at least one rank down.

    A unit without users stays right below its inputs; all others sink to just above their first
    use. So leaves stand beside what they feed, and early results do not drop to the bottom.
    depth: per unit, links on the longest path that ends in it.
    """
    if spans:
        return _rank_apart(order, ups, downs, spans)
    rank = list(depth)
    for i in reversed(order):
        below = downs[i]
        if len(below) == 1:
            rank[i] = rank[below[0]] - 1
        elif below:
            rank[i] = min([rank[j] for j in below]) - 1
            if not ups[i]:
                _sink(i, rank, ups, downs)
    return rank


def hanging(i: int, ups: Lists, downs: Lists) -> list[int]:
    """Return the lower neighbours of a unit that lead nowhere and have no other input, as a
    badge has none."""
    return [j for j in downs[i] if not downs[j] and len(ups[j]) == 1]


def _sink(leaf: int, rank: list[int], ups: Lists, downs: Lists) -> None:
    """Lower a leaf to its first use, with what hangs from it: that is no use to stand above."""
    loose = hanging(leaf, ups, downs)
    if loose and len(loose) < len(downs[leaf]):
        held = set(loose)
        rank[leaf] = min([rank[j] for j in downs[leaf] if j not in held]) - 1
        for j in loose:
            rank[j] = rank[leaf] + 1


def _rank_apart(order: list[int], ups: Lists, downs: Lists, spans: Spans) -> list[int]:
    """Return ranks as `rank_units` does, where some units are further apart."""
    rank = [0] * len(ups)
    for i in order:
        rank[i] = max([rank[j] for j in ups[i]], default=-1) + 1
        if i in spans:
            above, least = spans[i]
            rank[i] = max(rank[i], rank[above] + least)
    most: dict[int, int] = {}
    for i in reversed(order):
        if downs[i]:
            rank[i] = min([rank[j] for j in downs[i]]) - 1
            rank[i] = min(rank[i], most.get(i, rank[i]))
            if not ups[i] and i not in most:
                _sink(i, rank, ups, downs)
        if i in spans:
            above, least = spans[i]
            most[above] = min(rank[i] - least, most.get(above, rank[i]))
    return rank


def set_apart(
    rank: list[int], order: list[int], ups: Lists, downs: Lists, broad: list[int]
) -> list[int]:
    """Return ranks with one more below each of the broad units beside which leaves would stand.

    Beside a large group they would be far from what they feed, which is below its middle.
    """
    gaps = [0] * (max(rank, default=0) + 2)
    for g in broad:
        below = [i for i in downs[g] if rank[i] == rank[g] + 1]
        if any(not ups[j] and j != g and rank[j] == rank[g] for i in below for j in ups[i]):
            gaps[rank[g] + 1] = 1
    lower = list(accumulate(gaps))
    apart = [r + lower[r] for r in rank]
    held = set(broad)
    for i in reversed(order):
        if downs[i] and not ups[i] and i not in held:
            apart[i] = min([apart[j] for j in downs[i]]) - 1
            _sink(i, apart, ups, downs)
    return apart


def break_cycles(n: int, links: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the links without those that close a cycle in a depth-first walk.

    Tapes have no cycles; this keeps a damaged one drawable.
    """
    _, downs = neighbours(n, links)
    state = [0] * n
    back: set[tuple[int, int]] = set()
    for root in range(n):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(downs[root]))]
        while stack:
            i, rest = stack[-1]
            j = next(rest, -1)
            if j < 0:
                state[i] = 2
                stack.pop()
            elif state[j] == 1:
                back.add((i, j))
            elif not state[j]:
                state[j] = 1
                stack.append((j, iter(downs[j])))
    return [link for link in links if link not in back]
