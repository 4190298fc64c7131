"""Where items stand horizontally: straight blocks near what they are linked to, nothing overlaps.

Blocks take their wanted places as well as order allows: the mean of pushing right and of pushing
left, which is free of overlaps because each of the two is. Satellites (a leaf or AccumulateGrad
with one link) only reserve their room meanwhile, so that they never bend a spine; they settle last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite

import numpy as np

from ui.graph.layout.items import Items
from ui.graph.layout.problem import Floats, Problem
from ui.graph.layout.units import DATA_LINE, GRAD_LINE, Units
from ui.graph.types import Role

PAIR_GAP = 26.0  # between a grad_fn and its op
BOX_GAP = 30.0  # between boxes of a rank
_OUTLIER = 1.4
BEND_GAP = 16.0  # between a line that passes a rank and what stands beside it


@dataclass(frozen=True, slots=True)
class Extents:
    """Per item: reach to the left and right of its anchor (the op's middle, the data line of a
    pair), and where the grad_fn's middle or the gradient line lies relative to the anchor."""

    left: list[float]
    right: list[float]
    grad: list[float]


def measure(
    problem: Problem, items: Items, units: Units, block: list[int], given: dict[int, float]
) -> Extents:
    """Size the items; pairs of one block share the distance between op and grad_fn.

    A pair that is much wider than its block keeps a distance of its own. given: the distance for
    the blocks of some units.
    """
    width, pin = problem.width.tolist(), problem.pin.tolist()
    data_at, grad_at = problem.data_at.tolist(), problem.grad_at.tolist()
    needs: dict[int, list[float]] = {}
    for u, (op, grad) in enumerate(zip(units.op, units.grad, strict=True)):
        if op >= 0 and grad >= 0:
            need = (width[op] + width[grad]) / 2 + PAIR_GAP
            if not pin[op]:
                needs.setdefault(block[u], []).append(need)
        elif op >= 0 and isfinite(data_at[op]) and grad_at[op] < data_at[op]:
            needs.setdefault(block[u], []).append(data_at[op] - grad_at[op])
    distance = {b: common(block_needs) for b, block_needs in needs.items()}
    if problem.apart:  # through all groups both spines run straight
        groups = problem.groups.tolist()
        some = [b for op, b in zip(units.op, block, strict=False) if pin[op] or groups[op]]
        distance |= dict.fromkeys(some, problem.apart)
    distance |= {block[unit]: apart for unit, apart in given.items()}
    left: list[float] = []
    right: list[float] = []
    offset: list[float] = []
    for u, (op, grad) in enumerate(zip(units.op, units.grad, strict=True)):
        if op >= 0 and grad >= 0:
            d = max(distance.get(block[u], 0.0), (width[op] + width[grad]) / 2 + PAIR_GAP)
            extent = d + width[grad] / 2, width[op] / 2, -d
        elif op >= 0 and isfinite(data_at[op]):
            extent = data_at[op], width[op] - data_at[op], grad_at[op] - data_at[op]
        else:
            half = width[op if op >= 0 else grad] / 2
            extent = half, half, 0.0
        for column, x in zip((left, right, offset), extent, strict=True):
            column.append(x)
    for i in range(items.n_units, len(items.rank)):
        d = distance.get(block[i], problem.apart) if items.is_pair(i) else 0.0
        left.append(d)
        right.append(0.0)
        offset.append(-d)
    return Extents(left, right, offset)


def usual_distance(problem: Problem) -> float:
    """Return the distance between op and grad_fn that is right for most pairs; 0 without any."""
    ties = problem.role == Role.TIE
    width = problem.width
    needs = (width[problem.src[ties]] + width[problem.dst[ties]]) / 2 + PAIR_GAP
    return common(needs.tolist()) if len(needs) else 0.0


