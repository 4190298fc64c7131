"""Tensors and their values: who is who, and what each held when."""

from __future__ import annotations

import weakref
from array import array
from typing import Any

from engine.tape.record import engine
from engine.tape.record.arrays import Arrays, owner
from engine.tape.record.rows import Batch
from engine.tape.schema import Event, ValueFlag

#: Ids of different recordings never meet: `_tid` is the recording's number times this, plus id.
_STRIDE = 1 << 40
_recordings = 0
_LEAF_FLAGS = int(ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD)


class Tensors:
    """Gives tensors their ids and writes a row of `values` whenever one holds something new.

    What is remembered of a tensor is a few numbers per id; no tensor is kept alive.
    """

    def __init__(self, batch: Batch, arrays: Arrays) -> None:
        global _recordings
        _recordings += 1
        self._base = _recordings * _STRIDE
        self._batch, self._arrays = batch, arrays
        self._rows = batch["values"]
        self.value_of = array("i")  # the latest row of each tensor
        self.array_of = array("i")  # and its row of arrays
        self.grad_of = array("i")
        self._storage_of = array("i")
        self._flags_of = array("B")
        self._seen_at = array("q")
        self._clock = 0
        self._written: dict[int, tuple[int, int]] = {}  # id of the memory's owner: clock, op
        self._cells: dict[int, tuple[weakref.ref[Any], int]] = {}
        self.place_of_node: Any = None  # (tensor) -> (row of nodes, output number)

    def known(self, tensor: Any) -> int:
        """Return a tensor's id in this recording, -1 if it was not seen yet."""
        # getattr with a default: a missing slot that raises costs ten times as much.
        number: int = getattr(tensor, "_tid", -1) - self._base
        return number if 0 <= number < _STRIDE else -1

    def current(self, tensor: Any, loc: int) -> int:
        """Return the row of what the tensor holds now; a first sight is a LEAF event."""
        number: int = getattr(tensor, "_tid", -1) - self._base
        if not 0 <= number < _STRIDE:
            return self._leaf(tensor, self.enroll(tensor), loc)
        if engine.requires_grad_leaf(tensor) != (
            self._flags_of[number] & _LEAF_FLAGS == _LEAF_FLAGS
        ):
            return self._leaf(tensor, number, loc)
        if self._written:
            clock, op = self._written.get(id(owner(engine.contents(tensor))), (0, -1))
            if clock > self._seen_at[number]:
                if op < 0:
                    return self._leaf(tensor, number, loc)
                return self.add(tensor, number, op, -1, self.grad_of[number])
        return self.value_of[number]

    def latest(self, tensor: Any, loc: int) -> int:
        """Return the tensor's last row, for one that an operation has just overwritten."""
        number = self.known(tensor)
        return self.value_of[number] if number >= 0 else self.current(tensor, loc)

    def enroll(self, tensor: Any, source: Any = None) -> int:
        """Give a tensor its id; its first row must follow. It may share the memory of `source`."""
        number = len(self.value_of)
        tensor._tid = number + self._base  # noqa: SLF001
        self.value_of.append(-1)
        self.array_of.append(-1)
        self.grad_of.append(-1)
        self._flags_of.append(0)
        self._seen_at.append(0)
        self._storage_of.append(number)
        if engine.memory_cell(tensor) is not None:
            self._storage_of[number] = self._storage(tensor, number, source)
        return number

    def add(
        self, tensor: Any, number: int, op: int, out: int, grad_of: int = -1, keep: bool = True
    ) -> int:
        """Write what a tensor holds now; with keep False its content is left to contributions."""
        contents, shape, dtype, bfloat16, version, flags, edge = engine.facts(tensor)
        node, nr = (-1, -1) if edge is None else self.place_of_node(tensor)
        batch = self._batch
        index = self._arrays.add(contents, bfloat16) if keep else -1
        row = self._rows.add(
            number, version, index, dtype, batch.shape(shape), op, out, node, nr,
            self._storage_of[number], flags, grad_of, batch.events.count,
        )  # fmt: skip
        self.value_of[number] = row
        self.array_of[number] = index
        self.grad_of[number] = grad_of
        self._flags_of[number] = flags
        self._seen_at[number] = self._clock
        return row

    def write_begins(self, tensor: Any) -> None:
        """The tensor's memory is about to be overwritten by an operation that is not known yet."""
        self._clock += 1
        memory = owner(engine.contents(tensor))
        if memory is not None:
            self._written[id(memory)] = self._clock, -1

    def write_ended(self, tensor: Any, op: int) -> None:
        """The operation `op` wrote the tensor's memory; others that share it hold something new."""
        memory = owner(engine.contents(tensor))
        if memory is not None:
            self._written[id(memory)] = self._clock, op

    def _leaf(self, tensor: Any, number: int, loc: int) -> int:
        row = self.add(tensor, number, -1, 0, self.grad_of[number])
        self._batch.event(Event.LEAF, row, loc)
        return row

    def _storage(self, tensor: Any, number: int, source: Any) -> int:
        """Return the number of a memory that tensors share: the id of the first that was seen."""
        cell = engine.memory_cell(tensor)
        found = self._cells.get(id(cell))
        if found is not None and found[0]() is cell:
            return found[1]
        base = engine.view_base(tensor)
        if base is None and source is not None and engine.memory_cell(source) is cell:
            base = source
        first = self.known(base)
        if first >= 0:
            number = self._storage_of[first]
        self._cells[id(cell)] = weakref.ref(cell), number
        return number
