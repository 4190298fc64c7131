"""Long runs of plain operations, written column by column: most of a row follows from its number.

A plain operation takes tensors that are known as they are and makes one new tensor; a plan (see
`engine.tape.record.plans`) says what is common to its kind. The rows are those that `Ops` writes.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

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
    """What is collected of the operations of one run, one element each if not said otherwise.

    inputs, edges, params: of all operations in a row. nodes: the numbers of the operations that
    made a node; n_edges, seqs, titles, kinds: of these.
    """

    def __init__(self) -> None:
        self.outs: list[Any] = []
        self.plans: list[Plan] = []
        self.texts: list[int] = []
        self.scopes: list[int] = []
        self.locs: list[int] = []
        self.n_in: list[int] = []
        self.inputs: list[int] = []
        self.nodes: list[int] = []
        self.n_edges: list[int] = []
        self.edges: list[int] = []
        self.seqs: list[int] = []
        self.titles: list[int] = []
        self.kinds: list[int] = []
        self.params: list[Any] = []


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
        count = len(run.outs)
        if count:
            self._write(run, count, pass_, span)
        return count

    def _collect(self, entries: list[Any], start: int, pass_: int) -> Run:
        run, tensors, nodes = Run(), self._tensors, self._nodes
        base, leaf, seen_at, clock = tensors.base, tensors.leaf, tensors.seen_at, tensors.clock
        value_of, by_seq, plan_of = tensors.value_of, nodes.by_seq, self._plans.get
        sites, place = self._places.known, self._places.place
        first, event = len(value_of), self._batch.events.count
        next_value = self._batch["values"].count
        next_node = self._batch["nodes"].count
        offset = next_value - first  # a tensor of the run has the value of its number
        # One loop: a call for each operation would cost as much as its rows.
        for entry in islice(entries, start, None):
            if entry[0] != recording.OPERATION:
                break
            _, name, out, inputs, params, code, lasti, scope = entry
            if type(out) is not Tensor or not inputs or hasattr(out, "_tid"):
                break
            node = out._g
            plan = plan_of((name if node is None else type(node), len(inputs)))
            if plan is None or plan.name != name:
                break
            text = plan.params(params) if params else -1
            if text < -1:
                break
            rows = []
            for tensor in inputs:
                number = getattr(tensor, "_tid", -1) - base
                if number >= first:
                    rows.append(number + offset)
                elif (
                    number >= 0
                    and (tensor._g is LEAF) == leaf[number]
                    and (seen_at[number] == clock or tensors.is_current(tensor, number))
                ):
                    rows.append(value_of[number])
                else:
                    break
            if len(rows) != len(inputs):
                break
            if node is not None:
                seq = node.seq
                if node is LEAF or seq in by_seq:
                    break
                ends, mask, bit = [], 0, 1
                for edge in node.edges:
                    if edge is None:
                        ends.append(-1)
                    else:
                        row = by_seq.get(edge.seq)
                        if row is None:
                            row = self._leaf(edge)
                            if row < 0:
                                break
                        ends.append(row)
                        mask += bit
                    bit += bit
                if len(ends) != len(node.edges):
                    break
                kind = self._kinds.get((plan, mask))
                if kind is None:
                    kind = self._learn(plan, mask, entry, rows)
                by_seq[seq] = next_node
                next_node += 1
                run.nodes.append(len(run.outs))
                run.n_edges.append(len(ends))
                run.edges += ends
                run.seqs.append(seq)
                run.titles.append(nodes.title(node))
                run.kinds.append(kind)
            loc, target = sites.get((id(code), lasti)) or place(code, lasti)
            number = first + len(run.outs)
            assigned = self.assigned
            if assigned is not None:
                if assigned[2] is not code or assigned[3] != lasti:
                    self.named.append((assigned[0], assigned[1], event + len(run.outs)))
                self.assigned = None
            if target and pass_ < 0:
                self.assigned = number, target, code, lasti
            if out._v is None:
                out._tid = number + base  # type: ignore[attr-defined]
                value_of.append(next_value)
                leaf.append(0)
                seen_at.append(clock)
            else:
                tensors.enroll(out, inputs[0])
                value_of[number], seen_at[number] = next_value, clock
            next_value += 1
            run.outs.append(out)
            run.plans.append(plan)
            run.texts.append(text)
            run.scopes.append(scope)
            run.locs.append(loc)
            run.n_in.append(len(rows))
            run.inputs += rows
            run.params.append(params)
        return run

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
        n_in = np.array(run.n_in)
        first_in = np.cumsum(n_in) - n_in
        inputs = np.array(run.inputs)
        node = np.full(count, -1)
        made = np.array(run.nodes, np.int64)
        node[made] = batch["nodes"].count + np.arange(len(made))
        if len(made):
            self._write_nodes(run, made, op, event, inputs, first_in, value)
        flags, storage, writes = self._memory(run, node)
        batch["ops"].extend(
            count, name=[plan.text for plan in run.plans], in0=batch["inputs"].count + first_in,
            n_in=n_in, out0=value, n_out=1, params=run.texts, node=node, scope=run.scopes,
            pass_=pass_, flags=np.where(flags & _VIEW, _VIEW_OP, 0), event=event,
        )  # fmt: skip
        batch["inputs"].extend(len(inputs), value=inputs)
        outs, codes, shape = run.outs, engine.CODES_OF, batch.shape
        first = len(self._tensors.value_of) - count
        values.extend(
            count, tensor=first + numbers, version=writes,
            array=self._arrays.add_all([t._a for t in outs], [t._d is bfloat16 for t in outs]),
            dtype=[codes[t._d] for t in outs], shape=[shape(t._s) for t in outs], op=op, out=0,
            node=node, nr=np.where(node < 0, -1, 0), storage=storage, flags=flags, grad_of=-1,
            event=event,
        )  # fmt: skip
        events.extend(
            count, kind=_OP, ref=op, loc=run.locs, cell=batch.cell, time=batch.time + span * numbers
        )
        batch.time += span * count

    def _memory(self, run: Run, node: Column) -> tuple[Column, Column, Column]:
        """Return flags, number of the memory, and count of writes of what was made."""
        count = len(node)
        flags = np.where(node < 0, _NO_HISTORY, _HISTORY)
        storage = len(self._tensors.value_of) - count + np.arange(count)
        writes = np.zeros(count, np.int64)
        for k, out in enumerate(run.outs):
            if out._v is not None:
                storage[k] = self._tensors.storage(int(storage[k]))
                writes[k] = version.count(out)
                if engine.is_view(out):
                    flags[k] |= _VIEW
        return flags, storage, writes

    def _write_nodes(
        self, run: Run, made: Column, op: Column, event: Column, inputs: Column,
        first_in: Column, value: Column,
    ) -> None:  # fmt: skip
        batch, nodes, saved = self._batch, self._nodes, self._batch["saved"]
        kinds, n_edges = np.array(run.kinds), np.array(run.n_edges)
        n_saved = np.array([len(items) for items in self._items])[kinds]
        first_edge = batch["edges"].count + np.cumsum(n_edges) - n_edges
        first = np.cumsum(n_saved) - n_saved
        total = int(n_saved.sum())
        name, row, text = (np.full(total, -1) for _ in range(3))
        for kind in np.unique(kinds) if total else ():
            which = np.flatnonzero(kinds == kind)
            for j, (label, sort, key) in enumerate(self._items[kind]):
                at, by = first[which] + j, made[which]
                name[at] = label
                if sort == INPUT:
                    row[at] = inputs[first_in[by] + key]
                elif sort == CONSTANT:
                    constant = run.plans[int(by[0])].constant
                    text[at] = [constant(run.params[k][key]) for k in by.tolist()]
                else:
                    row[at] = value[by]
        batch["nodes"].extend(
            len(made), name=run.titles, op=op[made], variable=-1, edge0=first_edge, n_edge=n_edges,
            saved0=saved.count + first, n_saved=n_saved, seq=run.seqs, event=event[made],
        )  # fmt: skip
        saved.extend(total, name=name, value=row, text=text)
        nodes.extend_edges(run.edges, first_edge, n_edges)
