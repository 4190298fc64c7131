"""Straight verticals: which items of adjacent ranks stand exactly one above the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from ui.graph.layout.items import Items
from ui.graph.layout.units import DATA_LINE, GRAD_LINE, Units

Wish = tuple[tuple[int, int, int], int, int]  # strength, upper item, lower item
_PINNED, _SPINE, _TRUNK, _OTHER = range(4)


def straight_blocks(
    items: Items, units: Units, depth: list[int], below: list[int], pos: list[int],
    tops: Sequence[int], coming: Mapping[int, int], loose: frozenset[int],
) -> list[int]:  # fmt: skip
    """Return for every item its block; a block has at most one item per rank.

    Each item asks for one upper and one lower neighbour, the ones on the longest path; wishes that
    agree and do not cross a stronger one become straight. depth and below: per unit, links on the
    longest path from the top and to the bottom; tops: units from which lines begin straight;
    coming: bends which are as good as spines, with the depth of their units; loose: units whose
    long lines need not be straight.
    """
    wishes = _mutual(items, units, depth, below, pos, tops, coming, loose)
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
    items: Items, units: Units, depth: list[int], below: list[int], pos: list[int],
    tops: Sequence[int], coming: Mapping[int, int], loose: frozenset[int],
) -> list[Wish]:  # fmt: skip
    """Return the links that both of their ends wish straight, with their strength (least first)."""
    n = items.n_units
    paired = units.split + [items.is_pair(i) for i in range(n, len(items.rank))]
    hanging = frozenset[int]().union(*[items.data_line(top) for top in tops])
    best_up: dict[int, Wish] = {}
    best_down: dict[int, Wish] = {}
    for a, b, lines in items.segments:
        if a in loose and b >= n:
            continue
        if lines == GRAD_LINE and paired[a] != paired[b]:
            continue  # meets the pair at its grad_fn, not at the op by which pairs are aligned
        if lines & DATA_LINE and a in hanging:
            kind = _PINNED
        elif lines & DATA_LINE and a in coming:
            kind = _SPINE
        elif a >= n and b >= n:
            kind = _TRUNK
        elif lines == DATA_LINE | GRAD_LINE or (a < n and b < n and paired[a] == paired[b]):
            kind = _SPINE
        else:
            kind = _OTHER
        up = (kind, -(depth[a] if a < n else coming.get(a, -1)), pos[a]), a, b
        down = (kind, -(below[b] if b < n else -1), pos[b]), a, b
        best_up[b] = min(up, best_up.get(b, up))
        best_down[a] = min(down, best_down.get(a, down))
    wishes = []
    for (kind, height, _), a, b in best_up.values():
        (_, drop, _), _, low = best_down[a]
        if low == b:
            wishes.append(((kind, height + drop, pos[a]), a, b))
    return wishes
