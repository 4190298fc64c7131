"""Stacks: many leaves of one unit stand in several rows above it, not in one that is very wide."""

from __future__ import annotations

from ui.graph.layout.ranks import Lists, hanging

_ROW = 4  # leaves of a row on one side of what they feed
_MOST = 6  # on one side, that stand in a single row


def stack_leaves(
    rank: list[int], order: list[int], ups: Lists, downs: Lists, op: list[int]
) -> list[int]:
    """Return ranks in which leaves of a unit with many of them stand in rows of a few.

    What hangs from a leaf stays right below it. op: per unit its operation, or -1: those without
    stand on the other side.
    """
    crowds = [i for i in order if len(ups[i]) > _MOST]
    raised: dict[int, int] = {}
    for i in crowds:
        for side in (True, False):
            row = [j for j in ups[i] if (op[j] >= 0) == side and _feeds(j, ups, downs)]
            if len(row) > _MOST:
                step = 2 if any(len(downs[j]) > 1 for j in row) else 1
                raised |= {j: rank[i] - 1 - step * (k // _ROW) for k, j in enumerate(row)}
    if not raised:
        return rank
    rank = list(rank)
    for j, at in raised.items():
        rank[j] = at
        for k in hanging(j, ups, downs):
            rank[k] = at + 1
    lack = max(-min(raised.values()), 0)
    return [r + lack for r in rank]


def stacked(rank: list[int], ups: Lists, downs: Lists) -> frozenset[int]:
    """Return the leaves that stand in the upper rows of a stack: their lines run close together."""
    return frozenset(
        j
        for i, above in enumerate(ups)
        if len(above) > _MOST
        for j in above
        if rank[i] - rank[j] > 1 and _feeds(j, ups, downs)
    )


def _feeds(j: int, ups: Lists, downs: Lists) -> bool:
    """Return whether j is a leaf that has one user."""
    return not ups[j] and len(hanging(j, ups, downs)) == len(downs[j]) - 1
