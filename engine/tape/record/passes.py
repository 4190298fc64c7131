"""Backward passes: steps, what each sent where, and what arrived other than was sent."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.tape import sums
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays
from engine.tape.record.grads import Grads
from engine.tape.record.nodes import Nodes
from engine.tape.record.rows import Batch, message
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, PassFlag

Inbox = dict[tuple[int, int], list[tuple[Any, int]]]  # node, output -> arrays and their rows


_STEP = int(Event.STEP)  # a plain int costs less to pack than a member of an enum


class _Running(NamedTuple):
    """A pass that has begun; create: its own operations are recorded in the graph."""

    number: int
    loc: int
    inbox: Inbox
    create: bool


class Passes:
    """Writes `passes`, `roots`, `steps`, `contributions`, `cotangents` and `ends`.

    What was sent is held until the node that gets it is visited, at most to the end of the pass.
    """

    def __init__(
        self, batch: Batch, arrays: Arrays, tensors: Tensors, nodes: Nodes, grads: Grads
    ) -> None:
        self._batch, self._arrays = batch, arrays
        self._tensors, self._nodes, self._grads = tensors, nodes, grads
        self._steps, self._sent = batch["steps"], batch["contributions"]
        self._running: list[_Running] = []

    @property
    def current(self) -> int:
        """The innermost running pass, or -1."""
        return self._running[-1].number if self._running else -1

    def begin(
        self, kind: str, roots: Any, gradients: Any, retain: Any, create: Any, loc: int
    ) -> None:
        rows, flags = self._batch["roots"], 0
        flags |= PassFlag.RETAIN_GRAPH if retain else 0
        flags |= PassFlag.CREATE_GRAPH if create else 0
        flags |= PassFlag.GRAD if kind == "grad" else 0
        seeds = [self._seed(t, g, loc) for t, g in zip(roots, gradients, strict=True)]
        first, inbox = rows.count, Inbox()
        for value, (node, nr), content, index in seeds:
            rows.add(value, node, nr, index)
            inbox.setdefault((node, nr), []).append((content, index))
        number = self._batch["passes"].add(flags, first, len(seeds), self._batch.events.count)
        self._batch.event(Event.PASS, number, loc)
        self._running.append(_Running(number, loc, inbox, bool(create)))

    def end(self, error: BaseException | None) -> None:
        if not self._running:
            return
        number, loc, _, _ = self._running.pop()
        text = -1 if error is None else self._batch.text(message(error))
        row = self._batch["ends"].add(number, text, self._batch.events.count)
        self._batch.event(Event.END, row, loc)

    def step(self, node: Any, cotangents: Any, grads: Any) -> None:
        """A node was visited and sent `grads` along its edges."""
        if not self._running:
            return
        row = self._nodes.row(node)
        number, loc, inbox, _ = self._running[-1]
        step, first = self._steps.count, self._sent.count
        for nr, cotangent in enumerate(cotangents):
            self._compare(step, nr, cotangent, inbox.pop((row, nr), None))
        nodes, edge = self._nodes, self._nodes.first_edge[row]
        for slot, grad in enumerate(grads[: nodes.n_edge[row]]):
            if grad is not None and (target := nodes.targets[edge + slot]) >= 0:
                nr, index = nodes.numbers[edge + slot], self._arrays.add(grad)
                self._sent.add(step, slot, target, nr, -1, index)
                inbox.setdefault((target, nr), []).append((grad, index))
        self._finish(number, row, first, loc)

    def accumulate(self, variable: Any, delta: Any, grad: Any) -> None:
        """AccumulateGrad added `delta`; `grad` is the tensor that .grad is now."""
        if not self._running:
            return
        number, loc, inbox, create = self._running[-1]
        row = self._nodes.accumulate(variable)
        tensor = self._tensors.known(variable)
        if not create:
            self._grads.adopt(tensor, grad, loc)
        step, first = self._steps.count, self._sent.count
        self._into(step, row, tensor, delta, inbox.pop((row, 0), None))
        self._grads.accumulated(tensor, grad, step, create)
        self._finish(number, row, first, loc)

    def capture(self, tensor: Any, content: Any) -> None:
        """autograd.grad took `content` for a tensor."""
        if not self._running:
            return
        number, loc, inbox, _ = self._running[-1]
        self._tensors.current(tensor, loc)
        node, nr = self._nodes.end(tensor)
        if node < 0:
            return
        leaf = engine.requires_grad_leaf(tensor)
        sent = inbox.pop((node, nr), None) if leaf else inbox.get((node, nr))
        step, first = self._steps.count, self._sent.count
        self._into(step, node, self._tensors.known(tensor), content, sent, nr)
        self._finish(number, node, first, loc)

    def _into(
        self, step: int, node: int, tensor: int, content: Any, sent: Any, nr: int = 0
    ) -> None:
        self._compare(step, nr, content, sent)
        if sent and len(sent) == 1 and sent[0][0] is content and sent[0][1] >= 0:
            index = sent[0][1]
        else:
            index = self._arrays.add(content)
        self._sent.add(step, 0, -1, -1, tensor, index)

    def _finish(self, number: int, node: int, first: int, loc: int) -> None:
        step = self._steps.add(
            number, node, first, self._sent.count - first, self._batch.events.count
        )
        self._batch.event(_STEP, step, loc)

    def _compare(self, step: int, nr: int, cotangent: Any, sent: Any) -> None:
        """Keep the cotangent where it is not the sum of what was sent: a hook changed it."""
        if not sent:
            if cotangent is not None:
                self._keep(step, nr, self._arrays.add(cotangent))
        elif cotangent is None:
            self._keep(step, nr, -1)
        elif len(sent) > 1 or sent[0][0] is not cotangent:
            total = sums.over([array for array, _ in sent], -1)
            if not _same(total, cotangent):
                self._keep(step, nr, self._arrays.add(cotangent))

    def _keep(self, step: int, nr: int, index: int) -> None:
        self._batch["cotangents"].add(step, nr, index)

    def _seed(self, root: Any, gradient: Any, loc: int) -> tuple[int, tuple[int, int], Any, int]:
        """Return a root's value and node, and its gradient as an array and its row (-1: ones)."""
        value = self._tensors.current(root, loc)
        place = self._nodes.end(root)
        if gradient is None:
            return value, place, engine.ones_for(root), -1
        content = engine.cast_for(root, gradient)
        return value, place, content, self._arrays.add(content, engine.is_bfloat16(root))


def _same(left: Any, right: Any) -> bool:
    """Return whether two arrays are equal bit for bit, NaN and signed zeros included."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    if left.size <= 256:
        return bool(left.tobytes() == right.tobytes())
    kind = f"u{left.dtype.itemsize}" if left.dtype.itemsize in (1, 2, 4, 8) else "u8"
    wide, other = np.ascontiguousarray(left).view(kind), np.ascontiguousarray(right).view(kind)
    return bool(np.array_equal(wide, other))
