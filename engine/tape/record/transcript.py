"""What the engine logged, entry by entry, as rows of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from engine import recording
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays, owner
from engine.tape.record.grads import Grads
from engine.tape.record.holders import Holders
from engine.tape.record.meanwhile import Meanwhile
from engine.tape.record.naming import names_of_tensors, written
from engine.tape.record.nodes import Nodes
from engine.tape.record.ops import Forward, Ops
from engine.tape.record.passes import Passes
from engine.tape.record.places import Places
from engine.tape.record.rows import Batch
from engine.tape.record.runs import Runs
from engine.tape.record.scopes import Scopes
from engine.tape.record.targets import named
from engine.tape.record.tensors import Tensors
from engine.tape.schema import INTO_FUNCTION, Event, Mark

#: Our own entries in recording.log, beside those that the engine defines.
BEGIN_CELL, PRINTED, ERROR = 100, 101, 102
#: Operations, or steps, in a row from which on they are written together.
_LONG = 32
_RUNS = (recording.OPERATION, recording.STEP)
_kind = itemgetter(0)
#: Tensors of a namespace that nothing used yet are shown up to this size.
_UNUSED_LIMIT = 4 << 20


class Transcript:
    """All tables of one recording and the parts that write them; belongs to one lock."""

    def __init__(self) -> None:
        batch = self.batch = Batch()
        self.arrays = Arrays(batch)
        self._tensors = Tensors(batch, self.arrays)
        self._nodes = Nodes(batch, self._tensors)
        self._tensors.place_of_node = self._nodes.place
        self._grads = Grads(batch, self._tensors)
        self._ops = Ops(batch, self.arrays, self._tensors, self._nodes, self._grads)
        self._passes = Passes(batch, self.arrays, self._tensors, self._nodes, self._grads)
        self.places, self.scopes = Places(batch), Scopes(batch)
        self._meanwhile = Meanwhile(self.scopes)
        self._sites = self.places.known
        self._runs = Runs(
            batch, self.arrays, self._tensors, self._nodes, self._ops.plans, self.places
        )
        #: Arguments, and the rows of their values, of Functions whose forward is seen inside.
        self._arguments: list[tuple[tuple[Any, ...], list[int]]] = []
        self._names: dict[int, str] = {}
        self._passing: set[int] = set()  # tensors named after where they were used first
        self._assigned: tuple[int, str, Any, int] | None = None
        self._keys: dict[str, int] = {}
        self._source = ""  # of the running cell
        self._holders = Holders()
        self._handlers: dict[int, Any] = {
            recording.OPERATION: self._operation,
            recording.PASS: self._pass,
            recording.STEP: self._passes.step,
            recording.ACCUMULATE: self._passes.accumulate,
            recording.CAPTURE: lambda entry: self._passes.capture(*entry[1:]),
            recording.END: self._end,
            recording.GRAD: self._grad,
            recording.FUNCTION: lambda entry: self._function(*entry[1:]),
            recording.READ: lambda entry: self._read(*entry[1:]),
            recording.OPENED: lambda entry: self._opened(*entry[1:]),
            recording.IDLE: self._idle,
            recording.RETURNED: lambda entry: self._unpack(entry[1], *entry[2:]),
            recording.SHARED: lambda entry: self._shared(entry[1]),
            BEGIN_CELL: self._begin_cell,
            PRINTED: lambda entry: self._mark(Mark.PRINT, -1, entry[1], -1),
            ERROR: self._error,
        }

    def take_down(self, entries: list[tuple[Any, ...]], began: float, now: float) -> None:
        """Write rows for entries that were logged between two times of the recording."""
        self.scopes.settle()
        batch, handlers = self.batch, self._handlers
        span = (now - began) / max(len(entries), 1)
        batch.time = began
        at, end, wait = 0, len(entries), 0
        while at < end:
            entry = entries[at]
            if (
                at >= wait
                and at + _LONG <= end
                and entry[0] in _RUNS
                and self._is_long(entries, at)
            ):
                taken = self._run(entries, at, span)
                if taken < _LONG:
                    wait = at + _LONG
                if taken:
                    at += taken
                    continue
            handlers[entry[0]](entry)
            batch.time += span
            at += 1
        if self._assigned is not None:
            self._name_assigned()
        batch.time = now

    def _is_long(self, entries: list[tuple[Any, ...]], at: int) -> bool:
        last = at + _LONG - 1
        if entries[last][0] != entries[at][0]:
            return False
        return len(set(map(_kind, entries[at:last]))) <= 1

    def _run(self, entries: list[tuple[Any, ...]], at: int, span: float) -> int:
        """Write the plain operations, or steps, that begin there; return how many there are."""
        if entries[at][0] == recording.STEP:
            return self._passes.run(entries, at, span)
        runs = self._runs
        taken = runs.take(entries, at, self._passes.current, span, self._assigned)
        for number, name, event in runs.named:
            self._name(number, name, event)
            self._holders.computed.add(name)
        self._assigned = runs.assigned
        return taken

    def write_begins(self, tensor: Any) -> None:
        """The memory of a tensor is about to be overwritten; all that was logged is taken down.

        What a Function makes for itself in its forward is not shown.
        """
        if self._tensors.known(tensor) >= 0:
            self._tensors.current(tensor, -1)
        elif recording.log is not None:
            self._tensors.current(tensor, self.places.loc(*recording.where()))
        if self.arrays.protect(owner(engine.contents(tensor))):
            self.arrays.wait()
        self._tensors.write_begins(tensor)
        self._grads.write_begins(tensor)
        self._passes.write_begins(owner(engine.contents(tensor)))

    def end_cell(self, names: Mapping[str, object]) -> None:
        """Write what the tensors of a namespace are called, and the end of the running cell."""
        text = self.batch.text
        new = []
        for tensor, name in self.called(names).values():
            number = self._tensors.known(tensor)
            if number < 0:
                if engine.contents(tensor).nbytes > _UNUSED_LIMIT:
                    continue
                self._tensors.current(tensor, -1)
                number = self._tensors.known(tensor)
            self._passing.discard(number)
            self._holders.hold(name, tensor)
            self._meanwhile.given.discard(number)
            if self._names.get(number) != name:
                self._names[number] = name
                new.append((number, text(name)))
        for number, index in new:
            self.batch["names"].add(number, index, self.batch.events.count)
        self._name_parameters(self._meanwhile.in_models(), self.batch.events.count)
        self._mark(Mark.CELL_END, self.batch.cell, None, -1)
        self.places.end_cell()

    def called(self, names: Mapping[str, object]) -> dict[int, tuple[Any, str]]:
        """Return the tensors of a namespace and what they are called, by id()."""
        return names_of_tensors(names, written(self._source, names), self._name_of)

    def called_by_now(self, names: Mapping[str, object]) -> dict[int, tuple[Any, str]]:
        """The same while the cell runs, with what only functions know: parameters of called models."""
        return self._meanwhile.in_models() | self.called(names)

    def name_parameters(self) -> None:
        """Name the parameters as the program calls them by now, while its cell runs."""
        if self.batch.events.count:
            self._name_parameters(self._meanwhile.names(self.called), self.batch.events.count - 1)

    def row_of(self, node: Any) -> int | None:
        """Return a node's row, None where it is not on the tape."""
        return self._nodes.by_seq.get(node.seq)

    def _name_of(self, tensor: Any) -> str | None:
        number = self._tensors.known(tensor)
        return None if number in self._passing else self._names.get(number)

    def register_file(self, filename: str, key: str) -> None:
        if key in self._keys:
            self.places.register_file(filename, self._keys[key])

    def _operation(self, entry: tuple[Any, ...]) -> None:
        _, name, out, inputs, params, code, lasti, scope = entry
        loc, target = self._sites.get((id(code), lasti)) or self.places.place(code, lasti)
        first = len(self._tensors.value_of)
        made = self._ops.add(name, out, inputs, params, loc, scope, self._passes.current)
        if len(self._tensors.value_of) - first > (made >= 0):
            self._name_leaves(name, inputs, first, code, lasti)
        assigned = self._assigned
        if assigned is not None:
            # One expression may take several operations: only the last result gets the name.
            if assigned[2] is not code or assigned[3] != lasti:
                self._name_assigned()
            self._assigned = None
        if target and made >= 0 and self._passes.current < 0:
            self._assigned = made, target, code, lasti
        elif isinstance(out, tuple | list):
            self._unpack(out, code, lasti, name)

    def _unpack(self, result: Any, code: Any, lasti: int, op: str = "") -> None:
        """Name the tensors of a tuple after what an assignment unpacks it to."""
        for tensor, name in named(result, self.places.unpacked(code, lasti, op)):
            number = self._tensors.known(tensor)
            if number >= 0 and number not in self._names and not engine.is_parameter(tensor):
                self._name(number, name, self.batch.events.count - 1)

    def _function(
        self, entry: tuple[Any, ...] | None, written: tuple[Any, ...], saved: tuple[Any, ...],
        opened: bool,
    ) -> None:  # fmt: skip
        """A person's Function, whose forward ran while the log was off; None: it raised."""
        arguments, rows = self._arguments.pop() if opened else ((), None)
        if entry is None:
            self._written(written, arguments, -1)
            return
        self._ops.function = Forward(written, saved, rows)
        try:
            self._operation(entry)
        finally:
            self._ops.function = None

    def _opened(
        self, arguments: tuple[Any, ...] | None, written: tuple[Any, ...], code: Any, lasti: int
    ) -> None:
        """What follows happens inside a forward, after all that it wrote until then."""
        loc = self.places.loc(code, lasti)
        if arguments is not None:
            rows = [self._tensors.latest(t, loc) for t in arguments]
            self._arguments.append((arguments, rows))
            how, event = self.batch.text(INTO_FUNCTION), self.batch.events.count
            for row in rows:  # what comes from them in there is no operation on the tape
                self.batch["reads"].add(row, how, loc, event)
        self._written(written, self._arguments[-1][0], loc)

    def _written(self, tensors: tuple[Any, ...], arguments: tuple[Any, ...], loc: int) -> None:
        """Tell of memory that was written by no operation on the tape."""
        for tensor in self._ops.overwritten(tensors, arguments):
            number = self._tensors.known(tensor)
            value = self._tensors.seen_anew(tensor, number, loc) if number >= 0 else -1
            self._grads.written(tensor, number, -1, value, loc)
        self._tensors.sharing.write_ended()

    def _name_assigned(self) -> None:
        """Write the name that an assignment gave to the result of the operation before."""
        if self._assigned is not None:
            number, name, _, _ = self._assigned
            self._assigned = None
            self._holders.computed.add(name)
            self._name(number, name, self.batch.events.count - 1)

    def _name_leaves(
        self, op: str, inputs: tuple[Any, ...], first: int, code: Any, lasti: int
    ) -> None:
        """Name what an operation is the first to use as the program does there; a cell's end knows better.

        What a call hands on, as `model(x)`, has the name of the argument if it can be only this one.
        """
        operands = self.places.operands(code, lasti, op, len(inputs))
        for tensor, name in zip(inputs, operands, strict=False):
            self._name_leaf(tensor, name, first)
        new = {id(t): t for t in inputs if engine.is_tensor(t) and self._is_nameless(t, first)}
        given = self.places.given(code, lasti) if new and not any(operands) else []
        if len(new) == len(given) and not any(map(self._holders.is_taken, given)):
            for tensor, name in zip(new.values(), given, strict=True):
                self._name_leaf(tensor, name, first)

    def _name_leaf(self, tensor: Any, name: str, first: int) -> None:
        if name and self._is_nameless(tensor, first):
            number = self._tensors.known(tensor)
            self._name(number, name, self.batch.events.count - 1)
            self._passing.add(number)
            self._holders.hold(name, tensor)

    def _is_nameless(self, tensor: Any, first: int) -> bool:
        """Whether a tensor is seen for the first time, has no name, and none of a model's."""
        number = self._tensors.known(tensor)
        return number >= first and number not in self._names and not engine.is_parameter(tensor)

    def _name(self, number: int, name: str, event: int) -> None:
        if self._names.get(number) != name:
            self._names[number] = name
            self.batch["names"].add(number, self.batch.text(name), event)

    def _pass(self, entry: tuple[Any, ...]) -> None:
        _, kind, roots, gradients, retain, create, _, code, lasti, plain = entry
        loc = self.places.loc(code, lasti)
        self._passes.begin(kind, roots, gradients, retain, create, loc, plain)

    def _end(self, entry: tuple[Any, ...]) -> None:
        self._passes.end(entry[1])
        if self._meanwhile.is_due():
            self._name_parameters(self._meanwhile.names(self.called), self.batch.events.count - 1)

    def _name_parameters(self, found: Mapping[int, tuple[Any, str]], event: int) -> None:
        """Name parameters that have no name but one from here; a cell's end knows better."""
        given = self._meanwhile.given
        for tensor, name in found.values():
            number = self._tensors.known(tensor)
            if number < 0 or not engine.is_parameter(tensor):
                continue
            if number not in self._names or number in given:
                given.add(number)
                self._name(number, name, event)

    def _grad(self, entry: tuple[Any, ...]) -> None:
        loc = self.places.loc(*entry[3:5]) if len(entry) >= 5 else -1
        self._grads.assigned(entry[1], entry[2], loc)

    def _read(self, tensor: Any, how: str, code: Any, lasti: int) -> None:
        """The program took elements of a tensor as numbers; of one that nothing uses, nothing."""
        if self._tensors.known(tensor) >= 0:
            loc = self.places.loc(code, lasti)
            value = self._tensors.current(tensor, loc)
            how_text = self.batch.text(how)
            self.batch["reads"].add(value, how_text, loc, self.batch.events.count)
            if how == "numpy":
                self._tensors.sharing.note(tensor)

    def _shared(self, tensor: Any) -> None:
        """The program has another tensor over the memory of one, which may be written through it."""
        if self._tensors.known(tensor) >= 0:
            self._tensors.sharing.note(tensor)

    def _begin_cell(self, entry: tuple[Any, ...]) -> None:
        _, key, source, count, seen, namespace = entry
        batch = self.batch
        row = batch["cells"].add(batch.text(key), batch.text(source), count, batch.events.count)
        self._keys[key], self._source = row, source
        self._meanwhile.begin_cell(namespace)
        self.places.begin_cell(row, source, seen)
        self._mark(Mark.CELL_BEGIN, row, None, -1)

    def _error(self, entry: tuple[Any, ...]) -> None:
        _, text, places = entry
        locs = [self.places.loc(code, lasti) for code, lasti in places]
        of_cells = [
            loc
            for loc, (code, _) in zip(locs, places, strict=True)
            if self.places.is_cell(code.co_filename)
        ]
        loc = (of_cells or locs or [-1])[-1]
        self._mark(Mark.ERROR, -1, text, loc)

    def _idle(self, entry: tuple[Any, ...]) -> None:
        """An optimizer's step found no gradient."""
        self._mark(Mark.IDLE, -1, entry[1], self.places.loc(*entry[2:4]))

    def _mark(self, kind: int, ref: int, text: str | None, loc: int) -> None:
        index = -1 if text is None else self.batch.text(text)
        row = self.batch["marks"].add(kind, ref, index, self.batch.events.count)
        self.batch.event(Event.MARK, row, loc)
