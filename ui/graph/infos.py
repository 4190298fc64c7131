"""The list of a tape's graphs, with titles that a person recognises: "loss · cell 7"."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from engine.tape.schema import OpFlag
from engine.tape.tape import Tape
from ui.graph.partition import Ints, Partition, partition, ranges


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


@dataclass(slots=True)
class _Draft:
    ops: Ints
    nodes: Ints
    passes: list[int]
    tracked: bool
    update: bool
    first: int
    last: int


def list_graphs(tape: Tape) -> list[GraphInfo]:
    """Tell apart the graphs of a tape, in order of their first event."""
    drafts = _drafts(tape, partition(tape))
    names = _Names(tape)
    bases = [names.base(draft) for draft in drafts]
    repeated = Counter(bases)
    seen: Counter[tuple[str, str]] = Counter()
    infos = []
    for number, (draft, base) in enumerate(zip(drafts, bases, strict=True), 1):
        seen[base] += 1
        name, place = base
        if repeated[base] > 1:
            place = f"pass {draft.passes[0] + 1}" if draft.passes else f"{place}, {seen[base]}"
        infos.append(
            GraphInfo(
                number,
                f"{name} · {place}" if place else name,
                _detail(draft),
                draft.first,
                draft.last,
                tuple(draft.passes),
                names.cells(draft),
                draft.update,
                draft.ops,
                draft.nodes,
            )
        )
    return infos


def _drafts(tape: Tape, parts: Partition) -> list[_Draft]:
    n = len(parts.tracked)
    first, last = np.full(n, len(tape.events)), np.full(n, -1)
    op_event = tape.ops["event"].astype(np.int64)
    _extend(first, last, parts.op, op_event)
    _extend(first, last, parts.pass_, tape.passes["event"].astype(np.int64))
    _extend(first, last, parts.pass_[tape.steps["pass_"]], tape.steps["event"].astype(np.int64))
    _extend(first, last, parts.pass_[tape.ends["pass_"]], tape.ends["event"].astype(np.int64))
    bare = np.flatnonzero((parts.node >= 0) & (tape.nodes["op"] < 0))
    _extend(first, last, parts.node[bare], tape.nodes["event"][bare].astype(np.int64))
    ops, nodes, passes = (_split(x, n) for x in (parts.op, parts.node, parts.pass_))
    return [
        _Draft(
            ops[k], nodes[k], passes[k].tolist(), bool(parts.tracked[k]), bool(parts.update[k]),
            int(first[k]), int(last[k]),
        )
        for k in np.argsort(first, kind="stable").tolist()
    ]  # fmt: skip


def _extend(first: Ints, last: Ints, label: Ints, event: Ints) -> None:
    inside = label >= 0
    np.minimum.at(first, label[inside], event[inside])
    np.maximum.at(last, label[inside], event[inside])


def _split(label: Ints, n: int) -> list[Ints]:
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(n)))[1:]


def _detail(draft: _Draft) -> str:
    count = len(draft.ops)
    text = "1 operation" if count == 1 else f"{count:,} operations"
    if draft.update:
        return f"{text} on parameters and gradients"
    if not draft.tracked:
        return f"{text}, not tracked"
    if not draft.passes:
        return f"{text}, no backward pass"
    if len(draft.passes) == 1:
        return f"{text}, pass {draft.passes[0] + 1}"
    return f"{text}, passes {_runs([p + 1 for p in draft.passes])}"


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


class _Names:
    """Finds the words for graphs: the name of the root and the cell or line it was made in."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._by_loc = self._named_lines()

    def base(self, draft: _Draft) -> tuple[str, str]:
        """Return name and place."""
        if draft.update:
            return self._update(draft), self._place(self._op_event(draft))
        value = self._root(draft)
        if value < 0:
            return "graph", self._place(draft.first)
        tape = self._tape
        row = tape.values[value]
        op = int(row["op"])
        event = int(tape.ops["event"][op]) if op >= 0 else int(row["event"])
        name = tape.name_of(int(row["tensor"]))
        if name is None and op >= 0:
            name = self._by_loc.get((int(tape.events["loc"][event]), int(tape.ops["name"][op])))
            name = name or tape.text(int(tape.ops["name"][op]))
        return name or tape.label(value), self._place(event)

    def cells(self, draft: _Draft) -> tuple[str, ...]:
        """Return the keys of the cells that the graph's operations ran in."""
        tape = self._tape
        rows = np.unique(tape.events["cell"][tape.ops["event"][draft.ops]])
        if not len(rows) and len(tape.events):
            rows = tape.events["cell"][min(draft.first, len(tape.events) - 1)].reshape(1)
        keys = [tape.text(int(tape.cells["key"][row])) for row in rows.tolist() if row >= 0]
        return tuple(dict.fromkeys(keys))

    def _root(self, draft: _Draft) -> int:
        tape = self._tape
        if draft.passes:
            return int(tape.roots["value"][int(tape.passes["root0"][draft.passes[-1]])])
        made = draft.ops
        if draft.tracked and len(draft.nodes):
            made = np.unique(tape.nodes["op"][draft.nodes])
            made = made[made >= 0]
        made = made[tape.ops["n_out"][made] > 0]
        return int(tape.ops["out0"][made[-1]]) if len(made) else -1

    def _op_event(self, draft: _Draft) -> int:
        return int(self._tape.ops["event"][draft.ops[0]]) if len(draft.ops) else draft.first

    def _place(self, event: int) -> str:
        tape = self._tape
        if not 0 <= event < len(tape.events):
            return ""
        cell = int(tape.events["cell"][event])
        if cell >= 0:
            count = int(tape.cells["count"][cell])
            return f"cell {count if count >= 0 else cell + 1}"
        source = tape.source(int(tape.events["loc"][event]))
        return f"line {source.line}" if source is not None else ""

    def _update(self, draft: _Draft) -> str:
        tape = self._tape
        written = draft.ops[tape.ops["flags"][draft.ops] & OpFlag.INPLACE != 0]
        values = np.minimum(
            ranges(tape.ops["out0"][written], tape.ops["n_out"][written])[1], len(tape.values) - 1
        )
        rows = tape.values[values]
        names: list[str] = []
        for value, tensor, leaf in zip(
            values.tolist(), rows["tensor"].tolist(), rows["grad_of"].tolist(), strict=True
        ):
            if len(names) > 3:
                break
            name = tape.label(value) if leaf >= 0 or tape.name_of(tensor) else ""
            if name and name not in names:
                names.append(name)
        if not names:
            return "updates"
        trained = len(tape.passes) and int(tape.passes["event"][0]) < self._op_event(draft)
        told = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        return f"update of {told}" if trained else f"initial {told}"

    def _named_lines(self) -> dict[tuple[int, int], str]:
        """Return the variable that a line assigns: (place in the code, operation) -> name.

        Of a loop's tensors only the last still has its name when the cell ends.
        """
        tape = self._tape
        named = np.isin(tape.values["tensor"], tape.names["tensor"])
        values = np.flatnonzero(named & (tape.values["op"] >= 0))
        ops = tape.values["op"][values]
        locs = tape.events["loc"][tape.ops["event"][ops]]
        # Of each place and operation the last: a loop comes by a million times.
        keys = locs.astype(np.int64) << 32 | tape.ops["name"][ops]
        _, last = np.unique(keys[::-1], return_index=True)
        last = len(keys) - 1 - last
        rows = zip(
            locs[last].tolist(), tape.ops["name"][ops[last]].tolist(),
            tape.values["tensor"][values[last]].tolist(), strict=True,
        )  # fmt: skip
        return {(loc, op): tape.name_of(tensor) or "" for loc, op, tensor in rows}
