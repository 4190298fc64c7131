"""Goes through the events of a tape in order and does on the engine what each one says."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from engine import recording
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.size import intern
from engine.tape import bits
from engine.tape.record.engine import edge_of, is_tensor
from engine.tape.rerun.arguments import Arguments, Unknown
from engine.tape.rerun.columns import NewArrays
from engine.tape.rerun.leaves import Leaves, edited
from engine.tape.rerun.lists import Lists
from engine.tape.rerun.operations import Operations
from engine.tape.rerun.passes import Pass
from engine.tape.rerun.report import Evaluation, Kept, RerunError
from engine.tape.rerun.standin import Recorded, sent_by
from engine.tape.schema import DTYPES, INTO_FUNCTION, ArrayFlag, Event, GradChange, OpFlag
from engine.tape.tape import Tape, TapeError

#: The engine's modes and the switch of recording belong to the whole process.
_one_at_a_time = threading.Lock()


class Machine:
    """The tensors of a tape, alive again up to some event.

    live: tensors by id. nodes: live nodes by row of `nodes`. differs: per row of `values`, whether
    its content is another one than recorded.
    """

    def __init__(self, tape: Tape, edits: Mapping[str | int, Any]) -> None:
        self.tape = tape
        self.lists = Lists(tape)
        self.live: dict[int, Any] = {}
        self.nodes: dict[int, Any] = {}
        self.arrays = NewArrays(tape)
        self.values = tape.values.copy()
        self.sent = tape.contributions.copy()
        self.cotangents = tape.cotangents.copy()
        self.differs = [False] * len(tape.values)
        self.sent_differs = [False] * len(tape.contributions)
        self.kept: dict[tuple[str, int], Kept] = {}
        self._edits = edited(tape, edits)
        self.leaves = Leaves(self)
        self._operations, self._arguments = Operations(), Arguments(tape)
        self.edited = False  # whether a leaf began with another value so far
        self.running: Pass | None = None
        self._rows_of: dict[int, int] = {}  # of nodes, by the id of what is in `nodes`
        self._ids: dict[int, int] = {}  # of tensors, by the id of what is in `live`
        self._done: set[int] = set()
        self._row = 0  # of values: the next whose content is not known
        self._values = list(zip(*(tape.values[c].tolist() for c in _COLUMNS), strict=True))
        self._calls: list[tuple[int, ...]] = tape.ops.tolist()

    def run(self) -> Evaluation:
        """Do everything again; return the new tape."""
        with _one_at_a_time, _alone(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._walk()
        self._note_reads()
        tables = {"values": self.values, "contributions": self.sent, "cotangents": self.cotangents}
        names = sorted(self.tape.tensor_label(tensor) for tensor in self._edits)
        new = self.arrays.written(tables, {"edited": names})
        kept = tuple(sorted(self.kept.values(), key=lambda one: one.event))
        return Evaluation(new, np.array(self.differs), np.array(self.sent_differs), kept)

    # --- the events ------------------------------------------------------------------------
    def _walk(self) -> None:
        kinds, refs = self.lists.events_kind, self.lists.events_ref
        skip = -1
        for event in range(len(kinds)):
            kind, ref = kinds[event], refs[event]
            if event < skip:
                continue
            if kind == Event.OP:
                self.operation(ref, event)
            elif kind == Event.LEAF:
                self.leaf(ref)
            elif kind == Event.GRAD:
                self.grad(ref, event)
            elif kind == Event.PASS:
                skip = Pass(self, ref).run()
            self.settle(event)

    def leaf(self, row: int) -> None:
        """A tensor is seen that no operation made."""
        tensor, value = self._values[row][0], None
        if tensor in self._edits and tensor not in self.live:
            value = self._edits[tensor]
            self.edited = self.edited or not bits.same(value, self.recorded(row))
        self.leaves.add(row, value)
        self._ids[id(self.live[tensor])] = tensor
        self.content(row)

    def grad(self, row: int, event: int) -> None:
        """The program assigned a .grad."""
        tensor, kind, ref, value, _ = self.tape.grads[row].item()
        leaf = self.live.get(tensor)
        if leaf is None:
            return
        if kind == GradChange.CLEAR:
            leaf._grad = None
        elif kind == GradChange.SET and value >= 0:
            given = self.live.get(self._values[value][0])
            if given is not None:
                leaf._grad = given
        elif kind == GradChange.WRITE and ref < 0 and value >= 0 and leaf._grad is not None:
            self._written(leaf._grad, value, event)

    def _written(self, grad: Any, row: int, event: int) -> None:
        """Code that is on no tape wrote a .grad: it holds what was recorded, and that is said."""
        tensor, content = self._values[row][0], self.recorded(row)
        self.bind(row, grad)
        if bits.same(np.asarray(grad._a), np.asarray(content)):
            return
        before = [r for r in range(row) if self._values[r][0] == tensor]
        if before and self.differs[before[-1]]:
            why = "what the program's own code made of it is as it was recorded"
            self.keep(f"a write of {self.tape.label(row)}", why, event)
        self.assign(grad, content)

    def operation(self, ref: int, event: int) -> None:
        """Run a forward operation."""
        _, in0, n_in, out0, n_out, _, node, _, _, flags, _ = self._calls[ref]
        rows = self.lists.inputs_value[in0 : in0 + n_in]
        self.settle(event, out0)
        inputs: list[Any] = []
        changed = needs = False
        for row in rows:  # one loop: this is done for every operation of a tape
            tensor = self.live.get(self._values[row][0])
            inputs.append(tensor)
            changed = changed or self.differs[row]
            needs = needs or (tensor is not None and tensor._g is not None)
        before = mode.enabled
        mode.enabled = node >= 0 or not needs
        try:
            outs = self._outs(ref, inputs, changed, event)
        finally:
            mode.enabled = before
        for i, out in enumerate(outs[:n_out]):
            self.bind(out0 + i, out)
            edge = edge_of(out)[0]
            if node >= 0 and edge is not None and edge is not LEAF:
                self.know(node, edge)
        for row in range(out0, out0 + n_out):
            self.content(row)
        self.settle(event)
        if not changed and any(self.differs[out0 : out0 + n_out]) and not flags & _INPLACE:
            self._overrule(ref, out0, outs, event)

    def _outs(self, ref: int, inputs: list[Any], changed: bool, event: int) -> list[Any]:
        tape = self.tape
        text, _, _, out0, n_out, params, node, _, _, flags, _ = self._calls[ref]
        name, writes = tape.text(text), bool(flags & _INPLACE)
        try:
            if any(t is None for t in inputs):
                raise Unknown("one of its inputs was not recorded")
            others = self._arguments.of(params)
            if self._operations.is_random(name, writes):
                if writes:
                    content = self.recorded(out0)
                    return [self._operations.write(name, inputs, others, content)]
                raise Unknown("its results are random, those of the recording are kept")
            title = "" if node < 0 else tape.text(self.lists.nodes_name[node])
            fits = partial(self._fits, ref, changed)
            out = self._operations.call(name, inputs, others, writes, title, fits)
            outs = _tensors(out)
            if len(outs) == n_out:
                return outs
            raise Unknown("it does not give as many results as recorded")
        except (RerunError, TapeError):
            raise
        except Exception as error:  # whatever an operation makes of what a tape gives it
            why = str(error) if isinstance(error, Unknown) else f"it fails: {error}"
            if changed or not isinstance(error, Unknown):
                self.keep(name, why, event, ref)
            return self._stand_in(ref, inputs)

    def _fits(self, ref: int, changed: bool, out: Any) -> bool:
        """Whether a result can be that of an operation; of the same inputs it is the same."""
        first, dtypes = self._calls[ref][3], self.lists.values_dtype
        for row, one in enumerate(_tensors(out), first):
            if DTYPES[dtypes[row]] != one._d.name:
                return False
            if not changed and not bits.same(np.asarray(self.recorded(row)), np.asarray(one._a)):
                return False
        return True

    def _overrule(self, ref: int, out0: int, outs: list[Any], event: int) -> None:
        """What nothing changed gave another result: take the recorded one, and say so."""
        for i, out in enumerate(outs):
            if self.differs[out0 + i]:
                self.assign(out, self.recorded(out0 + i))
                self.content(out0 + i)
        name = self.tape.text(int(self.tape.ops["name"][ref]))
        self.keep(name, "it gives another result from the same inputs", event, ref)

    def _stand_in(self, ref: int, inputs: list[Any]) -> list[Any]:
        """Give an operation its recorded results, with a node that sends recorded gradients."""
        tape = self.tape
        out0, n_out, node = (int(tape.ops[c][ref]) for c in ("out0", "n_out", "node"))
        rows = range(out0, out0 + n_out)
        known = [self.live.get(self._values[row][0]) for row in rows]
        written = next((t for t in known if t is not None), None)
        for row, tensor in zip(rows, known, strict=True):
            if tensor is not None:
                self.assign(tensor, self.recorded(row))

        def make() -> list[Any]:
            return [
                self.leaves.made(row) if tensor is None else tensor
                for row, tensor in zip(rows, known, strict=True)
            ]

        for row in self._beside(ref):
            tensor = self.live.get(self._values[row][0])
            if tensor is not None:
                self.assign(tensor, self.recorded(row))
        given = [t for t in inputs if t is not None]
        edges = 0 if node < 0 else int(tape.nodes["n_edge"][node])
        if node < 0 or len(given) < len(inputs) or edges != len(inputs):
            return make()
        out = Recorded.apply(make, written, lambda g: sent_by(self, node, g), *inputs)
        return list(out) if isinstance(out, tuple) else [out]

    def _beside(self, ref: int) -> list[int]:
        """Return the values that an operation changed without having them as outputs."""
        values = self.tape.values
        return np.flatnonzero((values["op"] == ref) & (values["out"] == -1)).tolist()

    # --- contents --------------------------------------------------------------------------
    def settle(self, event: int, until: int | None = None) -> None:
        """Write down what the values of the events up to this one hold, to a row if one is given."""
        values, count = self._values, len(self._values)
        until = count if until is None else until
        while self._row < until and values[self._row][2] <= event:
            if self._row not in self._done:
                self.content(self._row)
            self._row += 1

    def bind(self, row: int, tensor: Any) -> None:
        """The tensor of a row of values is this one."""
        number = self._values[row][0]
        self.live[number] = tensor
        self._ids[id(tensor)] = number

    def tensor_of(self, live: Any) -> int:
        """Return the id of a tensor, -1 for one that is not on the tape."""
        number = self._ids.get(id(live), -1)
        return number if self.live.get(number) is live else -1

    def know(self, row: int, node: Any) -> None:
        """A row of nodes is this node."""
        if row not in self.nodes:
            self.nodes[row] = node
            self._rows_of[id(node)] = row

    def row_of(self, node: Any) -> int:
        """Return the row of a node, -1 for one that is not on the tape."""
        row = self._rows_of.get(id(node), -1)
        return row if self.nodes.get(row) is node else -1

    def value_with(self, array: int) -> Any:
        """Return the tensor whose present content is this row of arrays; None if none is."""
        rows = np.flatnonzero(self.tape.values["array"][: self._row] == array)
        if not len(rows):
            return None
        tensor = self._values[int(rows[-1])][0]
        live = self.live.get(tensor)
        latest = np.flatnonzero(self.tape.values["tensor"][: self._row] == tensor)[-1]
        return live if int(latest) == int(rows[-1]) else None

    def content(self, row: int) -> None:
        """Write down what a tensor holds as a row of values."""
        tensor, array, _, node = self._values[row]
        live = self.live.get(tensor)
        self._done.add(row)
        if live is None:
            return
        if node >= 0:
            edge = edge_of(live)[0]
            if edge is not None and edge is not LEAF:
                self.know(node, edge)
        new = np.asarray(live._a)
        known = self.recorded(row)
        differs = not bits.same(np.asarray(known), new)
        if differs and not self.edited:
            self.assign(live, known)
            new, differs = np.asarray(live._a), False
            self.keep(self.tape.label(row), _OTHERWISE, self._values[row][2])
        self.differs[row] = differs
        if array >= 0:
            put = self.arrays.put(array, new)
            if put != array:
                self.values["array"][row] = put

    def recorded(self, row: int) -> Any:
        """Return the content of a value as the tape has it; RerunError where it was not kept."""
        array = self._values[row][1]
        found = (
            self.tape.value(row) if array < 0 or self._summary(array) else self.tape.array(array)
        )
        if found is None:
            label = self.tape.label(row)
            raise RerunError(
                f"the elements of {label} were not kept on this tape, only statistics; record it "
                "again with a larger memory budget to run it with other values"
            )
        return found

    def _summary(self, array: int) -> bool:
        return bool(self.lists.arrays_flags[array] & _SUMMARY)

    def assign(self, tensor: Any, content: Any) -> None:
        """Put a content into a tensor's memory, unseen by version counters."""
        if tensor._s != np.shape(content):
            tensor._a, tensor._s = np.array(content), intern(np.shape(content))
        elif isinstance(tensor._a, np.ndarray):
            tensor._a[...] = content
        else:
            tensor._a = np.asarray(content)[()]

    # --- what is told ----------------------------------------------------------------------
    def keep(self, what: str, why: str, event: int, op: int = -1) -> None:
        """Say that something keeps its recorded result, once per thing and reason."""
        if (what, event) not in self.kept:
            source = self.tape.source(int(self.tape.events["loc"][event]))
            self.kept[what, event] = Kept(what, why, event, op, source)

    def _note_reads(self) -> None:
        """Name the lines that took numbers out of values which are others now."""
        tape = self.tape
        for value, how, loc, event in tape.reads.tolist():
            if self.differs[value]:
                what = f"{tape.text(how)} of {tape.label(value)}"
                why = "what the program did with the number is as it was recorded"
                if tape.text(how) == INTO_FUNCTION:
                    why = "what the program made of it inside its Function is as it was recorded"
                self.kept.setdefault(
                    (what, loc), Kept(what, why, max(event - 1, 0), -1, tape.source(loc))
                )


def _tensors(out: Any) -> list[Any]:
    return list(filter(is_tensor, out)) if isinstance(out, tuple | list) else [out]


_OTHERWISE = "it comes out otherwise than recorded, though nothing was edited; that is kept"
_INPLACE, _SUMMARY = int(OpFlag.INPLACE), int(ArrayFlag.SUMMARY)  # enums cost more to combine
_COLUMNS = ("tensor", "array", "event", "node")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep recorders and modes of this process out of what runs again."""
    names = ("log", "before_write", "before_change", "enter_scope", "scope", "forward")
    before = {name: getattr(recording, name) for name in names}
    enabled = mode.enabled
    recording.log = recording.forward = None
    recording.unhook()
    mode.enabled = True
    try:
        yield
    finally:
        mode.enabled = enabled
        for name, value in before.items():
            setattr(recording, name, value)
