"""Writes tapes row by row, as the recorder would for a program of the same steps."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engine.tape.schema import TABLES, Event, GradChange, Mark, OpFlag, ValueFlag
from engine.tape.storage.segments import Payload, SegmentWriter
from engine.tape.storage.sink import MemorySink
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape


@dataclass
class Tensor:
    """One tensor of a script; value is the row of what it holds now."""

    tensor: int
    value: int
    node: int = -1
    grad: bool = False
    size: int = 1


class Script:
    """A program that runs straight onto a tape: every tensor has `size` elements of float32."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple]] = {name: [] for name in TABLES}
        self.rows["scopes"].append((-1, -1, -1))
        self.texts: list[str] = []
        self.data: list[bytes] = []
        self._leaf_node: dict[int, int] = {}
        self._grads: dict[int, tuple[int, np.ndarray]] = {}
        self._tensors = self._size = 0
        self._cell = self._line = -1

    def cell(self, key: str, count: int = -1) -> None:
        self._cell = len(self.rows["cells"])
        self.rows["cells"].append((self._text(key), self._text(""), count, self._now))
        self._event(Event.MARK, "marks", (Mark.CELL_BEGIN, self._cell, -1, self._now))

    def end_cell(self, **names: Tensor) -> None:
        for name, tensor in names.items():
            self.rows["names"].append((tensor.tensor, self._text(name), self._now))
        self._event(Event.MARK, "marks", (Mark.CELL_END, self._cell, -1, self._now))

    def line(self, line: int) -> None:
        """What follows is on this line."""
        row = (self._text("script.py"), line, self._text("<module>"), self._cell)
        if row not in self.rows["locs"]:
            self.rows["locs"].append(row)
        self._line = self.rows["locs"].index(row)

    def leaf(self, grad: bool = False, content: float = 1.0, size: int = 1) -> Tensor:
        flags = ValueFlag.LEAF | (ValueFlag.REQUIRES_GRAD if grad else 0)
        tensor = self._tensor(grad, size)
        tensor.value = self._value(tensor, -1, -1, int(flags), np.full(size, content))
        self._push(Event.LEAF, tensor.value)
        return tensor

    def op(self, name: str, *inputs: Tensor, grad: bool = True) -> Tensor:
        """Apply an operation; grad False is under no_grad."""
        tracked = grad and any(t.grad for t in inputs)
        out = self._tensor(tracked, max(t.size for t in inputs))
        flags = ValueFlag.REQUIRES_GRAD if tracked else ValueFlag.LEAF
        node = self._grad_fn(name, inputs) if tracked else -1
        out.node = node
        out.value = self._value(out, len(self.rows["ops"]), node, int(flags), np.ones(out.size))
        self._op(name, inputs, out.value, node, 0)
        return out

    def update(self, name: str, target: Tensor, *others: Tensor) -> None:
        """Apply an operation in place under no_grad."""
        inputs = (target, *others)
        flags = ValueFlag.LEAF | (ValueFlag.REQUIRES_GRAD if target.grad else 0)
        taken = [t.value for t in inputs]
        target.value = self._value(target, len(self.rows["ops"]), -1, int(flags), np.ones(1))
        self._op(name, inputs, target.value, -1, int(OpFlag.INPLACE), taken)

    def grad_of(self, leaf: Tensor) -> Tensor:
        """Return leaf.grad."""
        row = self._grads[leaf.tensor][0]
        return Tensor(self.rows["values"][row][0], row)

    def backward(self, root: Tensor, delta: float = 0.31) -> None:
        """Run a pass that sends `delta` everywhere."""
        number = len(self.rows["passes"])
        self.rows["roots"].append((root.value, self._place(root), 0, -1))
        first = len(self.rows["roots"]) - 1
        self.rows["passes"].append((0, first, 1, self._now))
        self._push(Event.PASS, number)
        pending = [self._place(root)]
        seen: set[int] = set()
        while pending:
            pending.sort(key=lambda node: self.rows["nodes"][node][7])
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                pending += self._step(number, node, delta)
        self.rows["ends"].append((number, -1, self._now))
        self._push(Event.END, len(self.rows["ends"]) - 1)

    def tape(self) -> Tape:
        sink = MemorySink()
        writer = SegmentWriter(sink, {})
        tables = {n: np.array(rows, TABLES[n]).tobytes() for n, rows in self.rows.items()}
        writer.write(tables, self.texts, [Payload(0, self.data)])
        writer.finish({})
        return Tape(MemorySource(sink.buffer))

    # --- rows

    @property
    def _now(self) -> int:
        return len(self.rows["events"])

    def _push(self, kind: Event, ref: int) -> None:
        self.rows["events"].append((kind, ref, self._line, self._cell, 0.01 * self._now))

    def _event(self, kind: Event, table: str, row: tuple) -> None:
        self.rows[table].append(row)
        self._push(kind, len(self.rows[table]) - 1)

    def _text(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)

    def _tensor(self, grad: bool, size: int) -> Tensor:
        self._tensors += 1
        return Tensor(self._tensors - 1, -1, -1, grad, size)

    def _array(self, content: np.ndarray) -> int:
        data = content.astype(np.float32).tobytes()
        offset, self._size = self._size, self._size + len(data)
        self.data.append(data)
        shape = self._shape(len(content))
        self.rows["arrays"].append((0, offset, len(data), 0, shape, zlib.crc32(data), 0))
        return len(self.rows["arrays"]) - 1

    def _shape(self, size: int) -> int:
        row = (0, 0) if size == 1 else (len(self.rows["dims"]), 1)
        if size > 1:
            self.rows["dims"].append((size,))
        self.rows["shapes"].append(row)
        return len(self.rows["shapes"]) - 1

    def _value(
        self, tensor: Tensor, op: int, node: int, flags: int, content: np.ndarray | None,
        grad_of: int = -1,
    ) -> int:  # fmt: skip
        array = -1 if content is None else self._array(content)
        shape = self._shape(tensor.size)
        self.rows["values"].append(
            (tensor.tensor, 0, array, 0, shape, op, 0, node, 0, tensor.tensor, flags, grad_of,
             self._now)
        )  # fmt: skip
        return len(self.rows["values"]) - 1

    def _op(self, name, inputs, out, node, flags, taken=None) -> None:
        first = len(self.rows["inputs"])
        self.rows["inputs"] += [(v,) for v in taken or [t.value for t in inputs]]
        self._event(
            Event.OP, "ops",
            (self._text(name), first, len(inputs), out, 1, -1, node, 0, -1, flags, self._now),
        )  # fmt: skip

    def _place(self, tensor: Tensor) -> int:
        if tensor.node >= 0 or not tensor.grad:
            return tensor.node
        if tensor.tensor not in self._leaf_node:
            self._leaf_node[tensor.tensor] = len(self.rows["nodes"])
            self.rows["nodes"].append(
                (self._text("AccumulateGrad"), -1, tensor.tensor, 0, 0, 0, 0, 1 << 62, self._now)
            )
        return self._leaf_node[tensor.tensor]

    def _grad_fn(self, name: str, inputs: tuple[Tensor, ...]) -> int:
        edges = [(self._place(t), 0) for t in inputs]
        first, number = len(self.rows["edges"]), len(self.rows["nodes"])
        self.rows["edges"] += edges
        saved = len(self.rows["saved"])
        self.rows["saved"].append((self._text("self"), inputs[0].value, -1))
        title = name.rstrip("_").capitalize() + "Backward0"
        self.rows["nodes"].append(
            (self._text(title), len(self.rows["ops"]), -1, first, len(edges), saved, 1, number,
             self._now)
        )  # fmt: skip
        return number

    def _step(self, pass_: int, node: int, delta: float) -> list[int]:
        _, _, variable, edge0, n_edge, *_ = self.rows["nodes"][node]
        step, first = len(self.rows["steps"]), len(self.rows["contributions"])
        targets = []
        if variable >= 0:
            self._accumulate(variable, step, delta)
        for slot, (target, nr) in enumerate(self.rows["edges"][edge0 : edge0 + n_edge]):
            if target >= 0:
                array = self._array(np.full(1, delta))
                self.rows["contributions"].append((step, slot, target, nr, -1, array))
                targets.append(target)
        count = len(self.rows["contributions"]) - first
        self._event(Event.STEP, "steps", (pass_, node, first, count, 0, self._now))
        return targets

    def _accumulate(self, leaf: int, step: int, delta: float) -> None:
        size = next(
            int(self.rows["dims"][self.rows["shapes"][v[4]][0]][0]) if
            self.rows["shapes"][v[4]][1] else 1
            for v in self.rows["values"] if v[0] == leaf
        )  # fmt: skip
        change = np.full(size, delta)
        self.rows["contributions"].append((step, 0, -1, -1, leaf, self._array(change)))
        if leaf in self._grads:
            tensor = self.rows["values"][self._grads[leaf][0]][0]
        else:
            tensor = self._tensor(False, size).tensor
        held = change + (self._grads[leaf][1] if leaf in self._grads else 0)
        holder = Tensor(tensor, -1, size=size)
        row = self._value(holder, -1, -1, int(ValueFlag.LEAF), held, grad_of=leaf)
        self._grads[leaf] = row, held
        self.rows["grads"].append((leaf, GradChange.ACCUMULATE, step, row, self._now))
