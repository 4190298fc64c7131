"""Numbers for each node and edge of a graph: sizes of values and gradients, time, memory, type."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.errors import TapeError
from engine.tape.replay import cotangents
from engine.tape.tape import Tape
from engine.tape.uniform import norm
from ui.graph.lens import Floats, Lens, class_of
from ui.graph.types import Kind, Layout, NodeId

if TYPE_CHECKING:
    import networkx as nx

Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Measures:
    """What one lens sees. nodes: float64 (n,), NaN for nothing (of GRADIENT: empty, it depends on
    the playhead); sent: norms of the tape's contributions; came: norms of what came in at steps."""

    lens: Lens
    nodes: Floats
    sent: Floats
    came: Floats


@dataclass
class Gauge:
    """Measures graphs of one tape that may grow; what it has read it does not read again."""

    _norms: dict[int, float] = field(default_factory=dict)
    _came: dict[int, float] = field(default_factory=dict)

    def measure(
        self, tape: Tape, graph: nx.MultiDiGraph[NodeId], layout: Layout, lens: Lens,
        flow: bool, cancelled: Cancelled = lambda: False,
    ) -> Measures | None:  # fmt: skip
        """Return what `lens` sees, with gradients if it is their lens or `flow`; None if cancelled.

        Reads every array of the graph for VALUE and for gradients, none for the others.
        """
        hidden: dict[NodeId, NodeId] = graph.graph.get("hidden") or {}
        nodes = sent = came = np.zeros(0)
        if lens not in (Lens.OPERATION, Lens.GRADIENT):
            nodes = self._of(tape, graph, layout.ids, lens, cancelled)
            inside = self._of(tape, graph, list(hidden), lens, cancelled)
            index = {node: at for at, node in enumerate(layout.ids)}
            _gather(nodes, np.array([index[g] for g in hidden.values()], np.intp), inside, lens)
        if flow or lens == Lens.GRADIENT:
            sent, came = self._gradients(tape, [*layout.ids, *hidden], cancelled)
        return None if cancelled() else Measures(lens, nodes, sent, came)

    def _of(
        self, tape: Tape, graph: nx.MultiDiGraph[NodeId], nodes: list[NodeId], lens: Lens,
        cancelled: Cancelled,
    ) -> Floats:  # fmt: skip
        if lens == Lens.VALUE:
            return self._values(tape, nodes, cancelled)
        if lens == Lens.TIME:
            return _times(tape, nodes)
        return _bytes(tape, graph, nodes) if lens == Lens.MEMORY else _types(graph, nodes)

    def _values(self, tape: Tape, nodes: list[NodeId], cancelled: Cancelled) -> Floats:
        """Return root mean squares of what leaves hold and operations return."""
        found = np.full(len(nodes), np.nan)
        for at, node in enumerate(nodes):
            if cancelled():
                break
            row = _value_of(tape, node)
            if row >= 0:
                count = math.prod(tape.value_shape(row))
                found[at] = self._norm_of_value(tape, row) / math.sqrt(count) if count else np.nan
        return found

    def _norm_of_value(self, tape: Tape, row: int) -> float:
        index = int(tape.values["array"][row])
        if index >= 0:
            return self._norm(tape, index)
        try:
            array = tape.value(row)
        except TapeError:
            array = None
        return math.nan if array is None else _finite_norm(norm(array))

    def _norm(self, tape: Tape, index: int) -> float:
        """Return the norm of a row of arrays; infinite if an element is not finite."""
        found = self._norms.get(index)
        if found is None:
            found = self._norms[index] = _read_norm(tape, index)
        return found

    def _gradients(
        self, tape: Tape, nodes: list[NodeId], cancelled: Cancelled
    ) -> tuple[Floats, Floats]:
        """Return norms per contribution and per step, NaN for those of other graphs."""
        own = _own_steps(tape, [n.ref for n in nodes if n.kind in (Kind.GRAD_FN, Kind.ACCUMULATE)])
        steps = np.flatnonzero(own)
        sent, came = np.full(len(tape.contributions), np.nan), np.full(len(tape.steps), np.nan)
        rows = np.flatnonzero(own[tape.contributions["step"]])
        arrays = tape.contributions["array"][rows]
        for row, index in zip(rows.tolist(), arrays.tolist(), strict=True):
            if cancelled():
                break
            sent[row] = self._norm(tape, index) if index >= 0 else np.nan
        arrivals = _Arrivals(tape)
        for step in steps.tolist():
            if cancelled():
                break
            if step not in self._came:
                parts = arrivals.at(step)
                if parts is not None and len(parts) == 1:
                    self._came[step] = float(sent[parts[0]])
                else:
                    self._came[step] = _read_sum(tape, step, parts)
            came[step] = self._came[step]
        return sent, came


def _gather(nodes: Floats, groups: NDArray[np.intp], inside: Floats, lens: Lens) -> None:
    """Give folded groups the largest value inside, the sum of times, the sum of bytes."""
    if lens == Lens.VALUE:
        np.fmax.at(nodes, groups, inside)
    elif lens != Lens.DTYPE:
        some = np.isfinite(inside)
        nodes[groups[some]] = np.nan_to_num(nodes[groups[some]])
        np.add.at(nodes, groups[some], inside[some])


def _own_steps(tape: Tape, nodes: list[int]) -> NDArray[np.bool_]:
    """Return which steps are of a pass that came to one of the nodes."""
    inside = np.zeros(len(tape.nodes), bool)
    inside[nodes] = True
    passes = np.unique(tape.steps["pass_"][inside[tape.steps["node"]]])
    return np.isin(tape.steps["pass_"], passes)


