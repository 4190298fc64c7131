"""Finds rows of a tape by what they refer to: the indexes that the inspector needs."""

from __future__ import annotations

import re
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from engine.tape.tape import NotKept, Source, Tape, TapeError
from ui.graph.types import Kind, NodeId
from ui.inspector.records import LedgerRow, Line
from ui.plots.stats import brief

Rows = NDArray[np.intp]

UNREADABLE, NOT_KEPT = "damaged", "not kept"  # instead of an array's elements


class Index:
    """Rows by the key in one column; sorted again when the column has grown."""

    def __init__(self) -> None:
        self._keys: NDArray[Any] = np.zeros(0, np.int32)
        self._order: Rows = np.zeros(0, np.intp)

    def rows(self, column: NDArray[Any], key: int) -> Rows:
        """Return the rows whose `column` is `key`, ascending."""
        if len(column) != len(self._keys):
            self._order = np.argsort(column, kind="stable")
            self._keys = column[self._order]
        low, high = np.searchsorted(self._keys, [key, key + 1])
        return self._order[low:high]


class Lookup:
    """A tape with the indexes over it; made once per tape by `lookup`."""

    def __init__(self, tape: Tape) -> None:
        self._whole = ref(tape)  # or the table of all lookups would keep it
        self._values, self._inputs, self._steps = Index(), Index(), Index()
        self._variables, self._arrivals = Index(), Index()
        #: Rows of ledgers that were made once, by their row in the table of .grad changes.
        self.ledger_rows: dict[int, LedgerRow] = {}

    @property
    def tape(self) -> Tape:
        tape = self._whole()
        assert tape is not None, "who asks has it"
        return tape

    def values_of(self, tensor: int) -> Rows:
        """Return the values that a tensor has had."""
        return self._values.rows(self.tape.values["tensor"], tensor)

    def value_at(self, tensor: int, playhead: int, default: int) -> int:
        """Return the value that a tensor has at the playhead, `default` before its first."""
        rows = self.values_of(tensor)
        known = rows[self.tape.values["event"][rows] < playhead]
        return int(known[-1]) if len(known) else default

    def users_of(self, value: int) -> list[int]:
        """Return the operations that read a value, each once."""
        rows = self._inputs.rows(self.tape.inputs["value"], value)
        ops = np.searchsorted(self.tape.ops["in0"], rows, "right") - 1
        return [int(op) for op in dict.fromkeys(ops.tolist())]

    def step_before(self, node: int, playhead: int) -> int:
        """Return the last step that visited a node before the playhead, or -1."""
        rows = self._steps.rows(self.tape.steps["node"], node)
        known = rows[self.tape.steps["event"][rows] < playhead]
        return int(known[-1]) if len(known) else -1

    def accumulators_of(self, tensor: int) -> Rows:
        """Return the AccumulateGrad nodes of a leaf."""
        return self._variables.rows(self.tape.nodes["variable"], tensor)

    def arrivals(self, step: int) -> Rows:
        """Return the contributions that were sent to a step's node, in its pass, before it."""
        tape = self.tape
        rows = self._arrivals.rows(tape.contributions["node"], int(tape.steps["node"][step]))
        senders = tape.contributions["step"][rows]
        same = tape.steps["pass_"][senders] == tape.steps["pass_"][step]
        found: Rows = rows[same & (senders < step)]
        return found

    def node_of_value(self, value: int) -> NodeId:
        """Return the node of the graph that made a value."""
        op = int(self.tape.values["op"][value])
        return NodeId(Kind.OP, op) if op >= 0 else NodeId(Kind.LEAF, value)

    def node_id(self, node: int) -> NodeId:
        """Return the graph's id for a row of nodes."""
        accumulates = self.tape.nodes["variable"][node] >= 0
        return NodeId(Kind.ACCUMULATE if accumulates else Kind.GRAD_FN, node)

    def node_name(self, node: int) -> str:
        return self.tape.text(int(self.tape.nodes["name"][node]))

    def op_name(self, op: int) -> str:
        return self.tape.text(int(self.tape.ops["name"][op]))

    def form(self, value: int) -> str:
        """Return dtype and shape of a value: "float32[3, 4]"."""
        return f"{self.tape.value_dtype(value)}{list(self.tape.value_shape(value))}"

    def brief(self, array: int) -> str:
        """Return a row of `arrays` in a few characters."""
        try:
            return brief(self.tape.array(array))
        except NotKept:
            return NOT_KEPT
        except TapeError:
            return UNREADABLE

    # -- code ---------------------------------------------------------------------------------

    def line_of(self, event: int) -> Line | None:
        """Return the line of code that an event comes from."""
        loc = int(self.tape.events["loc"][event])
        source = self.tape.source(loc)
        if source is None:
            return None
        cell = int(self.tape.locs["cell"][loc])
        return Line(
            source.cell, source.line, self._code(cell, source.line), _place(self, cell, source)
        )

    def assignment_of(self, name: str, event: int) -> Line | None:
        """Return the latest line that assigns a variable, in the cells up to an event's.

        For leaves: they are first seen when they are used, which may be cells after they were made.
        """
        if not name.isidentifier():
            return None
        pattern = re.compile(rf"^[^#'\"]*?\b{name}\b\s*(:[^=]+|,[^=]+)?=(?!=)")
        cells = self.tape.cells
        begun = int(np.searchsorted(cells["event"], event, "right"))
        for cell in range(begun - 1, -1, -1):
            lines = self.tape.text(int(cells["source"][cell])).splitlines()
            for number in range(len(lines), 0, -1):
                if pattern.match(lines[number - 1]):
                    key, count = self.tape.text(int(cells["key"][cell])), int(cells["count"][cell])
                    place = f"cell {count}, line {number}"
                    return Line(key, number, lines[number - 1], place)
        return None

    def cell_of(self, event: int) -> str:
        """Return "cell 3" for an event that happened while a cell ran, or an empty text."""
        cell = int(self.tape.events["cell"][event])
        return f"cell {int(self.tape.cells['count'][cell])}" if cell >= 0 else ""

    def _code(self, cell: int, line: int) -> str:
        if cell < 0:
            return ""
        lines = self.tape.text(int(self.tape.cells["source"][cell])).splitlines()
        return lines[line - 1] if 0 < line <= len(lines) else ""


def _place(look: Lookup, cell: int, source: Source) -> str:
    if cell >= 0:
        place = f"cell {int(look.tape.cells['count'][cell])}, line {source.line}"
    else:
        place = f"{source.file.replace(chr(92), '/').rsplit('/', 1)[-1]}, line {source.line}"
    plain = source.function in ("", "<module>") or source.function.startswith("<cell")
    return place if plain else f"{place} in {source.function}"


_lookups: WeakKeyDictionary[Tape, Lookup] = WeakKeyDictionary()


def lookup(tape: Tape) -> Lookup:
    """Return the tape's Lookup."""
    found = _lookups.get(tape)
    if found is None:
        found = _lookups[tape] = Lookup(tape)
    return found
