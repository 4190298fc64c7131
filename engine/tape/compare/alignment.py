"""Two sequences side by side: which stretches are the same, and what stands between them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

_MANY = 20_000  # operations in the middle, from which on frequent ones are no anchors


def aligned(a: list[Any], b: list[Any]) -> list[tuple[int, int, int]]:
    """Return blocks (start in a, start in b, length) of equal elements, in order."""
    ids: dict[Any, int] = {}
    one, two = ([ids.setdefault(key, len(ids)) for key in side] for side in (a, b))
    least = min(len(one), len(two))
    start = next((i for i in range(least) if one[i] != two[i]), least)
    end = next((i for i in range(least - start) if one[-1 - i] != two[-1 - i]), least - start)
    middle = one[start : len(one) - end], two[start : len(two) - end]
    blocks = [(0, 0, start)]
    matcher = SequenceMatcher(None, *middle, autojunk=len(middle[0]) > _MANY)
    blocks += [(start + i, start + j, n) for i, j, n in matcher.get_matching_blocks() if n]
    blocks.append((len(one) - end, len(two) - end, end))
    return [block for block in blocks if block[2]]


def paired(a: list[Any], b: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield (place in a, place in b) of all elements that are not the same on both sides.

    Between two stretches that are the same the first goes with the first; -1 where one has none.
    """
    at = to = 0
    for start, other, count in [*aligned(a, b), (len(a), len(b), 0)]:
        for i in range(max(start - at, other - to)):
            yield (at + i if at + i < start else -1, to + i if to + i < other else -1)
        at, to = start + count, other + count
