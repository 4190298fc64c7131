"""Forward operations: their inputs and outputs, the node they made, and what they overwrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from engine import version
from engine.autograd.node import LEAF
from engine.dtype import bfloat16
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays, owner
from engine.tape.record.grads import Grads
from engine.tape.record.nodes import Nodes
from engine.tape.record.params import Params
from engine.tape.record.plans import Plan, Plans
from engine.tape.record.rows import Batch
from engine.tape.record.saved import CONSTANT, INPUT, Made
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, OpFlag, ValueFlag
from engine.tensor import Tensor

# As plain ints: members of enums cost more to look up and to pack.
_OP, _INPLACE, _VIEW = int(Event.OP), int(OpFlag.INPLACE), int(OpFlag.VIEW)
_NONE: list[int] = []
#: Operations in place that give a tensor other memory and write none.
_REBINDING = frozenset(("set_", "set_data"))
_NO_HISTORY, _HISTORY, _VIEW_VALUE = (
    int(flag) for flag in (ValueFlag.LEAF, ValueFlag.REQUIRES_GRAD, ValueFlag.VIEW)
)

#: Text of the arguments; rows of values of the inputs; a bit per edge that is there; row of nodes
#: and output number of each edge, in a row.
_Known = tuple[int, list[int], int, list[int]]


class Forward(NamedTuple):
    """What the forward of a person's Function did: what it wrote in place, and gave to be saved.

    arguments: the rows of what it was given, where these were found when it began.
    """

    overwritten: tuple[Any, ...]
    kept: tuple[Any, ...]
    arguments: list[int] | None


class Ops:
    """Writes `ops` and `inputs`, and the values and the node of each operation.

    Most operations take what is known and make one new tensor: these go a short way, which writes
    the same rows as the long one. It may give up before its first row, not later.
    """

    def __init__(
        self, batch: Batch, arrays: Arrays, tensors: Tensors, nodes: Nodes, grads: Grads
    ) -> None:
        self._batch, self._arrays = batch, arrays
        self._tensors, self._nodes, self._grads = tensors, nodes, grads
        self._rows, self._inputs = batch["ops"], batch["inputs"]
        self._values, self._events = batch["values"], batch.events
        self._saved = batch["saved"]
        self._params = Params(arrays.add)
        self.function: Forward | None = None  # of the next operation
        self.plans = Plans(batch, self._params)

    def add(
        self, name: str, out: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None, loc: int,
        scope: int, pass_: int,
    ) -> int:  # fmt: skip
        """Write one operation with the LEAF events of what it is the first to use.

        Returns the id of the tensor that it made; -1 where that is not one new tensor.
        """
        if type(out) is Tensor and self.function is None:
            node = out._g
            plan = self.plans.get((name if node is None else type(node), len(inputs)))
            if plan is not None and plan.name == name and out is not inputs[0]:
                known = self._known(plan, node, inputs, params, loc)
                if known is not None:
                    return self._plain(plan, out, node, known, inputs, params, loc, scope, pass_)
        if (
            inputs
            and out is inputs[0]
            and self.function is None
            and not self._tensors.sharing.holds
        ):
            number = self._tensors.known(out)
            if number >= 0 and (out._g is LEAF or out._g is None):
                return self._in_place(name, out, number, inputs, params, loc, scope, pass_)
        outs = tuple(filter(engine.is_tensor, out)) if isinstance(out, tuple | list) else (out,)
        return self._any(name, outs, inputs, params, loc, scope, pass_)

    def _known(
        self, plan: Plan, node: Any, inputs: tuple[Any, ...], params: dict[str, Any] | None,
        loc: int,
    ) -> _Known | None:  # fmt: skip
        """Return what the short way needs to know of inputs and edges; None if that is not so."""
        text = plan.params(params) if params else -1
        rows = self._tensors.plain_rows(inputs, loc) if text >= -1 else None
        if rows is None:
            return None
        if node is None:
            return text, rows, 0, _NONE
        found = self._nodes.known_edges(node)
        return None if found is None else (text, rows, *found)

    def _plain(
        self, plan: Plan, out: Any, node: Any, known: _Known, inputs: tuple[Any, ...],
        params: dict[str, Any] | None, loc: int, scope: int, pass_: int,
    ) -> int:  # fmt: skip
        """Write an operation of a plan. The rows are those that `_any` would write."""
        events, ops, values, tensors = self._events, self._rows, self._values, self._tensors
        text, rows, mask, edges = known
        op, event, value = ops.count, events.count, values.count
        first, n_in = self._inputs.count, len(rows)
        self._inputs.put(rows)
        self._inputs.count = first + n_in
        row, flags = -1, _NO_HISTORY
        if node is not None:
            items = plan.saved.get(mask)
            if items is None:
                made = Made(op, plan.name, inputs, rows, (out,), params)
                items = plan.saved[mask] = self._nodes.saved.items(node, made) or []
            saved = self._save(plan, items, rows, params) if items else self._saved.count
            row = self._nodes.add(node, op, edges, saved, len(items))
            flags = _HISTORY
        dtype = out._d
        index = self._arrays.add(out._a, dtype is bfloat16)
        shape, writes, view = self._batch.shape(out._s), 0, 0
        if out._v is None:
            storage = number = tensors.enroll_plain(out, value)
        else:
            number = tensors.enroll(out, inputs[0], value)
            storage, writes = tensors.storage(number), version.count(out)
            if engine.is_view(out):
                flags, view = flags | _VIEW_VALUE, _VIEW
        values.put((
            number, writes, index, engine.CODES_OF[dtype], shape, op, 0, row, 0 if row >= 0 else -1,
            storage, flags, -1, event,
        ))  # fmt: skip
        values.count = value + 1
        ops.put((plan.text, first, n_in, value, 1, text, row, scope, pass_, view, event))
        ops.count = op + 1
        events.put((_OP, op, loc, self._batch.cell, self._batch.time))
        events.count = event + 1
        return number

    def _in_place(
        self, name: str, out: Any, number: int, inputs: tuple[Any, ...],
        params: dict[str, Any] | None, loc: int, scope: int, pass_: int,
    ) -> int:  # fmt: skip
        """Write an operation that wrote a tensor without history, whose memory no other shows.

        The rows are those that `_any` would write.
        """
        tensors, batch, ops = self._tensors, self._batch, self._rows
        rows = [tensors.latest(tensor, loc) for tensor in inputs]
        op, first_in, first_out = ops.count, self._inputs.count, self._values.count
        self._inputs.put(rows)
        self._inputs.count = first_in + len(rows)
        value = tensors.add(out, number, op, 0, self._grads.leaf_of(number))
        tensors.write_ended(out, op)
        text = -1 if not params else batch.text(self._params.text(params))
        ops.put((
            batch.text(name), first_in, len(rows), first_out, 1, text, -1, scope, pass_, _INPLACE,
            batch.events.count,
        ))  # fmt: skip
        ops.count = op + 1
        batch.event(_OP, op, loc)
        self._grads.written(out, number, op, value, loc)
        return -1

    def _save(self, plan: Plan, items: Any, rows: list[int], params: dict[str, Any] | None) -> int:
        """Write what a node saved; return the first row."""
        saved = self._saved
        first = saved.count
        for name, kind, which in items:
            if kind == INPUT:
                saved.put((name, rows[which], -1))
            elif kind == CONSTANT:
                saved.put((name, -1, plan.constant(params[which])))  # type: ignore[index]
            else:
                saved.put((name, self._values.count, -1))
        saved.count = first + len(items)
        return first

    def _any(
        self, name: str, outs: tuple[Any, ...], inputs: tuple[Any, ...],
        params: dict[str, Any] | None, loc: int, scope: int, pass_: int,
    ) -> int:  # fmt: skip
        """Write any operation."""
        tensors, batch, function = self._tensors, self._batch, self.function
        beside = self._written_beside(outs, inputs)
        found = self._found_inside(outs, inputs)
        inplace = any(tensors.known(t) >= 0 for t in beside)
        for out in outs:
            inplace = inplace or (tensors.known(out) >= 0 and id(out) not in found)
        rows = None if function is None else function.arguments
        if rows is None:
            look = tensors.latest if inplace else tensors.current
            rows = [look(tensor, loc) for tensor in inputs]
        op, event = self._rows.count, batch.events.count
        node = -1
        edge = engine.edge_of(outs[0])[0] if outs else None
        if edge is not None and edge is not LEAF:
            kept = () if function is None else function.kept
            node = self._nodes.made(edge, Made(op, name, inputs, rows, outs, params, kept))
        first_in, first_out = self._inputs.count, self._values.count
        for row in rows:
            self._inputs.add(row)
        written = [self._output(out, op, i, inputs, found) for i, out in enumerate(outs)]
        changed = [self._changed(tensor, op) for tensor in beside]
        if inplace and name not in _REBINDING:
            changed += self._changed_too(outs, found, op)
        flags = _INPLACE if inplace else _VIEW if outs and engine.is_view(outs[0]) else 0
        text = -1 if not params else batch.text(self._params.text(params))
        self._rows.add(
            batch.text(name), first_in, len(rows), first_out, len(outs), text, node, scope, pass_,
            flags, event,
        )  # fmt: skip
        batch.event(_OP, op, loc)
        if inplace or changed:
            for number, value, out in (*written, *changed):
                self._grads.written(out, number, op, value, loc)
            tensors.sharing.write_ended()
        if len(written) != 1 or inplace:
            return -1
        if edge is not LEAF and inputs:
            self.plans.learn(name, outs[0]._g, len(inputs), params)
        return written[0][0]

    def _written_beside(self, outs: tuple[Any, ...], inputs: tuple[Any, ...]) -> list[Any]:
        """Return the tensors that a Function's forward wrote and that are no outputs of it."""
        if self.function is None:
            return []
        shown = {id(out) for out in outs}
        return [
            t for t in self.overwritten(self.function.overwritten, inputs) if id(t) not in shown
        ]

    def _found_inside(self, outs: tuple[Any, ...], inputs: tuple[Any, ...]) -> set[int]:
        """Return the ids of outputs that were there and that the Function only hands on.

        Operations inside its forward may have made them (under enable_grad).
        """
        if self.function is None:
            return set()
        given, owners = set(map(id, inputs)), _owners(self.function.overwritten)
        return {
            id(out)
            for out in outs
            if id(out) not in given
            and self._tensors.known(out) >= 0
            and id(owner(engine.contents(out))) not in owners
        }

    def _changed_too(
        self, outs: tuple[Any, ...], found: set[int], op: int
    ) -> list[tuple[int, int, Any]]:
        """Write what tensors hold that show memory of what an operation wrote in place."""
        sharing = self._tensors.sharing
        return [
            self._changed(other, op)
            for out in outs
            if id(out) not in found
            for other in self.shown_too([out])
            if not any(other is one for one in outs) and sharing.has_room(out, other)
        ]

    def shown_too(self, written: Iterable[Any]) -> list[Any]:
        """Return the other tensors of the tape that show what was written; `Grads` has its own."""
        known, leaf_of = self._tensors.known, self._grads.leaf_of
        return [
            other
            for other in self._tensors.sharing.others(written)
            if known(other) >= 0 and leaf_of(known(other)) < 0
        ]

    def _changed(self, tensor: Any, op: int) -> tuple[int, int, Any]:
        """Write what a tensor holds after an operation wrote it that it is no output of."""
        number, value = self._tensors.known(tensor), -1
        if number >= 0:
            value = self._tensors.add(tensor, number, op, -1, self._grads.leaf_of(number))
        self._tensors.write_ended(tensor, op)
        return number, value, tensor

    def _output(
        self, out: Any, op: int, i: int, inputs: tuple[Any, ...], found: set[int]
    ) -> tuple[int, int, Any]:
        """Write one output; return its tensor's id, the row of its value, and itself."""
        tensors = self._tensors
        number = tensors.known(out)
        if number < 0:
            number = tensors.enroll(out, inputs[0] if inputs else None)
            return number, tensors.add(out, number, op, i), out
        value = tensors.add(out, number, op, i, self._grads.leaf_of(number))
        if id(out) not in found:
            tensors.write_ended(out, op)
        return number, value, out

    def overwritten(self, tensors: tuple[Any, ...], arguments: tuple[Any, ...]) -> list[Any]:
        """Return the tensors that a forward wrote, with those that show the same.

        It may have written one through another tensor, as `x.data`.
        """
        if not tensors:
            return []
        owners, found = _owners(tensors), {id(t): t for t in tensors}
        found |= {id(t): t for t in arguments if id(owner(engine.contents(t))) in owners}
        found |= {id(t): t for t in self.shown_too(found.values())}
        return list(found.values())


def _owners(tensors: tuple[Any, ...]) -> set[int]:
    """Return the ids of the memory that tensors show."""
    memory = [owner(engine.contents(t)) for t in tensors]
    return {id(one) for one in memory if one is not None}
