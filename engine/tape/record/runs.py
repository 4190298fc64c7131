"""Long runs of plain operations, written column by column: most of a row follows from its number.

A plain operation takes tensors that are known as they are and makes one new tensor; a plan (see
`engine.tape.record.plans`) says what is common to its kind. The rows are those that `Ops` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine import recording, version
from engine.autograd.node import LEAF, AccumulateGrad
from engine.dtype import bfloat16
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays
from engine.tape.record.nodes import Nodes
from engine.tape.record.places import Places
from engine.tape.record.plans import Plan, Plans
from engine.tape.record.rows import Batch
from engine.tape.record.saved import CONSTANT, INPUT, Made
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, OpFlag, ValueFlag
from engine.tensor import Tensor

_OP, _VIEW_OP = int(Event.OP), int(OpFlag.VIEW)
_NO_HISTORY, _HISTORY, _VIEW = (
    int(flag) for flag in (ValueFlag.LEAF, ValueFlag.REQUIRES_GRAD, ValueFlag.VIEW)
)

Column = NDArray[np.int64]
Assigned = tuple[int, str, Any, int]  # a tensor's id, its name, and the place of the assignment


class Run:
    """What is collected of a run.

    operations: out, plan, params and their text, scope, place, number of inputs. nodes: the number
    of the operation in the run, kind, sequence number, title, number of edges. inputs, edges: rows
    of values and of nodes, of all operations in a row.
    """

    def __init__(self) -> None:
        self.operations: list[tuple[Any, ...]] = []
        self.nodes: list[tuple[int, ...]] = []
        self.inputs: list[int] = []
        self.edges: list[int] = []


class _Saved(NamedTuple):
    """What nodes save, by the numbers of the operations that made them."""

    inputs: Column
    first_in: Column
    results: Column
    plans: tuple[Plan, ...]
    params: tuple[Any, ...]

    def rows(self, by: Column, sort: int, key: int) -> Column:
        """Return the rows of the values of their input number `key`, or of their results."""
        return self.inputs[self.first_in[by] + key] if sort == INPUT else self.results[by]

    def constants(self, by: Column, key: str) -> list[int]:
        """Return the texts of their argument `key`."""
        constant = self.plans[by[0]].constant
        return [constant(self.params[k][key]) for k in by.tolist()]


class Runs:
    """Writes runs. assigned: the assignment that still waits for its last operation."""

    def __init__(
        self, batch: Batch, arrays: Arrays, tensors: Tensors, nodes: Nodes, plans: Plans,
        places: Places,
    ) -> None:  # fmt: skip
        self._batch, self._arrays, self._tensors = batch, arrays, tensors
        self._nodes, self._plans, self._places = nodes, plans, places
        self._kinds: dict[tuple[Plan, int], int] = {}
        self._items: list[list[tuple[int, int, Any]]] = []  # what nodes save, by kind
        self.named: list[tuple[int, str, int]] = []  # a tensor's id, its name, the event
        self.assigned: Assigned | None = None

    def take(
        self, entries: list[Any], start: int, pass_: int, span: float, assigned: Assigned | None
    ) -> int:
        """Write the plain operations that begin at `start`; return how many there are.

        The event of each is `span` seconds after that of the one before.
        """
        self.named, self.assigned = [], assigned
        run = self._collect(entries, start, pass_)
        count = len(run.operations)
        if count:
            self._write(run, count, pass_, span)
        return count

    def _collect(self, entries: list[Any], start: int, pass_: int) -> Run:
        run, tensors, nodes = Run(), self._tensors, self._nodes
        operations, by_seq, plan_of = run.operations, nodes.by_seq, self._plans.get
        sites, place = self._places.known, self._places.place
        first, event = len(tensors.value_of), self._batch.events.count
        value, next_node = self._batch["values"].count, self._batch["nodes"].count
        offset = value - first  # a tensor of the run has the value of its number
        for at, entry in enumerate(islice(entries, start, None)):
            if entry[0] != recording.OPERATION:
                break
            _, name, out, inputs, params, code, lasti, scope = entry
            if type(out) is not Tensor or not inputs or out is inputs[0]:
                break
            node = out._g
            plan = plan_of((name if node is None else type(node), len(inputs)))
            if plan is None or plan.name != name:
                break
            text = plan.params(params) if params else -1
            rows = self._rows(inputs, first, offset) if text >= -1 else None
            if rows is None:
                break
            if node is not None:
                seq = node.seq
                found = None if seq in by_seq else self._ends(node)
                if found is None:
                    break
                mask, ends = found
                kind = self._kinds.get((plan, mask))
                if kind is None:
                    kind = self._learn(plan, mask, entry, rows)
                by_seq[seq] = next_node
                next_node += 1
                run.nodes.append((at, kind, seq, nodes.title(node), len(ends)))
                run.edges += ends
            loc, target = sites.get((id(code), lasti)) or place(code, lasti)
            assigned = self.assigned
            if assigned is not None:
                if assigned[2] is not code or assigned[3] != lasti:
                    self.named.append((assigned[0], assigned[1], event + at))
                self.assigned = None
            if target and pass_ < 0:
                self.assigned = first + at, target, code, lasti
            if out._v is None:
                tensors.enroll_plain(out, value + at)
            else:
                tensors.enroll(out, inputs[0], value + at)
            operations.append((out, plan, params, text, scope, loc, len(rows)))
            run.inputs += rows
        return run

    def _rows(self, inputs: tuple[Any, ...], first: int, offset: int) -> list[int] | None:
        """Return the rows of what tensors hold; None if one is not known as it is."""
        tensors = self._tensors
        base = tensors.base
        try:
            numbers = [tensor._tid - base for tensor in inputs]
        except AttributeError:
            return None
        for at, number in enumerate(numbers):
            if number >= first:
                numbers[at] = number + offset
            elif number < 0 or (inputs[at]._g is LEAF) != tensors.leaf[number]:
                return None
            elif tensors.seen_at[number] == tensors.clock or tensors.is_current(inputs[at], number):
                numbers[at] = tensors.value_of[number]
            else:
                return None
        return numbers

    def _ends(self, node: Any) -> tuple[int, list[int]] | None:
        """Return a bit per edge that is there, and the rows of nodes; None if one is not known."""
        row_of = self._nodes.by_seq.get
        ends, mask, bit = [], 0, 1
        for edge in node.edges:
            row = -1
            if edge is not None:
                row = row_of(edge.seq, -1)
                if row < 0:
                    row = self._leaf(edge)
                    if row < 0:
                        return None
                mask += bit
            ends.append(row)
            bit += bit
        return mask, ends

    def _leaf(self, edge: Any) -> int:
        """Return the row of an AccumulateGrad that is known by its leaf; -1 for another node."""
        if type(edge) is not AccumulateGrad:
            return -1
        row = self._nodes.by_leaf.get(self._tensors.known(edge.variable), -1)
        if row >= 0:
            self._nodes.by_seq[edge.seq] = row
        return row

    def _learn(self, plan: Plan, mask: int, entry: Any, rows: list[int]) -> int:
        items = plan.saved.get(mask)
        if items is None:
            made = Made(-1, plan.name, entry[3], rows, (entry[2],), entry[4])
            items = plan.saved[mask] = self._nodes.saved.items(entry[2]._g, made) or []
        kind = self._kinds[plan, mask] = len(self._items)
        self._items.append(items)
        return kind

    def _write(self, run: Run, count: int, pass_: int, span: float) -> None:
        batch = self._batch
        values, ops, events = batch["values"], batch["ops"], batch.events
        numbers = np.arange(count)
        event, op, value = events.count + numbers, ops.count + numbers, values.count + numbers
        outs, plans, params, texts, scopes, locs, counts = zip(*run.operations, strict=True)
        n_in = np.array(counts)
        first_in = np.cumsum(n_in) - n_in
        inputs = np.array(run.inputs)
        node = np.full(count, -1)
        if run.nodes:
            made = np.array(run.nodes)
            node[made[:, 0]] = batch["nodes"].count + np.arange(len(made))
            saved = _Saved(inputs, first_in, value, plans, params)
            self._write_nodes(made, run.edges, saved, op, event)
        flags, storage, writes = self._memory(outs, node)
        batch["ops"].extend(
            count, name=[plan.text for plan in plans], in0=batch["inputs"].count + first_in,
            n_in=n_in, out0=value, n_out=1, params=texts, node=node, scope=scopes,
            pass_=pass_, flags=np.where(flags & _VIEW, _VIEW_OP, 0), event=event,
        )  # fmt: skip
        batch["inputs"].extend(len(inputs), value=inputs)
        codes, shape = engine.CODES_OF, batch.shape
        first = len(self._tensors.value_of) - count
        values.extend(
            count, tensor=first + numbers, version=writes,
            array=self._arrays.add_all([t._a for t in outs], [t._d is bfloat16 for t in outs]),
            dtype=[codes[t._d] for t in outs], shape=[shape(t._s) for t in outs], op=op, out=0,
            node=node, nr=np.where(node < 0, -1, 0), storage=storage, flags=flags, grad_of=-1,
            event=event,
        )  # fmt: skip
        events.extend(
            count, kind=_OP, ref=op, loc=locs, cell=batch.cell, time=batch.time + span * numbers
        )
        batch.time += span * count

    def _memory(self, outs: Sequence[Any], node: Column) -> tuple[Column, Column, Column]:
        """Return flags, number of the memory, and count of writes of what was made."""
        count = len(node)
        flags = np.where(node < 0, _NO_HISTORY, _HISTORY)
        storage = len(self._tensors.value_of) - count + np.arange(count)
        writes = np.zeros(count, np.int64)
        for k, out in enumerate(outs):
            if out._v is not None:
                storage[k] = self._tensors.storage(int(storage[k]))
                writes[k] = version.count(out)
                if engine.is_view(out):
                    flags[k] |= _VIEW
        return flags, storage, writes

    def _write_nodes(
        self, made: Column, edges: list[int], known: _Saved, op: Column, event: Column
    ) -> None:
        batch, nodes, saved = self._batch, self._nodes, self._batch["saved"]
        by, kinds, seqs, titles, n_edges = made.T
        n_saved = np.array([len(items) for items in self._items])[kinds]
        first_edge = batch["edges"].count + np.cumsum(n_edges) - n_edges
        first = np.cumsum(n_saved) - n_saved
        total = int(n_saved.sum())
        name, row, text = (np.full(total, -1) for _ in range(3))
        for kind in set(kinds.tolist()) if total else ():
            which = np.flatnonzero(kinds == kind)
            for j, (label, sort, key) in enumerate(self._items[kind]):
                at = first[which] + j
                name[at] = label
                if sort == CONSTANT:
                    text[at] = known.constants(by[which], key)
                else:
                    row[at] = known.rows(by[which], sort, key)
        batch["nodes"].extend(
            len(made), name=titles, op=op[by], variable=-1, edge0=first_edge, n_edge=n_edges,
            saved0=saved.count + first, n_saved=n_saved, seq=seqs, event=event[by],
        )  # fmt: skip
        saved.extend(total, name=name, value=row, text=text)
        nodes.extend_edges(edges, first_edge, n_edges)
