"""The order of items within their ranks: few crossings.

Barycentre sweeps down and up from a depth-first start, then exchanges of neighbours. An item with
an op at the right and a grad_fn at the left has two slots, so both spines count on their own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping

from ui.graph.layout.hanging import hanging_items, hung
from ui.graph.layout.items import Items
from ui.graph.layout.units import DATA_LINE, GRAD_LINE, Units

Layers = list[list[int]]
Lines = list[list[tuple[int, float, float]]]  # per item: (neighbour, its slot, own slot)

_TRUNK_WEIGHT = 3  # a trunk counts as so many lines, that it stays straight
_EXCHANGE_LIMIT = 5_000  # items; above it only the sweeps are worth their time


class Ordering:
    """The items in ranks, with what is needed to count and to lower crossings."""

    def __init__(
        self, items: Items, units: Units, layers: Layers, without: Mapping[int, int]
    ) -> None:
        self.layers = layers
        self.pos = [0] * len(items.rank)
        self.ups, self.downs = _lines(items, units, without)
        self.number()

    def number(self) -> None:
        for layer in self.layers:
            for p, i in enumerate(layer):
                self.pos[i] = p

    def sweep(self, upward: bool, rightward: bool) -> None:
        """Sort every rank by the mean place of the neighbours in the rank before it.

        rightward: equal items keep their order; else they are turned round, which frees knots.
        """
        pos = self.pos
        lines = self.downs if upward else self.ups
        for layer in reversed(self.layers) if upward else self.layers:
            if len(layer) < 2:
                continue
            keys: dict[int, float] = {}
            last = -1.0
            for i in layer:
                near = lines[i]
                if near:
                    last = sum([2 * pos[j] + s - own for j, s, own in near]) / len(near)
                keys[i] = last
            if not rightward:
                layer.reverse()
            layer.sort(key=keys.__getitem__)
            for p, i in enumerate(layer):
                pos[i] = p

    def crossings(self) -> int:
        """Count pairs of lines that cross between adjacent ranks."""
        pos, total = self.pos, 0
        for layer in self.layers:
            ends = sorted(
                [
                    (2 * pos[i] + own, 2 * pos[j] + slot)
                    for i in layer
                    for j, slot, own in self.downs[i]
                ]
            )
            seen: list[float] = []
            for _, low in ends:
                at = bisect_right(seen, low)
                total += len(seen) - at
                seen.insert(at, low) if at < len(seen) else seen.append(low)
        return total

    def exchange(self) -> bool:
        """Swap neighbours where that removes crossings; return whether anything moved."""
        moved = False
        pos = self.pos
        for layer in self.layers:
            for p in range(len(layer) - 1):
                a, b = layer[p], layer[p + 1]
                if self._gain(a, b) > 0:
                    layer[p], layer[p + 1] = b, a
                    pos[a], pos[b] = p + 1, p
                    moved = True
        return moved

    def _gain(self, a: int, b: int) -> int:
        pos, gain = self.pos, 0
        for lines in (self.ups, self.downs):
            if lines[a] and lines[b]:
                left = sorted([2 * pos[j] + s for j, s, _ in lines[a]])
                right = sorted([2 * pos[j] + s for j, s, _ in lines[b]])
                gain += _inversions(left, right) - _inversions(right, left)
        return gain


def order_items(
    items: Items,
    units: Units,
    depth: list[int],
    below: list[int],
    coming: Mapping[int, int],
    check: Callable[[float], None],
) -> Layers:
    """Return the items of each rank from left to right; all else as in `start_layers`."""
    layers = start_layers(items, units, depth, below, coming)
    loose = hanging_items(items)
    if loose:
        layers = [[i for i in layer if i not in loose] for layer in layers]
    ordering = Ordering(items, units, layers, loose)
    best, best_layers = ordering.crossings(), [list(layer) for layer in ordering.layers]
    rounds = 12 if len(items.rank) < 3_000 else 6 if len(items.rank) < 30_000 else 2
    for k in range(rounds):
        if not best:
            break
        check(k / rounds)
        ordering.sweep(upward=k % 2 == 0, rightward=k % 4 < 2)
        if len(items.rank) < _EXCHANGE_LIMIT and k % 2:
            for _ in range(4):
                if not ordering.exchange():
                    break
        count = ordering.crossings()
        if count < best:
            best, best_layers = count, [list(layer) for layer in ordering.layers]
    return hung(best_layers, ordering.ups, loose) if loose else best_layers


def start_layers(
    items: Items, units: Units, depth: list[int], below: list[int], coming: Mapping[int, int]
) -> Layers:
    """Order the ranks by a walk upward from the lowest items: the longest way first.

    depth, below: per unit, links on the longest path from the top and to the bottom (roots count
    most); coming: depths of bends as good as spines. Gradient-only uppers come first (left), leaves
    last (right), the spine between them.
    """
    n = len(items.rank)
    ups: list[list[int]] = [[] for _ in range(n)]
    has_lower = [False] * n
    for a, b, _ in items.segments:
        ups[b].append(a)
        has_lower[a] = True

    def preference(i: int) -> tuple[int, int]:
        if i >= items.n_units:
            return int(i not in lonely), -coming.get(i, 0)
        if units.op[i] < 0:
            return 0, 0
        return 1, -depth[i]

    lonely = {k for u, op in enumerate(units.op) if op < 0 for k in items.grad_line(u)}

    for near in ups:
        near.sort(key=preference)
    layers: Layers = [[] for _ in range(max(items.rank, default=-1) + 1)]
    seen = [False] * n

    def turn(i: int) -> tuple[bool, int, int]:
        return has_lower[i], -below[i] if i < items.n_units else 0, -items.rank[i]

    for root in sorted(range(n), key=turn):
        stack = [root]
        while stack:
            i = stack.pop()
            if not seen[i]:
                seen[i] = True
                layers[items.rank[i]].append(i)
                stack.extend(reversed(ups[i]))
    return layers


def _lines(items: Items, units: Units, without: Mapping[int, int]) -> tuple[Lines, Lines]:
    n = len(items.rank)
    ups: Lines = [[] for _ in range(n)]
    downs: Lines = [[] for _ in range(n)]
    slots = [_slots(i, items, units) for i in range(n)]
    for a, b, lines in items.segments:
        if b in without:
            continue
        for line in (DATA_LINE, GRAD_LINE):
            if lines & line:
                s, t = slots[a][line - 1], slots[b][line - 1]
                weight = _TRUNK_WEIGHT if a >= items.n_units and b >= items.n_units else 1
                downs[a].extend([(b, t, s)] * weight)
                ups[b].extend([(a, s, t)] * weight)
    return ups, downs


def _slots(i: int, items: Items, units: Units) -> tuple[float, float]:
    """Return where the data line and the gradient line of an item attach, 0 left to 1 right.

    A lone leaf counts as attached at its left, a lone grad_fn at its right: so leaves settle to
    the right of the spine that they feed and AccumulateGrad to the left of its spine.
    """
    if items.is_pair(i) or (i < items.n_units and units.split[i]):
        return 1.0, 0.0
    if i >= items.n_units:
        return 0.5, 0.5
    return 0.0, 1.0


def _inversions(left: list[float], right: list[float]) -> int:
    """Count pairs with left > right; both sorted."""
    count = k = 0
    for x in left:
        while k < len(right) and right[k] < x:
            k += 1
        count += k
    return count
