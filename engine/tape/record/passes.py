"""Backward passes: steps, what each sent where, and what arrived other than was sent."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from engine import recording
from engine.tape import bits, sums
from engine.tape.record import engine
from engine.tape.record.arrays import Arrays, owner
from engine.tape.record.grads import Grads
from engine.tape.record.nodes import Nodes
from engine.tape.record.rows import Batch, message
from engine.tape.record.tensors import Tensors
from engine.tape.schema import Event, Mark, PassFlag, StepFlag

#: What was sent to a node (or to one of its further outputs): an array and its row, or a list.
Inbox = dict[Any, Any]

_STEP, _FREED = int(Event.STEP), int(StepFlag.FREED)  # members of enums cost more to pack


class _Running(NamedTuple):
    """A pass that has begun.

    create: its own operations are recorded in the graph; freed: the steps so far that freed what
    their node had saved, None in a pass that retains the graph. plain: nobody could change what was
    sent, so what arrives at a node of one output is its sum and is not compared.
    """

    number: int
    loc: int
    inbox: Inbox
    create: bool
    freed: list[int] | None
    plain: bool


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
        self._events = batch.events
        self._running: list[_Running] = []
        self.current = -1  # the innermost running pass
        self._written: dict[int, Any] = {}  # arrays written since they were sent, by id()

    def write_begins(self, array: Any) -> None:
        """The memory of an array is about to be overwritten, as by a hook that is given it."""
        if self._running and array is not None:
            self._written[id(array)] = array

    def begin(
        self, kind: str, roots: Any, gradients: Any, retain: Any, create: Any, loc: int,
        plain: bool,
    ) -> None:  # fmt: skip
        rows, flags = self._batch["roots"], 0
        flags |= PassFlag.RETAIN_GRAPH if retain else 0
        flags |= PassFlag.CREATE_GRAPH if create else 0
        flags |= PassFlag.GRAD if kind == "grad" else 0
        seeds = [self._seed(t, g, loc) for t, g in zip(roots, gradients, strict=True)]
        first, inbox = rows.count, Inbox()
        for root, (value, (node, nr), content, index) in zip(roots, seeds, strict=True):
            rows.add(value, node, nr, index)
            if not plain or node in self._nodes.with_ports:
                sent = engine.ones_for(root) if content is None else content
                _put(inbox, (node, nr) if nr else node, sent, index)
        number = self._batch["passes"].add(flags, first, len(seeds), self._batch.events.count)
        self._batch.event(Event.PASS, number, loc)
        freed: list[int] | None = None if retain else []
        self._running.append(_Running(number, loc, inbox, bool(create), freed, plain))
        self.current = number

    def end(self, error: BaseException | None) -> None:
        if not self._running:
            return
        number, loc, _, _, freed, _ = self._running.pop()
        self.current = self._running[-1].number if self._running else -1
        self._written.clear()
        text = -1 if error is None else self._batch.text(message(error))
        if freed:
            mark = self._batch["marks"].add(Mark.FREED, number, -1, self._batch.events.count)
            self._batch.event(Event.MARK, mark, loc)
        row = self._batch["ends"].add(number, text, self._batch.events.count)
        self._batch.event(Event.END, row, loc)

    def step(self, entry: tuple[Any, ...]) -> None:
        """A node was visited and sent gradients along its edges."""
        _, node, cotangents, grads = entry
        running = self._running
        if not running:
            return
        number, loc, inbox, _, freed, plain = running[-1]
        nodes, sent = self._nodes, self._sent
        row = nodes.by_seq.get(node.seq)
        if row is None:
            row = nodes.row(node)
        step, first = self._steps.count, sent.count
        if len(cotangents) == 1:
            arrived = None if plain else inbox.pop(row, None)
            if not plain and (arrived is None or arrived[0] is not cotangents[0] or self._written):
                self._compare(step, 0, cotangents[0], arrived)
        else:
            for nr, cotangent in enumerate(cotangents):
                self._compare(step, nr, cotangent, inbox.pop((row, nr) if nr else row, None))
        edge, count = nodes.first_edge[row], first
        for slot, grad in enumerate(grads[: nodes.n_edge[row]], edge):
            if grad is not None:
                target = nodes.targets[slot]
                if target >= 0:
                    nr, index = nodes.numbers[slot], self._arrays.add(grad)
                    sent.put((step, slot - edge, target, nr, -1, index))
                    count += 1
                    if not plain or target in nodes.with_ports:
                        if self._written:
                            self._written.pop(id(owner(grad)), None)
                        _put(inbox, (target, nr) if nr else target, grad, index)
        sent.count = count
        flags = 0
        if freed is not None and engine.frees(node):
            freed.append(step)
            flags = _FREED
        self._finish(number, row, first, loc, flags)

    def run(self, entries: list[Any], start: int, span: float) -> int:
        """Write the steps of a plain pass that begin at `start`; return how many there are.

        The event of each is `span` seconds after that of the one before.
        """
        if not self._running or not self._running[-1].plain:
            return 0
        number, loc, _, _, freed, _ = self._running[-1]
        nodes = self._nodes
        row_of, first_edge, n_edge = nodes.by_seq.get, nodes.first_edge, nodes.n_edge
        targets, with_ports = nodes.targets, nodes.with_ports
        rows: list[int] = []
        n_sent: list[int] = []
        frees: list[bool] = []
        slots: list[int] = []
        edges: list[int] = []
        grads: list[Any] = []
        for entry in islice(entries, start, None):
            if entry[0] != recording.STEP:
                break
            node = entry[1]
            row = row_of(node.seq)
            if row is None or row in with_ports:
                break
            before, edge = len(grads), first_edge[row]
            for slot, grad in enumerate(entry[3][: n_edge[row]]):
                if grad is not None and targets[edge + slot] >= 0:
                    slots.append(slot)
                    edges.append(edge + slot)
                    grads.append(grad)
            rows.append(row)
            n_sent.append(len(grads) - before)
            frees.append(node.frees)
            if node.frees and freed is not None and not engine.frees(node):
                frees[-1] = False
        count = len(rows)
        to = [targets[edge] for edge in edges]
        if not count or not with_ports.isdisjoint(to):
            return 0
        step, event = self._steps.count + np.arange(count), self._events.count + np.arange(count)
        sent = np.array(n_sent)
        first = self._sent.count + np.cumsum(sent) - sent
        self._sent.extend(
            len(to), step=np.repeat(step, sent), slot=slots, node=to,
            nr=[nodes.numbers[edge] for edge in edges], tensor=-1, array=self._arrays.add_all(grads),
        )  # fmt: skip
        flags: Any = 0
        if freed is not None:
            freed += step[frees].tolist()
            flags = np.where(frees, _FREED, 0)
        self._steps.extend(
            count, pass_=number, node=rows, contrib0=first, n_contrib=sent, flags=flags, event=event
        )
        batch = self._batch
        times = batch.time + span * np.arange(count)
        self._events.extend(count, kind=_STEP, ref=step, loc=loc, cell=batch.cell, time=times)
        batch.time += span * count
        return count

    def accumulate(self, entry: tuple[Any, ...]) -> None:
        """AccumulateGrad added `delta`; `grad` is the tensor that .grad is now."""
        _, _, variable, delta, grad = entry
        if not self._running:
            return
        number, loc, inbox, create, _, plain = self._running[-1]
        row = self._nodes.accumulate(variable)
        tensor = self._tensors.known(variable)
        if not create:
            self._grads.adopt(tensor, grad, loc)
        step, first = self._steps.count, self._sent.count
        if plain:
            self._sent.add(step, 0, -1, -1, tensor, self._arrays.add(delta))
        else:
            self._into(step, row, tensor, delta, inbox.pop(row, None))
        self._grads.accumulated(tensor, grad, step, create)
        self._finish(number, row, first, loc)

    def capture(self, tensor: Any, content: Any) -> None:
        """autograd.grad took `content` for a tensor."""
        if not self._running:
            return
        number, loc, inbox, _, _, _ = self._running[-1]
        self._tensors.current(tensor, loc)
        node, nr = self._nodes.end(tensor)
        if node < 0:
            return
        leaf = engine.requires_grad_leaf(tensor)
        key = (node, nr) if nr else node
        sent = inbox.pop(key, None) if leaf else inbox.get(key)
        step, first = self._steps.count, self._sent.count
        self._into(step, node, self._tensors.known(tensor), content, sent, nr)
        self._finish(number, node, first, loc)

    def _into(
        self, step: int, node: int, tensor: int, content: Any, sent: Any, nr: int = 0
    ) -> None:
        self._compare(step, nr, content, sent)
        whole = type(sent) is tuple and sent[0] is content and sent[1] >= 0
        if whole and not self._is_written(content):
            index = sent[1]
        else:
            index = self._arrays.add(content)
        self._sent.add(step, 0, -1, -1, tensor, index)

    def _finish(self, number: int, node: int, first: int, loc: int, flags: int = 0) -> None:
        steps, events = self._steps, self._events
        step, event = steps.count, events.count
        steps.put((number, node, first, self._sent.count - first, flags, event))
        steps.count = step + 1
        events.put((_STEP, step, loc, self._batch.cell, self._batch.time))
        events.count = event + 1

    def _compare(self, step: int, nr: int, cotangent: Any, sent: Any) -> None:
        """Keep the cotangent where it is not the sum of what was sent: a hook changed it."""
        if sent is None:
            if cotangent is not None:
                self._keep(step, nr, self._arrays.add(cotangent))
        elif cotangent is None:
            self._keep(step, nr, -1)
        elif type(sent) is list:
            if not bits.same(sums.total([array for array, _ in sent]), cotangent):
                self._keep(step, nr, self._arrays.add(cotangent))
        elif self._is_written(sent[0]) or (
            sent[0] is not cotangent and not bits.same(sent[0], cotangent)
        ):
            self._keep(step, nr, self._arrays.add(cotangent))

    def _is_written(self, array: Any) -> bool:
        """Whether what was sent has another content by now: a hook wrote into it."""
        return bool(self._written) and id(owner(array)) in self._written

    def _keep(self, step: int, nr: int, index: int) -> None:
        self._batch["cotangents"].add(step, nr, index)

    def _seed(self, root: Any, gradient: Any, loc: int) -> tuple[int, tuple[int, int], Any, int]:
        """Return a root's value and node, and its gradient as an array and its row (None, -1: ones)."""
        value = self._tensors.current(root, loc)
        place = self._nodes.end(root)
        if gradient is None:
            return value, place, None, -1
        content = engine.cast_for(root, gradient)
        return value, place, content, self._arrays.add(content, engine.is_bfloat16(root))


def _put(inbox: Inbox, key: Any, array: Any, index: int) -> None:
    held = inbox.get(key)
    if held is None:
        inbox[key] = array, index
    elif type(held) is list:
        held.append((array, index))
    else:
        inbox[key] = [held, (array, index)]
