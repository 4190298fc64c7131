"""The ledger of .grad: every change of what a tensor's .grad holds, whoever made it."""

from __future__ import annotations

import weakref
from typing import Any

from engine import recording
from engine.tape.record import engine
from engine.tape.record.arrays import owner
from engine.tape.record.rows import Batch
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, GradChange

#: After so many accumulations in a row the sum itself is kept: rebuilding one stays cheap.
_KEEP_EVERY = 32


class Grads:
    """Writes `grads`.

    Grad tensors are known by weak references only, but for those whose memory is being written
    through another tensor: their leaf may let go of them before that is taken down.
    """

    def __init__(self, batch: Batch, tensors: Tensors) -> None:
        self._batch, self._tensors = batch, tensors
        self._rows = batch["grads"]
        self._grad_of: dict[int, int] = {}  # leaf -> grad tensor
        self._leaf_of: dict[int, int] = {}  # grad tensor -> leaf
        self._since: dict[int, int] = {}  # leaf -> accumulations since a sum was kept
        self._by_memory: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._scalars: dict[int, weakref.ref[Any]] = {}  # leaf -> its 0-d grad, see _memory_of
        self._held: dict[int, tuple[Any, int]] = {}  # grad tensors and leaves, by memory

    def adopt(self, leaf: int, grad: Any, loc: int) -> None:
        """Note what a .grad held that was set before the recording, or unseen by it."""
        known = self._tensors.known(grad)
        if known < 0 or self._grad_of.get(leaf) == known:
            return
        if known not in self._tensors.unkept:
            self._change(leaf, GradChange.SET, -1, self._tensors.value_of[known], loc)

    def accumulated(self, leaf: int, grad: Any, step: int, out_of_place: bool) -> None:
        """A step added to the leaf's .grad, perhaps as a new tensor; the STEP event follows."""
        since = self._since.get(leaf, 0) + 1
        # Sums of bfloat16 are kept: how they are rounded is the engine's business.
        keep = out_of_place or since >= _KEEP_EVERY or engine.is_bfloat16(grad)
        self._since[leaf] = 0 if keep else since
        value = self._hold(leaf, grad, keep)
        self._rows.add(leaf, GradChange.ACCUMULATE, step, value, self._batch.events.count)

    def assigned(self, tensor: Any, grad: Any, loc: int) -> None:
        """The person assigned a tensor or None to .grad."""
        leaf = self._tensors.known(tensor)
        if grad is None:
            if leaf in self._grad_of:
                self._leaf_of.pop(self._grad_of.pop(leaf), None)
                self._scalars.pop(leaf, None)
                self._change(leaf, GradChange.CLEAR, -1, -1, loc)
            return
        if leaf < 0:
            self._tensors.current(tensor, loc)
            leaf = self._tensors.known(tensor)
        self._tensors.current(grad, loc)
        value = self._hold(leaf, grad, keep=True)
        self._since[leaf] = 0
        self._change(leaf, GradChange.SET, -1, value, loc)

    def leaf_of(self, tensor: int) -> int:
        """Return whose .grad a tensor is now; -1 for nobody's."""
        return self._leaf_of.get(tensor, -1)

    def write_begins(self, tensor: Any) -> None:
        """Everything was taken down, and the tensor's memory is about to be overwritten."""
        if recording.forward is None:  # not inside a Function, which is taken down as a whole
            self._held.clear()
        memory = owner(engine.contents(tensor))
        if memory is not None and self._tensors.known(tensor) not in self._leaf_of:
            grad, leaf = self._memory_of(memory)
            if grad is not None:
                self._held[id(memory)] = grad, leaf

    def written(self, tensor: Any, number: int, op: int, value: int, loc: int) -> None:
        """The operation `op` wrote a tensor in place, now `value`: perhaps some .grad's memory.

        op: -1 for a Function that raised.
        """
        leaf = self._leaf_of.get(number, -1)
        if leaf < 0:
            memory = owner(engine.contents(tensor))
            grad, leaf = self._held.pop(id(memory), (None, -1))
            if grad is None or not self._is_grad(grad, leaf):  # a Function may have replaced it
                return
            value = self._tensors.add(grad, self._tensors.known(grad), op, -1, leaf)
        self._since[leaf] = 0
        self._change(leaf, GradChange.WRITE, op, value, loc)

    def _change(self, leaf: int, kind: int, ref: int, value: int, loc: int) -> None:
        row = self._rows.add(leaf, kind, ref, value, self._batch.events.count)
        self._batch.event(Event.GRAD, row, loc)

    def _hold(self, leaf: int, grad: Any, keep: bool) -> int:
        """Write what the tensor `grad`, now the .grad of `leaf`, holds."""
        number = self._tensors.known(grad)
        if number < 0:
            number = self._tensors.enroll(grad)
        before = self._grad_of.get(leaf)
        if before != number:
            if before is not None:
                self._leaf_of.pop(before, None)
            self._grad_of[leaf], self._leaf_of[number] = number, leaf
            memory = owner(engine.contents(grad))
            self._scalars.pop(leaf, None)
            if memory is None:
                self._scalars[leaf] = weakref.ref(grad)
            else:
                self._by_memory[id(memory)] = weakref.ref(grad), leaf
        return self._tensors.add(grad, number, -1, 0, leaf, keep)

    def _memory_of(self, memory: Any) -> tuple[Any, int]:
        """Return the grad tensor whose memory this is, and its leaf."""
        found = self._by_memory.get(id(memory))
        if found is not None:
            grad = found[0]()
            if grad is not None and owner(engine.contents(grad)) is memory:
                return (grad, found[1]) if self._is_grad(grad, found[1]) else (None, -1)
            del self._by_memory[id(memory)]
        for leaf, reference in list(self._scalars.items()) if memory.size == 1 else ():
            grad = reference()  # a 0-d one has an array only since somebody asked for its memory
            if grad is not None and owner(engine.contents(grad)) is memory:
                return grad, leaf
        return None, -1

    def _is_grad(self, grad: Any, leaf: int) -> bool:
        return self._grad_of.get(leaf) == self._tensors.known(grad)
