"""What stands in the ranks: units, and the bends of long links as items of their own.

All long data lines of one unit share one trunk of bends, from which each branches off just above
its user; its long gradient lines share another. Where lines come into a group and where they go out
of it, both run side by side as one pair. Lines that run further than a limit get no bends but a
lane beside the drawing, so that work stays linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui.graph.layout.units import DATA_LINE, GRAD_LINE

_LIMITS = (512, 256, 128, 64, 32, 16, 8)
_NEAR = 4  # how far the lines of a hub reach without its lane
_BENDS_PER_UNIT, _BENDS_FREE = 4, 200
_PIECES_PER_LINK, _PIECES_FREE = 12, 4_000
_BOTH = DATA_LINE | GRAD_LINE
_BESIDE = 3  # ranks that such a pair runs at most


@dataclass(frozen=True, slots=True)
class Items:
    """Items 0..n_units-1 are the units, the rest are bends of one line each, or of a pair.

    rank, line: per item (line is 0 for units, both lines for a pair); trunks: unit -> first bend
    of its data lines and of its gradient lines, or -1; a trunk's bends are consecutive numbers, one
    per rank;
    segments: (upper item, lower item, lines) between adjacent ranks; reach: per unit, links down
    from it that span more ranks than this take a lane.
    """

    n_units: int
    rank: list[int]
    line: list[int]
    trunks: tuple[list[int], list[int]]
    segments: list[tuple[int, int, int]]
    reach: list[int]

    def is_pair(self, item: int) -> bool:
        """Return whether an item is a bend of a data line and the gradient line beside it."""
        return self.line[item] == _BOTH

    def leading(self, depth: list[int], into: Sequence[int]) -> dict[int, int]:
        """Return for the bends that are as good as spines the depth of their unit: those of pairs,
        and those of units by which lines come into a group."""
        first = self.trunks[DATA_LINE - 1]
        pairs = [u for u, k in enumerate(first) if k >= 0 and self.is_pair(k)]
        return {i: depth[u] for u in {*pairs, *into} for i in self.data_line(u)}

    def data_line(self, unit: int) -> frozenset[int]:
        """Return a unit with the bends of its data lines."""
        return frozenset([unit, *self._bends(unit, DATA_LINE)]) if unit >= 0 else frozenset()

    def first_bend(self, unit: int) -> int:
        """Return the first bend of a unit's lines, -1 if it has none."""
        return max(trunk[unit] for trunk in self.trunks)

    def grad_line(self, unit: int) -> range:
        """Return the bends of a unit's gradient lines."""
        return self._bends(unit, GRAD_LINE)

    def _bends(self, unit: int, line: int) -> range:
        first = end = self.trunks[line - 1][unit]
        while 0 <= end < len(self.rank) and self.rank[end] - self.rank[first] == end - first:
            end += 1
        return range(first, end)


def place_bends(rank: list[int], links: dict[tuple[int, int], int]) -> Items:
    """Cut links into segments between adjacent ranks."""
    n = len(rank)
    reach = _reach(rank, links)
    near: dict[tuple[int, int], int] = {}
    users: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (a, b), lines in links.items():
        span = rank[b] - rank[a]
        if span == 1:
            near[a, b] = lines
        elif 1 < span <= reach[a]:
            for line in (DATA_LINE, GRAD_LINE):
                if lines & line:
                    users.setdefault((a, line), []).append((span, b))
    segments = [(a, b, lines) for (a, b), lines in near.items()]
    ranks, carried = list(rank), [0] * n
    trunks = [-1] * n, [-1] * n
    leading = {a for a, _ in links}
    _join_pairs(users, {a for a, b in near if b in leading})
    for (a, line), ends in users.items():
        first = len(ranks)
        for one in (DATA_LINE, GRAD_LINE):
            if line & one:
                trunks[one - 1][a] = first
        length = max(ends)[0] - 1
        ranks.extend(range(rank[a] + 1, rank[a] + 1 + length))
        carried.extend([line] * length)
        segments.append((a, first, line))
        segments.extend([(k, k + 1, line) for k in range(first, first + length - 1)])
        segments.extend([(first + span - 2, b, line) for span, b in ends])
    return Items(n, ranks, carried, trunks, segments, reach)


def _join_pairs(users: dict[tuple[int, int], list[tuple[int, int]]], busy: set[int]) -> None:
    """Make one trunk of the two of a unit whose long lines lead to the same one user.

    busy: units whose lines lead on elsewhere, too: there the long ones keep out of the way.
    """
    for a in [unit for unit, line in users if line == DATA_LINE]:
        ends = users[a, DATA_LINE]
        beside = a not in busy and len(ends) == 1 and ends[0][0] <= _BESIDE
        if beside and users.get((a, GRAD_LINE)) == ends:
            users[a, _BOTH] = ends
            del users[a, DATA_LINE], users[a, GRAD_LINE]


def _reach(rank: list[int], links: dict[tuple[int, int], int]) -> list[int]:
    """Choose the largest limit that keeps bends and pieces of lines within their budgets."""
    spans: dict[int, list[int]] = {}
    for a, b in links:
        span = rank[b] - rank[a]
        if span > 1:
            spans.setdefault(a, []).append(span)
    longest = {a: max(ends) for a, ends in spans.items()}
    total = {a: sum(ends) for a, ends in spans.items()}
    bend_budget = _BENDS_PER_UNIT * len(rank) + _BENDS_FREE
    piece_budget = _PIECES_PER_LINK * len(links) + _PIECES_FREE
    reach = [_NEAR] * len(rank)
    for limit in (max(longest.values(), default=1), *_LIMITS):
        short = [a for a, span in longest.items() if span <= limit]
        bends = 2 * sum([longest[a] for a in short])
        if bends <= bend_budget and sum([total[a] for a in short]) <= piece_budget:
            for a in short:
                reach[a] = limit
            break
    return reach
