"""The way on which most of a gradient came from the root, and the gain of every node on it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.tape.diagnose.facts import Facts

#: A sum of elements that is smaller than they are by this factor.
CANCELLED = 1e-4
#: What a normalisation sends back of what came to it, where that all but cancels.
_LEVELLED = 1e-6
_PARTING = (
    "cat",
    "stack",
    "constant_pad_nd",
    "index_put",
    "masked_scatter",
    "slice_scatter",
    "copy",
)
_NORMALISING = (
    "batch_norm",
    "native_batch_norm",
    "native_layer_norm",
    "native_group_norm",
    "instance_norm",
)
#: What losses are made of, beside what is called a loss.
_LOSSES = frozenset((
    "mean", "sum", "pow", "square", "abs", "sub", "rsub", "add", "neg", "mul", "div", "log", "logsumexp",
    "log_softmax", "binary_cross_entropy", "binary_cross_entropy_with_logits", "view", "squeeze", "unsqueeze",
))  # fmt: skip
_HEAD = 4  # nodes at most that are the loss's
_ALIKE = 10  # a weight of a recurrent net gets about as much from each of its uses
_MOST = 1 << 20  # nodes of a way


class Gain(NamedTuple):
    """A node on the way from the root: the root mean square of what came in and of what it sent on."""

    step: int
    came: float
    sent: float

    @property
    def factor(self) -> float:
        return self.sent / self.came if self.came else float("nan")


class Way:
    """Steps from the root to the one that was asked for; what each sent is measured when asked for.

    steps: the root's first. rows: the contribution that brought most to each, -1 to the first.
    """

    def __init__(self, facts: Facts, steps: list[int], rows: list[int]) -> None:
        self._facts, self.steps, self._rows = facts, steps, rows

    def __len__(self) -> int:
        return len(self.steps)

    def came(self, at: int) -> float:
        """Return the size of what came to the node at a place of the way."""
        return 1.0 if self._rows[at] < 0 else self._facts.sent_rms(self._rows[at])

    def gain(self, at: int) -> Gain:
        sent = self.came(at + 1) if at + 1 < len(self) else math.nan
        return Gain(self.steps[at], self.came(at), sent)

    def after_loss(self) -> int:
        """Return the place after the nodes of the loss: its gradient is small where it is at its minimum."""
        facts, at = self._facts, 0
        while at < min(len(self) - 2, _HEAD):
            op = facts.op_of(facts.node_at(self.steps[at]))
            if op < 0 or not ("loss" in facts.base(op) or facts.base(op) in _LOSSES):
                break
            at += 1
        return at

    def strongest(self, count: int, least: bool, begin: int = 0) -> list[Gain]:
        """Return the nodes of the largest gains, or of the least, that are positive and finite.

        begin: the first place that counts.
        """
        facts, rows = self._facts, self._rows[1:]
        facts.measures.prepare(list(map(facts.sent_array, rows)))
        came = np.array([1.0, *map(facts.sent_rms, rows)])
        with np.errstate(all="ignore"):
            factor = came[1:] / came[:-1]
        factor[:begin] = np.nan
        good = np.flatnonzero((factor > 0) & (factor < np.inf))
        order = np.argsort(factor[good] if least else -factor[good], kind="stable")
        return [self.gain(at) for at in good[order[:count]].tolist()]

    def _normalises(self, at: int) -> bool:
        op = self._facts.op_of(self._facts.node_at(self.steps[at]))
        return op >= 0 and self._facts.base(op) in _NORMALISING

    def _parts(self, at: int) -> bool:
        """Whether a node hands on parts of what came, rather than sums of it."""
        op = self._facts.op_of(self._facts.node_at(self.steps[at]))
        return op >= 0 and self._facts.base(op) in _PARTING

    def cancelling(self) -> Gain | None:
        """Return the last node whose sums cancel: of unrelated elements they would grow.

        A node sums where it sent fewer elements than came in, as over a batch for a bias, and a
        normalisation takes the mean off.
        """
        sizes = [self._facts.sent_size(row) if row >= 0 else 0 for row in self._rows]
        for at in range(len(self) - 2, -1, -1):
            if 0 < sizes[at + 1] < sizes[at] and not self._parts(at):
                found = self.gain(at)
                if found.sent < CANCELLED * found.came:
                    return found
            elif self._normalises(at) and (found := self.gain(at)).sent < _LEVELLED * found.came:
                return found
        return None


def way(facts: Facts, step: int) -> Way:
    """Return the way on which most came to a step."""
    known: Way | None = facts.ways.get(step)
    if known is None:
        known = facts.ways[step] = _way(facts, step)
    return known


def _way(facts: Facts, step: int) -> Way:
    steps, rows = [step], list[int]()
    while len(steps) < _MOST and (arrived := facts.arrivals(step)):
        rows.append(arrived[0] if len(arrived) == 1 else _most(facts, arrived))
        step = facts.sender(rows[-1])
        steps.append(step)
    return Way(facts, steps[::-1], [-1, *rows[::-1]])


def _most(facts: Facts, rows: list[int]) -> int:
    """Return the contribution that brought most: of those about as large the last."""
    facts.measures.prepare(list(map(facts.sent_array, rows)))
    sizes = list(map(facts.sent_rms, rows))
    most = max((size for size in sizes if size == size), default=0.0)
    # Of ways that bring about as much, the longest came last.
    return next((row for row, size in zip(rows[::-1], sizes[::-1], strict=True)
                 if size >= most / _ALIKE), rows[0])  # fmt: skip
