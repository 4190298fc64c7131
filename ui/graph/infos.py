"""The list of a tape's graphs, with titles that a person recognises: "loss · cell 7"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from engine.tape.tape import Tape
from ui.graph.partition import Ints, Partition, partition
from ui.graph.titles import titles


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """One graph of a tape. number counts from 1 in order of first_event.

    first_event, last_event: of its operations and passes, as indices of events; passes: rows of
    the table; cells: keys; update: only updates of parameters and gradients; ops, nodes: rows,
    ascending (nodes without AccumulateGrad).
    """

    number: int
    title: str
    detail: str
    first_event: int
    last_event: int
    passes: tuple[int, ...]
    cells: tuple[str, ...]
    update: bool = False
    ops: Ints = field(repr=False, compare=False, default_factory=lambda: np.zeros(0, np.int64))
    nodes: Ints = field(repr=False, compare=False, default_factory=lambda: np.zeros(0, np.int64))


class Graphs(Sequence[GraphInfo]):
    """The graphs of a tape in order of their first event; each is told of when it is asked for.

    first, last: events; tracked: has grad_fns; update: only updates of parameters and gradients;
    last_passes: the last pass of each, or -1.
    """

    def __init__(self, tape: Tape) -> None:
        parts = partition(tape)
        self._tape, self._infos = tape, dict[int, GraphInfo]()
        first, last = _extents(tape, parts)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        self.first, self.last = first[order], last[order]
        self.tracked, self.update = parts.tracked[order], parts.update[order]
        self._ops, self._nodes, self._passes = (
            _Members(np.where(labels >= 0, rank[labels], -1) if len(rank) else labels, len(rank))
            for labels in (parts.op, parts.node, parts.pass_)
        )
        self.last_passes = self._passes.lasts()
        self._titles = titles(tape, self)

    def __len__(self) -> int:
        return len(self.first)

    @overload
    def __getitem__(self, place: int) -> GraphInfo: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[GraphInfo]: ...
    def __getitem__(self, place: int | slice) -> GraphInfo | Sequence[GraphInfo]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        found = self._infos.get(place)
        if found is None:
            found = self._infos[place] = self._info(place)
        return found

    def title(self, place: int) -> str:
        """Return the title of one."""
        return self._titles[place]

    def ops(self, place: int) -> Ints:
        """Return the rows of its operations, ascending."""
        return self._ops.of(place)

    def nodes(self, place: int) -> Ints:
        """Return the rows of its grad_fns, ascending."""
        return self._nodes.of(place)

    def first_pass(self, place: int) -> int:
        """Return the row of its first pass, or -1."""
        passes = self._passes.of(place)
        return int(passes[0]) if len(passes) else -1

    def holding(self, op: int = -1, node: int = -1, pass_: int = -1) -> GraphInfo | None:
        """Return the graph of an operation, a grad_fn or a pass; None for what it is not in."""
        place = max(self._ops.at(op), self._nodes.at(node), self._passes.at(pass_))
        return self[place] if place >= 0 else None

    def numbered(self, number: int | None) -> GraphInfo | None:
        """Return the graph that has a number."""
        known = number is not None and 1 <= number <= len(self)
        return self[number - 1] if known and number is not None else None

    @cached_property
    def main(self) -> int:
        """The place of the last that a pass ran over; without passes of the last but updates."""
        ranked = 2 * (self.last_passes >= 0) + ~self.update
        return len(self) - 1 - int(np.argmax(ranked[::-1])) if len(self) else -1

    @cached_property
    def offered(self) -> Ints:
        """The places in the order in which a person chooses among them.

        What has no grad_fn and no pass comes last: a loader's batches are such a graph each.
        """
        aside = ~self.tracked & ~self.update & (self.last_passes < 0)
        return np.argsort(aside, kind="stable")

    def row(self, number: int) -> int:
        """Return where a person finds a graph in that order, or -1."""
        rows = np.flatnonzero(self.offered == number - 1)
        return int(rows[0]) if len(rows) else -1

    def beside(self, number: int, step: int) -> int:
        """Return the number of the graph that is `step` rows further there, or the last one."""
        row = min(max(self.row(number) + step, 0), len(self) - 1)
        return int(self.offered[row]) + 1

    def _info(self, place: int) -> GraphInfo:
        ops, passes = self.ops(place), tuple(self._passes.of(place).tolist())
        detail = _detail(len(ops), passes, bool(self.tracked[place]), bool(self.update[place]))
        return GraphInfo(
            place + 1, self._titles[place], detail, int(self.first[place]), int(self.last[place]),
            passes, self._cells(ops, int(self.first[place])), bool(self.update[place]), ops,
            self.nodes(place),
        )  # fmt: skip

    def _cells(self, ops: Ints, first: int) -> tuple[str, ...]:
        """Return the keys of the cells that operations ran in."""
        tape = self._tape
        rows = np.unique(tape.events["cell"][tape.ops["event"][ops]])
        if not len(rows) and len(tape.events):
            rows = tape.events["cell"][min(first, len(tape.events) - 1)].reshape(1)
        keys = [tape.text(int(tape.cells["key"][row])) for row in rows.tolist() if row >= 0]
        return tuple(dict.fromkeys(keys))


class _Members:
    """Which rows belong to which of n graphs. labels: per row the graph, or -1."""

    def __init__(self, labels: Ints, n: int) -> None:
        self._labels = labels
        self._order = np.argsort(labels, kind="stable")
        self._bounds = np.searchsorted(labels[self._order], np.arange(n + 1))

    def of(self, place: int) -> Ints:
        return self._order[self._bounds[place] : self._bounds[place + 1]]

    def at(self, row: int) -> int:
        return int(self._labels[row]) if 0 <= row < len(self._labels) else -1

    def lasts(self) -> NDArray[np.int64]:
        """Return the last row of each graph, or -1."""
        start, stop = self._bounds[:-1], self._bounds[1:]
        found = np.full(len(start), -1, np.int64)
        some = stop > start
        found[some] = self._order[stop[some] - 1]
        return found


def list_graphs(tape: Tape) -> Graphs:
    """Tell apart the graphs of a tape, in order of their first event."""
    return Graphs(tape)


def _extents(tape: Tape, parts: Partition) -> tuple[Ints, Ints]:
    """Return the first and the last event of each label."""
    n = len(parts.tracked)
    first, last = np.full(n, len(tape.events)), np.full(n, -1)
    _extend(first, last, parts.op, tape.ops["event"])
    _extend(first, last, parts.pass_, tape.passes["event"])
    _extend(first, last, parts.pass_[tape.steps["pass_"]], tape.steps["event"])
    _extend(first, last, parts.pass_[tape.ends["pass_"]], tape.ends["event"])
    bare = np.flatnonzero((parts.node >= 0) & (tape.nodes["op"] < 0))
    _extend(first, last, parts.node[bare], tape.nodes["event"][bare])
    return first, last


def _extend(first: Ints, last: Ints, label: Ints, event: NDArray[np.int32]) -> None:
    inside = label >= 0
    label, events = label[inside], event[inside].astype(np.int64)
    np.minimum.at(first, label, events)
    np.maximum.at(last, label, events)


def _detail(count: int, passes: Sequence[int], tracked: bool, update: bool) -> str:
    text = "1 operation" if count == 1 else f"{count:,} operations"
    if update:
        return f"{text} on parameters and gradients"
    if not tracked:
        return f"{text}, not tracked"
    if not passes:
        return f"{text}, no backward pass"
    if len(passes) == 1:
        return f"{text}, pass {passes[0] + 1}"
    return f"{text}, passes {_runs([p + 1 for p in passes])}"


def _runs(numbers: list[int]) -> str:
    """Write 1, 2, 3, 7 as "1–3, 7"."""
    runs: list[list[int]] = []
    for x in numbers:
        if runs and x == runs[-1][1] + 1:
            runs[-1][1] = x
        else:
            runs.append([x, x])
    shown = [str(a) if a == b else f"{a}–{b}" if b > a + 1 else f"{a}, {b}" for a, b in runs]
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")