def common(needs: list[float]) -> float:
    """Return the largest that is not far above the middle one."""
    needs.sort()
    most = _OUTLIER * needs[len(needs) // 2]
    return max([need for need in needs if need <= most])


def line_offset(i: int, line: int, extents: Extents) -> float:
    """Return where a line meets an item's middle, relative to the anchor."""
    return extents.grad[i] if line == GRAD_LINE else 0.0


class Placement:
    """Solves for the anchors of one ordered, blocked set of items."""

    def __init__(
        self, items: Items, extents: Extents, layers: list[list[int]], block: list[int]
    ) -> None:
        self.items, self.extents, self.layers, self.block = items, extents, layers, block
        self.satellite = self._find_satellites()
        self.lefts, self.rights = self._constraints()
        self.sequence = self._sequence()
        self.pulls = self._pulls()

    def solve(self, check: Callable[[float], None]) -> Floats:
        """Return an anchor per item."""
        x = dict.fromkeys(self.sequence, 0.0)
        for b in self.sequence:
            x[b] = max([x[a] + gap for a, gap in self.lefts[b]], default=0.0)
        n = len(self.items.rank)
        rounds = 24 if n < 3_000 else 10 if n < 30_000 else 5
        for k in range(rounds):
            check(k / rounds)
            x = self._project(self._wanted(x))
        anchors = np.array([x.get(b, 0.0) for b in self.block], np.float64)
        self._settle(anchors)
        return anchors

    def _find_satellites(self) -> list[bool]:
        items = self.items
        degree = [0] * len(items.rank)
        size: dict[int, int] = {}
        for a, b, _ in items.segments:
            degree[a] += 1
            degree[b] += 1
        for b in self.block:
            size[b] = size.get(b, 0) + 1
        return [
            i < items.n_units and degree[i] == 1 and size[self.block[i]] == 1
            for i in range(len(items.rank))
        ]

    def gap(self, a: int, b: int) -> float:
        """Return the least distance between the anchors of neighbours a, b in a rank."""
        n = self.items.n_units
        space = BOX_GAP if a < n and b < n else BEND_GAP
        return self.extents.right[a] + space + self.extents.left[b]

    def _constraints(self) -> tuple[dict[int, list[tuple[int, float]]], ...]:
        """Return per block its left and its right neighbours with least distances."""
        lefts: dict[int, list[tuple[int, float]]] = {}
        rights: dict[int, list[tuple[int, float]]] = {}
        for i, b in enumerate(self.block):
            if not self.satellite[i]:
                lefts.setdefault(b, [])
                rights.setdefault(b, [])
        for layer in self.layers:
            last, distance, before = -1, 0.0, -1
            for i in layer:
                if before >= 0:
                    distance += self.gap(before, i)
                before = i
                if self.satellite[i]:
                    continue
                if last >= 0:
                    a, b = self.block[last], self.block[i]
                    lefts[b].append((a, distance))
                    rights[a].append((b, distance))
                last, distance = i, 0.0
        return lefts, rights

    def _sequence(self) -> list[int]:
        waiting = {b: len(near) for b, near in self.lefts.items()}
        order = [b for b, count in waiting.items() if not count]
        for a in order:
            for b, _ in self.rights[a]:
                waiting[b] -= 1
                if not waiting[b]:
                    order.append(b)
        return order

    def _pulls(self) -> dict[int, list[tuple[int, float, float]]]:
        """Return per block (other block, wished distance to it, weight) for its links."""
        pulls: dict[int, list[tuple[int, float, float]]] = {b: [] for b in self.sequence}
        items, block, extents = self.items, self.block, self.extents
        for a, b, lines in items.segments:
            if self.satellite[a] or self.satellite[b] or block[a] == block[b]:
                continue
            weight = 2.0 if a >= items.n_units and b >= items.n_units else 1.0
            for line in (DATA_LINE, GRAD_LINE):
                if lines & line:
                    s = line_offset(a, line, extents)
                    t = line_offset(b, line, extents)
                    pulls[block[a]].append((block[b], t - s, weight))
                    pulls[block[b]].append((block[a], s - t, weight))
        return pulls

    def _wanted(self, x: dict[int, float]) -> dict[int, float]:
        wanted = {}
        for b, pulls in self.pulls.items():
            total = sum([w for _, _, w in pulls])
            if total:
                wanted[b] = sum([w * (x[a] + d) for a, d, w in pulls]) / total
            else:
                wanted[b] = x[b]
        return wanted

    def _project(self, wanted: dict[int, float]) -> dict[int, float]:
        right: dict[int, float] = {}
        for b in self.sequence:
            at = wanted[b]
            for a, gap in self.lefts[b]:
                if right[a] + gap > at:
                    at = right[a] + gap
            right[b] = at
        left: dict[int, float] = {}
        for a in reversed(self.sequence):
            at = wanted[a]
            for b, gap in self.rights[a]:
                if left[b] - gap < at:
                    at = left[b] - gap
            left[a] = at
        return {b: (right[b] + left[b]) / 2 for b in self.sequence}

    def _settle(self, anchors: Floats) -> None:
        """Give the satellites their places between the fixed items of their rank."""
        wish: dict[int, float] = {}
        extents = self.extents
        for a, b, lines in self.items.segments:
            line = DATA_LINE if lines & DATA_LINE else GRAD_LINE
            for i, j in ((a, b), (b, a)):
                if self.satellite[i] and not self.satellite[j]:
                    to = line_offset(j, line, extents)
                    wish[i] = float(anchors[j]) + to - line_offset(i, line, extents)
        for layer in self.layers:
            if any(self.satellite[i] for i in layer):
                self._settle_layer(layer, wish, anchors)

    def _settle_layer(self, layer: list[int], wish: dict[int, float], anchors: Floats) -> None:
        """As for blocks, the mean of pushing right and of pushing left, between fixed items."""
        gaps = [self.gap(a, b) for a, b in pairwise(layer)]
        fixed = [None if self.satellite[i] else float(anchors[i]) for i in layer]
        wishes = [wish.get(i, 0.0) for i in layer]
        least = _pushed(fixed, gaps, [-inf] * len(layer))
        most = [-x for x in _pushed(_turned(fixed), gaps[::-1], [-inf] * len(layer))[::-1]]
        wishes = [max(low, min(x, high)) for low, x, high in zip(least, wishes, most, strict=True)]
        right = _pushed(fixed, gaps, wishes)
        left = [-x for x in _pushed(_turned(fixed), gaps[::-1], [-x for x in wishes[::-1]])[::-1]]
        for i, a, b in zip(layer, right, left, strict=True):
            if self.satellite[i]:
                anchors[i] = (a + b) / 2


def _pushed(fixed: list[float | None], gaps: list[float], wishes: list[float]) -> list[float]:
    """Place a row from the left: fixed ones where they are, others at their wish or right of it."""
    row: list[float] = []
    for k, (at, x) in enumerate(zip(fixed, wishes, strict=True)):
        row.append(at if at is not None else max(x, row[-1] + gaps[k - 1]) if k else x)
    return row


def _turned(fixed: list[float | None]) -> list[float | None]:
    return [None if x is None else -x for x in reversed(fixed)]
