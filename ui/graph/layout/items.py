"""What stands in the ranks: units, and the bends of long links as items of their own.

All long links of one unit share one trunk of bends, from which each branches off just above its
user. Links longer than a limit get no bends but run through a lane beside the drawing, so that
the number of items stays linear in the number of units.
"""

from __future__ import annotations

from dataclasses import dataclass

from ui.graph.layout.units import DATA_LINE, GRAD_LINE

_LIMITS = (512, 256, 128, 64, 32, 16, 8, 4)
_BENDS_PER_UNIT = 4
_BENDS_FREE = 200


@dataclass(frozen=True, slots=True)
class Items:
    """Items 0..n_units-1 are the units, the rest are bends.

    rank: per item; lines: per bend item the DATA_LINE | GRAD_LINE it carries (0 for units);
    trunk[u]: first bend of unit u, or -1; its bends are consecutive numbers, one per rank;
    segments: (upper item, lower item, lines) between adjacent ranks; limit: links that span more
    ranks than this are laned.
    """

    n_units: int
    rank: list[int]
    lines: list[int]
    trunk: list[int]
    segments: list[tuple[int, int, int]]
    limit: int


def place_bends(rank: list[int], links: dict[tuple[int, int], int]) -> Items:
    """Cut links into segments between adjacent ranks."""
    limit = _choose_limit(rank, links)
    n = len(rank)
    users: dict[int, list[tuple[int, int, int]]] = {}
    segments: dict[tuple[int, int], int] = {}
    for (a, b), lines in links.items():
        span = rank[b] - rank[a]
        if span == 1:
            segments[a, b] = lines
        elif 1 < span <= limit:
            users.setdefault(a, []).append((span, b, lines))
    ranks, carried, trunk = list(rank), [0] * n, [-1] * n
    for a, ends in users.items():
        first = trunk[a] = len(ranks)
        length = max(ends)[0] - 1
        ranks.extend(range(rank[a] + 1, rank[a] + 1 + length))
        need = [0] * length
        for span, b, lines in ends:
            segments[first + span - 2, b] = lines
            need[span - 2] |= lines
        for k in range(length - 2, -1, -1):
            need[k] |= need[k + 1]
        carried.extend(need)
        segments[a, first] = need[0]
        for k in range(1, length):
            segments[first + k - 1, first + k] = need[k]
    return Items(n, ranks, carried, trunk, [(a, b, x) for (a, b), x in segments.items()], limit)


def _choose_limit(rank: list[int], links: dict[tuple[int, int], int]) -> int:
    spans: dict[int, list[int]] = {}
    longest = 1
    for a, b in links:
        span = rank[b] - rank[a]
        if span > 1:
            spans.setdefault(a, []).append(span)
            longest = max(longest, span)
    budget = _BENDS_PER_UNIT * len(rank) + _BENDS_FREE
    for limit in (longest, *_LIMITS):
        bends = 0
        for ends in spans.values():
            bends += max([span for span in ends if span <= limit], default=1) - 1
        if bends <= budget:
            return limit
    return 1


def has_both(lines: int) -> bool:
    """Return whether a data line and a gradient line run side by side."""
    return lines == DATA_LINE | GRAD_LINE
