"""Towers: what ends in one unit of a spine and begins with nothing else, as `w -> mul` or a badge.

Where several units in a row have towers of two ranks or more, each tower would have to stand
outside of the one before it, ever further from its spine. So such units move apart until every
tower fits between two of them.
"""

from __future__ import annotations

import numpy as np

from ui.graph.layout.problem import Ints
from ui.graph.layout.ranks import Lists, Spans
from ui.graph.layout.units import Links

_HIGHEST = 6  # ranks of a tower
_LEAST = 3  # so many units in a row are too close to the tower above, until they move apart


def find_spans(links: Links, ups: Lists, depth: list[int], frames: frozenset[int]) -> Spans:
    """Return which units stand further below others than their links ask for.

    depth: per unit, links on the longest path that ends in it; frames: units which are so tall
    that a tower should not stand beside them at all.
    """
    foot, height = _towers(links, len(ups))
    feet = _feet(foot, height, ups, depth)
    spans: Spans = {}
    run = dict.fromkeys(feet, 0)
    for i in sorted(feet, key=depth.__getitem__):
        over, between = _above(i, feet, frames, ups, depth)
        framed = over in frames
        if over < 0 or (framed and between > 1):
            continue
        spans[i] = over, feet[i] + framed
        run[i] = run.get(over, 0) + 1
    for i in sorted(spans, key=depth.__getitem__, reverse=True):
        over = spans[i][0]
        run[over] = max(run.get(over, 0), run[i])
    return {i: s for i, s in spans.items() if run[i] >= _LEAST or s[0] in frames}


def _towers(links: Links, n: int) -> tuple[Ints, Ints]:
    """Return at which units towers of two ranks or more end, and how high each is."""
    ends = np.fromiter((end for link in links for end in link), np.int64, 2 * len(links))
    upper, lower = ends[::2], ends[1::2]
    fed, alone = np.bincount(lower, minlength=n), np.bincount(upper, minlength=n) == 1
    height = (alone & (fed == 0)).astype(np.int64)
    for k in range(2, _HIGHEST + 1):
        below = lower[height[upper] == k - 1]
        if not len(below):
            break
        built = np.bincount(lower[height[upper] > 0], minlength=n)
        height[below[alone[below] & (built[below] == fed[below])]] = k
    high = height[upper] > 1
    return lower[high], height[upper[high]]


def _feet(foot: Ints, height: Ints, ups: Lists, depth: list[int]) -> dict[int, int]:
    """Return the units beside whose spine towers end, and the ranks of the highest of each."""
    feet: dict[int, int] = {}
    for i, tall in zip(foot.tolist(), height.tolist(), strict=True):
        # Where nothing else comes from as deep as a tower does, it is the spine itself.
        if sum([depth[j] >= tall - 1 for j in ups[i]]) > 1:
            feet[i] = max(tall, feet.get(i, 0))
    return feet


def _above(
    i: int, feet: dict[int, int], frames: frozenset[int], ups: Lists, depth: list[int]
) -> tuple[int, int]:
    """Return the unit above on the spine that has a tower or is a frame, if that is too close for
    the tower of a unit, else -1, and how many links there are between."""
    between = 0
    over = i
    while ups[over] and between < feet[i]:
        over = max(ups[over], key=depth.__getitem__)
        between += 1
        if over in frames or (over in feet and between < feet[i]):
            return over, between
    return -1, between
