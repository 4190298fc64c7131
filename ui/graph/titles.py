"""Titles of graphs that a person recognises: the name of the root, and its pass, cell or line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from engine.tape.schema import OpFlag
from engine.tape.tape import Tape
from ui.graph.partition import Ints, ranges

if TYPE_CHECKING:
    from ui.graph.infos import Graphs


def titles(tape: Tape, graphs: Graphs) -> list[str]:
    """Return the titles of a tape's graphs, as "loss · cell 7", or "loss · pass 3" of several."""
    bases = _Names(tape).bases(graphs)
    repeated, seen, found = Counter(bases), Counter[tuple[str, str]](), list[str]()
    for place, base in enumerate(bases):
        seen[base] += 1
        name, where = base
        if repeated[base] > 1:
            first = graphs.first_pass(place)
            where = f"pass {first + 1}" if first >= 0 else f"{where}, {seen[base]}"
        found.append(f"{name} · {where}" if where else name)
    return found


class _Names:
    """Finds the words for graphs, of all at once: a long training has ten thousands."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._places: dict[int, str] = {}

    def bases(self, graphs: Graphs) -> list[tuple[str, str]]:
        """Return name and place of each."""
        tape, values = self._tape, self._roots(graphs)
        rows = tape.values[np.maximum(values, 0)] if len(tape.values) else tape.values
        ops = rows["op"].astype(np.int64) if len(rows) else np.full(len(values), -1)
        events = graphs.first.copy()
        made, known = (values >= 0) & (ops >= 0), values >= 0
        events[known] = rows["event"][known]
        events[made] = tape.ops["event"][ops[made]]
        names = self._called(values, ops, events)
        bases = []
        for place, (name, event) in enumerate(zip(names, events.tolist(), strict=True)):
            if graphs.update[place]:
                ops_of = graphs.ops(place)
                event = int(tape.ops["event"][ops_of[0]]) if len(ops_of) else event
                name = self._update(ops_of, event)
            bases.append((name, self._place(event)))
        return bases

    def _roots(self, graphs: Graphs) -> Ints:
        """Return per graph the value that it is named by, or -1."""
        tape, found = self._tape, np.full(len(graphs), -1, np.int64)
        for place in np.flatnonzero(graphs.last_passes < 0).tolist():
            if not graphs.update[place]:
                found[place] = self._result(graphs, place)
        served = np.flatnonzero(graphs.last_passes >= 0)
        found[served] = tape.roots["value"][tape.passes["root0"][graphs.last_passes[served]]]
        return found

    def _result(self, graphs: Graphs, place: int) -> int:
        """Return what the last operation of a graph made."""
        tape, made = self._tape, graphs.ops(place)
        nodes = graphs.nodes(place)
        if graphs.tracked[place] and len(nodes):
            made = tape.nodes["op"][nodes].astype(np.int64)
            made = np.sort(made[made >= 0])
        made = made[tape.ops["n_out"][made] > 0]
        return int(tape.ops["out0"][made[-1]]) if len(made) else -1

    def _called(self, values: Ints, ops: Ints, events: Ints) -> list[str]:
        """Return the names of values: their own, or that of what their line assigns."""
        tape, texts = self._tape, self._texts(values)
        by_loc = self._named_lines()
        locs = tape.events["loc"][np.clip(events, 0, max(len(tape.events) - 1, 0))].tolist()
        found = []
        for value, op, text, loc in zip(
            values.tolist(), ops.tolist(), texts.tolist(), locs, strict=True
        ):
            name = tape.text(text) if text >= 0 else ""
            if value >= 0 and not name and op >= 0:
                kind = int(tape.ops["name"][op])
                name = by_loc.get((loc, kind)) or tape.text(kind)
            found.append("graph" if value < 0 else name or tape.label(value))
        return found

    def _texts(self, values: Ints) -> Ints:
        """Return the text of the last name that the tensor of each value got, or -1."""
        tape, found = self._tape, np.full(len(values), -1, np.int64)
        named = tape.names["tensor"]
        if not len(named):
            return found
        order = np.argsort(named, kind="stable")
        known = values >= 0
        tensors = tape.values["tensor"][values[known]]
        at = np.searchsorted(named, tensors, side="right", sorter=order) - 1
        row = order[np.maximum(at, 0)]
        found[known] = np.where((at >= 0) & (named[row] == tensors), tape.names["text"][row], -1)
        return found

    def _place(self, event: int) -> str:
        tape = self._tape
        if not 0 <= event < len(tape.events):
            return ""
        cell, loc = int(tape.events["cell"][event]), int(tape.events["loc"][event])
        key = cell if cell >= 0 else -2 - loc
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._told(cell, loc)
        return found

    def _told(self, cell: int, loc: int) -> str:
        if cell >= 0:
            count = int(self._tape.cells["count"][cell])
            return f"cell {count if count >= 0 else cell + 1}"
        source = self._tape.source(loc)
        return f"line {source.line}" if source is not None else ""

    def _update(self, ops: Ints, event: int) -> str:
        tape = self._tape
        written = ops[tape.ops["flags"][ops] & OpFlag.INPLACE != 0]
        values = np.minimum(
            ranges(tape.ops["out0"][written], tape.ops["n_out"][written])[1], len(tape.values) - 1
        )
        # A training writes the same ones again and again: of each the first time.
        rows = tape.values[values]
        kinds = np.stack([rows["tensor"], rows["grad_of"]], axis=1)
        first = np.sort(np.unique(kinds, axis=0, return_index=True)[1])
        names: list[str] = []
        for value in values[first].tolist():
            if len(names) > 3:
                break
            row = tape.values[value]
            told = row["grad_of"] >= 0 or tape.name_of(int(row["tensor"]))
            name = tape.label(value) if told else ""
            if name and name not in names:
                names.append(name)
        if not names:
            return "updates"
        trained = len(tape.passes) and int(tape.passes["event"][0]) < event
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
