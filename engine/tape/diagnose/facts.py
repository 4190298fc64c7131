"""What diagnoses ask of a tape again and again: who used a value, what it came from, in which line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.arguments import arguments
from engine.tape.diagnose.finding import Link
from engine.tape.diagnose.lines import assigned
from engine.tape.diagnose.measures import BAD, NAN, measured
from engine.tape.diagnose.origins import Origins
from engine.tape.diagnose.steps import Steps, column
from engine.tape.errors import NotKept
from engine.tape.grouped import Grouped
from engine.tape.ledger import Change, changes
from engine.tape.schema import GradChange, OpFlag, PassFlag, ValueFlag
from engine.tape.tape import Source, Tape

Array = NDArray[Any]
# As plain ints: members of enums cost more to ask for.
_REQUIRES_GRAD, _LEAF = int(ValueFlag.REQUIRES_GRAD), int(ValueFlag.LEAF)


class Facts(Steps):
    """Indices over a tape that does not grow, and its rows in words."""

    _held, _made_by = column("values", "array"), column("values", "op")
    _flags, _value_shapes = column("values", "flags"), column("values", "shape")
    _op_names, _op_params = column("ops", "name"), column("ops", "params")

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        self._read_params: dict[int, dict[str, Any]] = {}
        self._users, self._rows = Grouped(), Grouped()
        self._changes: dict[int, list[Change]] = {}
        #: Ways from the root by the step that they lead to (see `ways.way`).
        self.ways: dict[int, Any] = {}

    # Rows.

    @cached_property
    def _user_ops(self) -> NDArray[np.int64]:
        ops = self.tape.ops
        count = ops["n_in"].astype(np.int64)
        start = np.repeat(ops["in0"] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        of = np.full(len(self.tape.inputs), -1, np.int64)
        of[start + np.arange(len(start))] = np.repeat(np.arange(len(ops)), count)
        return of

    def tracked(self, cancelled: Callable[[], bool]) -> Iterator[int]:
        """Yield the operations that have a node, until it is cancelled."""
        for op in np.flatnonzero(self.tape.ops["node"] >= 0).tolist():
            if cancelled():
                return
            yield op

    def inputs(self, op: int) -> list[int]:
        """Return the values that went into an operation; -1 for an argument that was None."""
        first, count = self._arguments[0][op], self._arguments[1][op]
        return self._arguments[2][first : first + count]

    def outputs(self, op: int) -> range:
        first = self._results[0][op]
        return range(first, first + self._results[1][op])

    @cached_property
    def _arguments(self) -> tuple[list[int], list[int], list[int]]:
        ops = self.tape.ops
        return ops["in0"].tolist(), ops["n_in"].tolist(), self.tape.inputs["value"].tolist()

    @cached_property
    def _results(self) -> tuple[list[int], list[int]]:
        return self.tape.ops["out0"].tolist(), self.tape.ops["n_out"].tolist()

    def users(self, value: int) -> list[int]:
        """Return the operations that a value went into."""
        rows = self._users.rows(self.tape.inputs["value"], value)
        return [int(self._user_ops[row]) for row in rows]

    def values_of(self, tensor: int) -> list[int]:
        """Return a tensor's values, oldest first."""
        return self._rows.rows(self.tape.values["tensor"], tensor)

    def latest(self, tensor: int, playhead: int) -> int:
        """Return a tensor's value at a playhead, or its first one."""
        rows = self.values_of(tensor)
        at = bisect_left(rows, playhead, key=lambda row: int(self.tape.values["event"][row]))
        return rows[max(at - 1, 0)]

    def edges(self, node: int) -> list[tuple[int, int]]:
        """Return a node's next_functions as (node, output number)."""
        first, count, targets, numbers = self._edges
        own = slice(first[node], first[node] + count[node])
        return list(zip(targets[own], numbers[own], strict=True))

    @cached_property
    def _edges(self) -> tuple[list[int], list[int], list[int], list[int]]:
        nodes, edges = self.tape.nodes, self.tape.edges
        columns = (nodes["edge0"], nodes["n_edge"], edges["node"], edges["nr"])
        first, count, targets, numbers = (one.tolist() for one in columns)
        return first, count, targets, numbers

    @cached_property
    def accumulators(self) -> dict[int, int]:
        """The latest AccumulateGrad node of each leaf."""
        variable = self.tape.nodes["variable"]
        rows = np.flatnonzero(variable >= 0)
        return dict(zip(variable[rows].tolist(), rows.tolist(), strict=True))

    def input_of(self, node: int, slot: int) -> int:
        """Return the value that went in where a node's edge leads on; -1 where it is not known."""
        op, edges = self.op_of(node), self.edges(node)
        if op < 0 or slot >= len(edges):
            return -1
        inputs = self.inputs(op)
        mine = [v for v in inputs if v >= 0 and self._leads(v, *edges[slot])]
        before = sum(edge == edges[slot] for edge in edges[:slot])
        return mine[min(before, len(mine) - 1)] if mine else -1

    def _leads(self, value: int, node: int, nr: int) -> bool:
        nodes, numbers, tensors, variables = self._ends
        if nodes[value] >= 0:
            return nodes[value] == node and numbers[value] == nr
        return node >= 0 and variables[node] == tensors[value]

    @cached_property
    def _ends(self) -> tuple[list[int], list[int], list[int], list[int]]:
        values = self.tape.values
        places = (values[c].tolist() for c in ("node", "nr", "tensor"))
        return (*places, self.tape.nodes["variable"].tolist())

    # What rows say.

    def requires_grad(self, value: int) -> bool:
        return bool(self._flags[value] & _REQUIRES_GRAD)

    def brought(self, value: int) -> int:
        """Return the step that last added to the .grad that a value is, or -1 if it is none."""
        tape = self.tape
        tensor, event = (int(tape.values[c][value]) for c in ("grad_of", "event"))
        if tensor < 0:
            return -1
        rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
        steps = [
            int(tape.grads["ref"][row])
            for row in rows
            if tape.grads["event"][row] <= event
            and tape.grads["kind"][row] == GradChange.ACCUMULATE
        ]
        return steps[-1] if steps else -1

    def is_gradient(self, value: int) -> bool:
        """Whether a value is what `autograd.grad` gave back."""
        index = int(self.tape.values["array"][value])
        return index >= 0 and bool((self.tape.contributions["array"] == index).any())

    def is_leaf(self, value: int) -> bool:
        return bool(self._flags[value] & _LEAF)

    def floating(self, value: int) -> bool:
        return self.tape.value_dtype(value).startswith(("float", "bfloat", "complex"))

    def made_by(self, value: int) -> int:
        """Return the operation whose result a value is, or -1."""
        return self._made_by[value]

    def unviewed(self, value: int) -> int:
        """Return the value of which another is only a view."""
        op = self.made_by(value)
        while op >= 0 and self.tape.ops["flags"][op] & OpFlag.VIEW:
            value = self.inputs(op)[0]
            op = self.made_by(value)
        return value

    def array_of(self, value: int) -> int:
        """Return the row of `arrays` that holds a value, or -1."""
        return self._held[value]

    def is_bad(self, value: int) -> bool:
        """Whether a value holds a NaN or an infinity."""
        return bool(self._bits(value) & BAD)

    def is_nan(self, value: int) -> bool:
        """Whether a value holds a NaN."""
        return bool(self._bits(value) & NAN)

    def _bits(self, value: int) -> int:
        index = self._held[value]
        if index >= 0:
            return self.measures.bits(index)
        array = self.array(value)
        return 0 if array is None else measured(array)[0]

    def array(self, value: int) -> Array | None:
        """Return a value's content; None where it was not kept."""
        try:
            return self.tape.value(value) if value >= 0 else None
        except NotKept:
            return None

    def op_name(self, op: int) -> str:
        return self.tape.text(self._op_names[op])

    def called(self, op: int) -> str:
        """Return an operation's name as people write it: "softmax" for "_softmax"."""
        return self.op_name(op).lstrip("_")

    def base(self, op: int) -> str:
        """Return an operation's name without what marks variants: "relu" for "relu_"."""
        return self.tape.text(self._op_names[op]).strip("_")

    def node_name(self, node: int) -> str:
        return self.tape.text(int(self.tape.nodes["name"][node]))

    def params(self, op: int) -> dict[str, Any]:
        """Return an operation's arguments that are no tensors; not to be changed."""
        text = self._op_params[op]
        found = self._read_params.get(text)
        if found is None:
            found = self._read_params[text] = arguments(self.tape, op)
        return found

    def label(self, value: int) -> str:
        """Return what a person calls a value: its name, "x.detach()", "the result of mul"."""
        row = self.tape.values[value]
        if self.tape.name_of(int(row["tensor"])) or row["grad_of"] >= 0 or row["op"] < 0:
            return self.tape.label(value)
        op = int(row["op"])
        inputs = self.inputs(op)
        if self.tape.ops["flags"][op] & OpFlag.VIEW and len(inputs) == 1 and inputs[0] >= 0:
            return self.label(inputs[0])  # x.T and x[0] are x, seen otherwise
        return f"the result of {self.called(op)}"

    def name(self, tensor: int) -> str:
        return self.tape.tensor_label(tensor)

    def named(self, name: str) -> int:
        """Return the tensor that had a name last, or -1; "fc.weight" finds "weight", and so back.

        "t3", as `name` calls a tensor without one, is found too.
        """
        rows = [row for row, text in enumerate(self.names) if text == name]
        rows = rows or [
            row for row, text in enumerate(self.names) if text == name.partition(".")[2]
        ]
        rows = rows or [row for row, text in enumerate(self.names) if text.endswith(f".{name}")]
        if rows:
            return int(self.tape.names["tensor"][rows[-1]])
        number = name.removeprefix("t") if name.startswith("t") else ""
        known = number.isdecimal() and (self.tape.values["tensor"] == int(number)).any()
        return int(number) if known else -1

    @cached_property
    def names(self) -> list[str]:
        """All names that tensors were given, in order."""
        return [self.tape.text(text) for text in self.tape.names["text"].tolist()]

    def shape(self, value: int) -> tuple[int, ...]:
        return self.tape.shape(self._value_shapes[value])

    @cached_property
    def origins(self) -> Origins:
        return Origins(self)

    # Places.

    def source(self, event: int) -> Source | None:
        return self.tape.source(int(self.tape.events["loc"][event])) if event >= 0 else None

    def code(self, event: int) -> str:
        """Return the text of the person's line at an event, "" where the tape does not hold it."""
        return self.line_at(int(self.tape.events["loc"][event])) if event >= 0 else ""

    def line_at(self, loc: int) -> str:
        """Return the text of the line of a `loc` column, "" where the tape does not hold it."""
        if loc < 0 or self.tape.locs["cell"][loc] < 0:
            return ""
        text = self.tape.text(int(self.tape.cells["source"][self.tape.locs["cell"][loc]]))
        lines, line = text.splitlines(), int(self.tape.locs["line"][loc])
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def at_event(self, text: str, event: int, **rows: int) -> Link:
        return Link(text, event, source=self.source(event), code=self.code(event), **rows)

    def at_op(self, text: str, op: int) -> Link:
        row = self.tape.ops[op]
        out = int(row["out0"]) if row["n_out"] else -1
        return self.at_event(text, int(row["event"]), op=op, node=int(row["node"]), value=out)

    def at_value(self, text: str, value: int) -> Link:
        row = self.tape.values[value]
        return self.at_event(
            text, int(row["event"]), op=int(row["op"]), node=int(row["node"]), value=value
        )

    def at_step(self, text: str, step: int) -> Link:
        """Return a link to a step, with the line of the operation whose node it visited."""
        node, event = (int(self.tape.steps[c][step]) for c in ("node", "event"))
        op = int(self.tape.nodes["op"][node])
        forward = int(self.tape.ops["event"][op]) if op >= 0 else event
        source, code = self.source(forward), self.code(forward)
        return Link(text, event, op, node, source=source, code=code)

    def at_birth(self, text: str, value: int) -> Link:
        """Return a link to where the program made a leaf: its name is given in that line.

        The tape sees a leaf when it is first used; the line before that is found in the source.
        """
        row = self.tape.values[value]
        link = self.at_value(text, value)
        name = self.tape.name_of(int(row["tensor"]))
        if row["op"] >= 0 or not name:
            return link
        loc = int(self.tape.events["loc"][int(row["event"])])
        found = assigned(self.cells_until(loc), name)
        return link if found is None else moved(link, found)

    def cells_until(self, loc: int) -> list[tuple[str, str, int]]:
        """Return (key, source, last line) of the cells that had begun at a place, the latest first."""
        cells, line = self.tape.cells, len(self.tape.cells) and 1 << 30
        last = len(cells) - 1
        if loc >= 0 and self.tape.locs["cell"][loc] >= 0:
            last = int(self.tape.locs["cell"][loc])
            if not self.tape.text(int(self.tape.locs["function"][loc])).isidentifier():
                line = int(self.tape.locs["line"][loc])
        found = []
        for row in range(last, -1, -1):
            key, source = (self.tape.text(int(cells[c][row])) for c in ("key", "source"))
            found.append((key, source, line if row == last else 1 << 30))
        return found

    # Gradients.

    def changes(self, tensor: int) -> list[Change]:
        """Return all that made a tensor's .grad what it is in the end; not to be changed."""
        found = self._changes.get(tensor)
        if found is None:
            found = self._changes[tensor] = changes(self.tape, tensor)
        return found

    # Passes.

    def roots(self, pass_: int) -> list[int]:
        """Return the values that a pass began at."""
        first, count = (int(self.tape.passes[c][pass_]) for c in ("root0", "n_root"))
        found: list[int] = self.tape.roots["value"][first : first + count].tolist()
        return found

    def root_nodes(self, pass_: int) -> list[int]:
        first, count = (int(self.tape.passes[c][pass_]) for c in ("root0", "n_root"))
        return [n for n in self.tape.roots["node"][first : first + count].tolist() if n >= 0]

    def accumulates(self, pass_: int) -> bool:
        return not self.tape.passes["flags"][pass_] & PassFlag.GRAD

    def reachable(self, pass_: int) -> set[int]:
        """Return the nodes that a pass's roots lead to."""
        found = set(self.root_nodes(pass_))
        waiting = list(found)
        while waiting:
            for node, _ in self.edges(waiting.pop()):
                if node >= 0 and node not in found:
                    found.add(node)
                    waiting.append(node)
        return found

    def error_of(self, pass_: int) -> str:
        """Return the error that a pass ended with, or ""."""
        rows = np.flatnonzero(self.tape.ends["pass_"] == pass_)
        return self.tape.text(int(self.tape.ends["error"][rows[-1]])) if len(rows) else ""

    def at_accumulation(self, text: str, pass_: int, tensor: int) -> Link:
        """Return a link to where a pass adds to a tensor's .grad, or to the pass if it does not."""
        for change in self.changes(tensor):
            if change.pass_ == pass_ and change.step >= 0:
                return self.at_step(text, change.step)
        return self.at_event(text, int(self.tape.passes["event"][pass_]))

    def passes_before(self, playhead: int) -> range:
        return range(bisect_left(self.tape.passes["event"], playhead))


def moved(link: Link, found: tuple[str, int, str]) -> Link:
    """Return a link that points to another line."""
    key, line, code = found
    file = link.source.file if link.source is not None else ""
    return replace(link, source=Source(file, line, key, ""), code=code)
