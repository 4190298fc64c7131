"""Where edges meet the sides of boxes: spread, in the order of their other ends, never crossing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ui.graph.layout.problem import Floats, Ints

_SPACE = 14.0  # between ports
_NEAR = 1.0  # an edge whose ends differ by less runs straight


def spread_ports(node: Ints, far: Floats, middle: Floats, reach: Floats) -> Floats:
    """Return the x of each of k edge ends that share box sides.

    node: (k,) which side an end belongs to; far: (k,) x at which the edge wants to leave (where it
    goes); middle: (k,) of the end's box; reach: (k,) how far from it ports may lie. Ends whose
    edge can run straight down from the middle keep the middle; the others move apart by _SPACE,
    closer where the box is too narrow.
    """
    order = np.lexsort((np.arange(len(node)), far, node))
    node, far, middle, inner = node[order], far[order], middle[order], reach[order]
    first = np.concatenate([[True], node[1:] != node[:-1]]) if len(node) else np.zeros(0, bool)
    start = np.flatnonzero(first)
    size = np.diff(np.append(start, len(node)))
    group = np.repeat(np.arange(len(start)), size)
    index = np.arange(len(node)) - start[group]
    space = np.minimum(_SPACE, 2 * inner / np.maximum(size[group] - 1, 1))
    low = -inner + index * space
    high = inner - (size[group] - 1 - index) * space
    pin = _pinned(far - middle, first, group, len(start))
    has_pin = pin[group] >= 0
    rank_from_pin = np.where(has_pin, index - pin[group], 0)
    room = np.where(has_pin, (low <= rank_from_pin * space) & (high >= rank_from_pin * space), True)
    fits = np.ones(len(start), bool)
    np.logical_and.at(fits, group, room)
    use = has_pin & fits[group]
    low = np.where(use & (rank_from_pin >= 0), np.maximum(low, rank_from_pin * space), low)
    high = np.where(use & (rank_from_pin <= 0), np.minimum(high, rank_from_pin * space), high)
    wish = np.clip(far - middle, low, high) - index * space
    from_left = _running(wish, group, np.maximum) + index * space
    from_right = -_running(-wish[::-1], -group[::-1], np.maximum)[::-1] + index * space
    result = np.empty(len(node))
    result[order] = middle + (np.clip(from_left, low, high) + np.clip(from_right, low, high)) / 2
    return result


def _pinned(away: Floats, first: NDArray[np.bool_], group: Ints, n: int) -> Ints:
    """Return per group the index of the one end that runs straight, or -1 for none or several."""
    straight = np.abs(away) < _NEAR
    count = np.bincount(group, straight, n)
    start = np.flatnonzero(first)
    at = np.full(n, -1, np.int64)
    hits = np.flatnonzero(straight)
    at[group[hits]] = hits - start[group[hits]]
    at[count != 1] = -1
    return at


def _running(values: Floats, group: Ints, of: np.ufunc) -> Floats:
    """Return the running maximum within each group of consecutive equal labels."""
    if not len(values):
        return values
    span = float(values.max() - values.min()) + 1.0
    step = np.cumsum(np.concatenate([[0], group[1:] != group[:-1]])) * span
    return of.accumulate(values + step) - step