class _Arrivals:
    """Which contributions came in at each step, where these alone say what did."""

    def __init__(self, tape: Tape) -> None:
        rows, count = tape.contributions, max(len(tape.nodes), 1)
        passes = tape.steps["pass_"].astype(np.int64)
        self._visit = passes * count + tape.steps["node"]
        inner = np.flatnonzero(rows["node"] >= 0)
        goal = passes[rows["step"][inner]] * count + rows["node"][inner]
        order = np.argsort(goal, kind="stable")
        self._rows, self._goals = inner[order], goal[order]
        # Not where a seed came in too, a hook made it another, or a pass within came here as well.
        root_pass = np.repeat(np.arange(len(tape.passes)), tape.passes["n_root"])
        seeded = root_pass * count + tape.roots["node"][: len(root_pass)]
        visits, times = np.unique(self._visit, return_counts=True)
        other = np.isin(self._visit, np.concatenate([seeded, visits[times > 1]]))
        other[tape.cotangents["step"]] = True
        self._other = other

    def at(self, step: int) -> NDArray[np.int64] | None:
        """Return the rows of contributions; None where they are not the whole truth."""
        if self._other[step]:
            return None
        low, high = np.searchsorted(self._goals, [self._visit[step], self._visit[step] + 1])
        return self._rows[low:high] if low < high else None


def _read_sum(tape: Tape, step: int, rows: NDArray[np.int64] | None) -> float:
    """Return the norm of what came in at a step: the sum of `rows` for each output."""
    try:
        if rows is None:
            parts = [norm(came) for came in cotangents(tape, step) if came is not None]
            return _finite_norm(math.hypot(*parts)) if parts else math.nan
        sums: dict[int, Any] = {}
        for row in tape.contributions[rows]:
            if row["array"] >= 0:
                part = tape.array(int(row["array"]))
                part = part.astype(np.complex128 if part.dtype.kind == "c" else np.float64)
                sums[int(row["nr"])] = sums.get(int(row["nr"]), 0.0) + part
    except TapeError:
        return math.nan
    return _finite_norm(math.hypot(*map(norm, sums.values()))) if sums else math.nan


def _read_norm(tape: Tape, index: int) -> float:
    kept = tape.statistics_of(index)
    if kept is not None:
        if kept.nan or kept.positive or kept.negative:
            return math.inf
        count = math.prod(tape.shape(int(tape.arrays["shape"][index])))
        return math.sqrt(count * (kept.mean**2 + kept.std**2))
    try:
        return _finite_norm(norm(tape.array(index)))
    except TapeError:
        return math.nan  # the inspector says what is wrong with it


def _finite_norm(found: float) -> float:
    """Return a norm with infinity for what is not finite: NaN means that there is none."""
    return found if math.isfinite(found) else math.inf


def _value_of(tape: Tape, node: NodeId) -> int:
    """Return the row of values that a forward node holds, or -1."""
    if node.kind == Kind.LEAF:
        return node.ref
    if node.kind == Kind.OP and tape.ops["n_out"][node.ref]:
        return int(tape.ops["out0"][node.ref])
    return -1


def _times(tape: Tape, nodes: list[NodeId]) -> Floats:
    """Return seconds from the event before to an operation's, and to a node's latest step's."""
    event = np.full(len(nodes), -1, np.int64)
    step_of = np.full(len(tape.nodes), -1, np.int64)
    step_of[tape.steps["node"]] = tape.steps["event"]
    for at, node in enumerate(nodes):
        if node.kind == Kind.OP:
            event[at] = tape.ops["event"][node.ref]
        elif node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE):
            event[at] = step_of[node.ref]
    found = np.full(len(nodes), np.nan)
    some = event > 0
    time = tape.events["time"]
    found[some] = np.maximum(time[event[some]] - time[event[some] - 1], 0.0)
    return found


def _bytes(tape: Tape, graph: nx.MultiDiGraph[NodeId], nodes: list[NodeId]) -> Floats:
    """Return bytes: of a forward node's value, of all that a grad_fn saved, of a leaf's .grad."""
    found = np.full(len(nodes), np.nan)
    for at, node in enumerate(nodes):
        rows: list[int] = []
        if node.kind in (Kind.LEAF, Kind.OP):
            rows = [_value_of(tape, node)]
        elif node.kind == Kind.GRAD_FN:
            first, count = (int(tape.nodes[c][node.ref]) for c in ("saved0", "n_saved"))
            rows = tape.saved["value"][first : first + count].tolist()
        elif node.kind == Kind.ACCUMULATE and node in graph:
            leaf = graph.nodes[node].get("twin")
            rows = [leaf.ref] if leaf is not None else []
        rows = [row for row in rows if row >= 0]
        if rows or node.kind == Kind.GRAD_FN:
            found[at] = sum(_size(tape, row) for row in rows)
    return found


def _size(tape: Tape, row: int) -> int:
    return bits.STORED[int(tape.values["dtype"][row])].itemsize * math.prod(tape.value_shape(row))


def _types(graph: nx.MultiDiGraph[NodeId], nodes: list[NodeId]) -> Floats:
    """Return the class of each node's element type."""
    names = (graph.nodes[node].get("dtype") if node in graph else None for node in nodes)
    return np.array([np.nan if name is None else class_of(name) for name in names], np.float64)
