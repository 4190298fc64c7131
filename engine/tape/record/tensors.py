"""Tensors and their values: who is who, and what each held when."""

from __future__ import annotations

import weakref
from array import array
from typing import Any

from engine.autograd.node import LEAF
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays, owner
from engine.tape.record.rows import Batch
from engine.tape.record.sharing import Sharing
from engine.tape.schema import Event

#: Ids of different recordings never meet: `_tid` is the recording's number times this, plus id.
_STRIDE = 1 << 40
_recordings = 0
_LEAF = int(Event.LEAF)


def number_of(tensor: Any) -> int:
    """Return a tensor's id in the recording that saw it last, -1 if none did."""
    number: int = getattr(tensor, "_tid", -1)
    return number % _STRIDE if number >= 0 else -1


class Tensors:
    """Gives tensors their ids and writes a row of `values` whenever one holds something new.

    What is remembered of a tensor is a few numbers per id; no tensor is kept alive.
    base: what `_tid` is above the id. value_of: the latest row of each tensor; leaf: whether it was
    a leaf that requires grad; seen_at: the `clock` then. written: the memory that was written in
    place, by the id of its owner, with the clock and the operation.
    """

    def __init__(self, batch: Batch, arrays: Arrays) -> None:
        global _recordings
        _recordings += 1
        self.base = _recordings * _STRIDE
        self._batch, self._arrays = batch, arrays
        self._rows = batch["values"]
        self.value_of = array("i")
        self.leaf = bytearray()
        self.seen_at = array("q")
        self.clock = 0
        self.written: dict[int, tuple[int, int]] = {}
        self.unkept: set[int] = set()  # tensors whose content is left to contributions
        self.grad_of: dict[int, int] = {}  # tensors that are some leaf's .grad
        self._shares: dict[int, int] = {}  # tensors whose memory is that of an earlier one
        self._cells: dict[int, tuple[weakref.ref[Any], int]] = {}
        self.sharing = Sharing()
        self.place_of_node: Any = None  # (tensor) -> (row of nodes, output number)

    def known(self, tensor: Any) -> int:
        """Return a tensor's id in this recording, -1 if it was not seen yet."""
        # getattr with a default: a missing slot that raises costs twice as much.
        number: int = getattr(tensor, "_tid", -1) - self.base
        return number if 0 <= number < _STRIDE else -1

    def current(self, tensor: Any, loc: int) -> int:
        """Return the row of what the tensor holds now; a first sight is a LEAF event."""
        number: int = getattr(tensor, "_tid", -1) - self.base
        if not 0 <= number < _STRIDE:
            return self.seen_anew(tensor, self.enroll(tensor), loc)
        if (tensor._g is LEAF) != self.leaf[number]:
            return self.seen_anew(tensor, number, loc)
        if self.seen_at[number] != self.clock:
            clock, op = self.written.get(id(owner(engine.contents(tensor))), (0, -1))
            if clock > self.seen_at[number]:
                if op < 0:
                    return self.seen_anew(tensor, number, loc)
                return self.add(tensor, number, op, -1, self.grad_of.get(number, -1))
            self.seen_at[number] = self.clock
        return self.value_of[number]

    def plain_rows(self, tensors: tuple[Any, ...], loc: int) -> list[int] | None:
        """Return the rows of what tensors hold; None if one is not known as it is."""
        rows, base, leaf, clock = [], self.base, self.leaf, self.clock
        count = len(self.value_of)
        for tensor in tensors:
            try:
                number = tensor._tid - base
            except AttributeError:
                return None
            if not 0 <= number < count or (tensor._g is LEAF) != leaf[number]:
                return None
            if self.seen_at[number] != clock:
                self.current(tensor, loc)
            rows.append(self.value_of[number])
        return rows

    def is_current(self, tensor: Any, number: int) -> bool:
        """Whether a known tensor holds what its latest row says; it is asked once per write."""
        clock, _ = self.written.get(id(owner(engine.contents(tensor))), (0, -1))
        if clock > self.seen_at[number]:
            return False
        self.seen_at[number] = self.clock
        return True

    def shown(self, tensor: Any) -> int:
        """Return the row that shows what a tensor holds; -1 where there is none."""
        number = self.known(tensor) if engine.is_tensor(tensor) else -1
        return self.value_of[number] if number >= 0 and self.is_current(tensor, number) else -1

    def storage(self, number: int) -> int:
        """Return the number of a tensor's memory: the id of the first tensor that showed it."""
        return self._shares.get(number, number)

    def enroll_plain(self, tensor: Any, row: int) -> int:
        """Give a new tensor that shares no memory its id and its first row."""
        number = len(self.value_of)
        tensor._tid = number + self.base
        self.value_of.append(row)
        self.leaf.append(0)
        self.seen_at.append(self.clock)
        return number

    def latest(self, tensor: Any, loc: int) -> int:
        """Return the tensor's last row, for one that an operation has just overwritten."""
        number = self.known(tensor)
        return self.value_of[number] if number >= 0 else self.current(tensor, loc)

    def enroll(self, tensor: Any, source: Any = None, row: int = -1) -> int:
        """Give a tensor its id; its first row must follow. It may share the memory of `source`."""
        number = len(self.value_of)
        tensor._tid = number + self.base
        self.value_of.append(row)
        self.leaf.append(0)
        self.seen_at.append(self.clock)
        if engine.memory_cell(tensor) is not None:
            if source is not None and not engine.is_view(tensor):  # detached, or the same memory
                self.sharing.note(source)
                self.sharing.note(tensor)
            first = self._storage(tensor, number, source)
            if first != number:
                self._shares[number] = first
        return number

    def add(
        self, tensor: Any, number: int, op: int, out: int, grad_of: int = -1, keep: bool = True
    ) -> int:
        """Write what a tensor holds now; with keep False its content is left to contributions."""
        contents, shape, dtype, bfloat16, version, flags, edge = engine.facts(tensor)
        node, nr = (-1, -1) if edge is None or edge is LEAF else self.place_of_node(tensor)
        batch, rows = self._batch, self._rows
        if keep:
            index = self._arrays.add(contents, bfloat16)
            self.unkept.discard(number)
        else:
            index = -1
            self.unkept.add(number)
        rows.put((
            number, version, index, dtype, batch.shape(shape), op, out, node, nr,
            self._shares.get(number, number), flags, grad_of, batch.events.count,
        ))  # fmt: skip
        self.value_of[number] = row = rows.count
        rows.count = row + 1
        if grad_of >= 0 or number in self.grad_of:
            self.grad_of[number] = grad_of
        self.leaf[number] = edge is LEAF
        self.seen_at[number] = self.clock
        return row

    def write_begins(self, tensor: Any) -> None:
        """The tensor's memory is about to be overwritten by an operation that is not known yet."""
        self.clock += 1
        memory = owner(engine.contents(tensor))
        if memory is not None:
            self.written[id(memory)] = self.clock, -1
            self.sharing.write_begins(tensor)

    def write_ended(self, tensor: Any, op: int) -> None:
        """The operation `op` wrote the tensor's memory; others that share it hold something new."""
        memory = owner(engine.contents(tensor))
        if memory is not None:
            self.written[id(memory)] = self.clock, op

    def seen_anew(self, tensor: Any, number: int, loc: int) -> int:
        """Write what a tensor holds that no operation on the tape gave it: a LEAF event."""
        row = self.add(tensor, number, -1, 0, self.grad_of.get(number, -1))
        self._batch.event(_LEAF, row, loc)
        self.sharing.note(tensor)
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
            number = self._shares.get(first, first)
        self._cells[id(cell)] = weakref.ref(cell), number
        return number
