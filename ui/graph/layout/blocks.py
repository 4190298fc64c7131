"""Straight verticals: which items of adjacent ranks stand exactly one above the other."""

from __future__ import annotations

from bisect import bisect_left

from ui.graph.layout.items import Items
from ui.graph.layout.units import DATA_LINE, GRAD_LINE, Units


def straight_blocks(
    items: Items, units: Units, depth: list[int], below: list[int], pos: list[int]
) -> list[int]:
    """Return for every item its block; a block has at most one item per rank.

    Each item asks for one upper and one lower neighbour, the ones on the longest path; wishes that
    agree and do not cross a stronger one become straight. depth and below: per unit, links on the
    longest path from the top and to the bottom.
    """
    wishes = _mutual(items, units, depth, below, pos)
    upper = [-1] * len(items.rank)
    accepted: dict[int, list[tuple[int, int]]] = {}
    for _, a, b in sorted(wishes):
        gap = accepted.setdefault(items.rank[a], [])
        ends = pos[a], pos[b]
        at = bisect_left(gap, ends)
        if at < len(gap) and gap[at][1] <= ends[1]:
            continue
        if at and gap[at - 1][1] >= ends[1]:
            continue
        gap.insert(at, ends)
        upper[b] = a
    block = list(range(len(items.rank)))
    for i in sorted(range(len(block)), key=items.rank.__getitem__):
        if upper[i] >= 0:
            block[i] = block[upper[i]]
    return block


def _mutual(
    items: Items, units: Units, depth: list[int], below: list[int], pos: list[int]
) -> list[tuple[tuple[int, int, int], int, int]]:
    n = items.n_units
    paired = [units.op[u] >= 0 and units.grad[u] >= 0 for u in range(n)]
    best_up: dict[int, tuple[tuple[int, int, int], int, int]] = {}
    best_down: dict[int, tuple[tuple[int, int, int], int, int]] = {}
    for a, b, lines in items.segments:
        spine = a < n and b < n
        both = lines == DATA_LINE | GRAD_LINE or (spine and not paired[a] and not paired[b])
        rank = 0 if spine and both else 1 if not spine and a >= n and b >= n else 2
        up = (rank, -(depth[a] if a < n else -1), pos[a])
        down = (rank, -(below[b] if b < n else -1), pos[b])
        if b not in best_up or up < best_up[b][0]:
            best_up[b] = up, a, b
        if a not in best_down or down < best_down[a][0]:
            best_down[a] = down, a, b
    wishes = []
    for up, a, b in best_up.values():
        down, _, low = best_down[a]
        if low == b:
            wishes.append(((up[0], up[1] + down[1], pos[a]), a, b))
    return wishes
