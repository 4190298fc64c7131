"""A clock in the place of the recorder's log: what was done, and when it was done.

The engine times nothing while nobody profiles. A profile puts a `Clock` where the log is; each
entry ends the operation that made it, which has lasted since the entry before.
"""

from __future__ import annotations

import ast
import time
from functools import cache
from typing import Any

from engine import recording
from engine.autograd.averages import Event
from engine.ops.namespace import OPS
from engine.tensor import Tensor

_STEP = "autograd::engine::evaluate_function: "
#: What else PyTorch calls for an operation.
_INSIDE = {
    "sum": "as_strided fill_",
    "t": "transpose as_strided", "transpose": "as_strided", "unsqueeze": "as_strided",
    "select": "as_strided", "expand": "as_strided", "slice": "as_strided", "relu": "clamp_min",
    "permute": "as_strided", "squeeze": "as_strided", "_softmax": "softmax",
    "_log_softmax": "log_softmax", "native_layer_norm": "layer_norm", "mm": "matmul",
    "nll_loss": "nll_loss_nd nll_loss_forward",
}  # fmt: skip


class Clock(recording.Relay):
    """Turns what is logged into events, and hands it on to whoever records."""

    def __init__(self, behind: Any, events: list[Event], shapes: bool) -> None:
        super().__init__(behind)
        self.events, self.shapes = events, shapes
        self.began = self.mark = time.perf_counter()

    def append(self, entry: Any) -> None:
        now = time.perf_counter()
        kind = entry[0]
        if kind == recording.FUNCTION:
            entry_of = entry[1]
            if entry_of is not None:
                self._operation(entry_of, now)
        elif kind == recording.OPERATION:
            self._operation(entry, now)
        elif kind == recording.STEP:
            self._step(entry[1], now)
        elif kind == recording.ACCUMULATE:
            self._pair(entry[1].name(), now, ())
        elif kind == recording.PASS and any(g is None for g in entry[3]):
            self._all(("aten::ones_like", "aten::empty_like", "aten::fill_"), now)
        if self.behind is not None:
            self.behind.append(entry)
        self.mark = time.perf_counter()

    def scoped(self, name: str, start: float) -> None:
        """A named scope is over that began at `start`."""
        now = time.perf_counter()
        since = self._at(start)
        inside = sum(e.own for e in self.events if e.start >= since)
        total = (now - start) * 1e6
        self.events.append(Event(name, since, total, max(total - inside, 0.0)))
        self.mark = now

    def _at(self, moment: float) -> float:
        return (moment - self.began) * 1e6

    def _operation(self, entry: Any, now: float) -> None:
        name = entry[1]
        shapes = tuple(tuple(t.shape) for t in entry[3] if isinstance(t, Tensor))
        names = [_dispatched(name), *(f"aten::{n}" for n in _INSIDE.get(name, "").split())]
        if name == "detach":
            names.append("detach")
        self._all(tuple(names), now, shapes if self.shapes else ())

    def _all(self, names: tuple[str, ...], now: float, shapes: Any = ()) -> None:
        """The first of some names, during which the others were called."""
        start, total = self._at(self.mark), (now - self.mark) * 1e6
        self.events.append(Event(names[0], start, total, total, shapes))
        self.events += [Event(n, start, 0.0, 0.0) for n in names[1:]]

    def _step(self, node: Any, now: float) -> None:
        inside: list[str] = []
        op = getattr(type(node), "op", None)
        if op is not None and op.twice:
            inside.append(_KERNELS.get(op.name, f"{op.name}_backward"))
        elif op is not None:
            for place, edge in zip(op.differentiable, node.edges, strict=False):
                if edge is not None:
                    inside += _called(op.formulas.get(place, ""))
        self._pair(node.name(), now, tuple(inside))

    def _pair(self, name: str, now: float, inside: tuple[str, ...]) -> None:
        """A node of the graph: the engine's turn, the node itself, and what its formula calls."""
        start, total = self._at(self.mark), (now - self.mark) * 1e6
        share = total / (1 + len(inside))
        self.events.append(Event(_STEP + name, start, total, 0.0))
        self.events.append(Event(name, start, total, share))
        self.events += [Event(f"aten::{n}", start, share, share) for n in inside]


def _dispatched(name: str) -> str:
    """What PyTorch's dispatcher calls an operation; a person's Function keeps its name."""
    return f"aten::{name.replace('_fill_', '_')}" if name in OPS or name[-1] == "_" else name


#: Backward kernels that are not called after their operation.
_KERNELS = {
    "relu": "threshold_backward", "_softmax": "_softmax_backward_data",
    "_log_softmax": "_log_softmax_backward_data",
}  # fmt: skip


_OPERATORS = {
    ast.Mult: "mul", ast.Div: "div", ast.Add: "add", ast.Sub: "sub", ast.Pow: "pow", ast.USub: "neg",
    ast.MatMult: "matmul",
}  # fmt: skip


@cache
def _called(formula: str) -> tuple[str, ...]:
    """The operations that a gradient's formula calls."""
    if not formula:
        return ()
    found = []
    for part in ast.walk(ast.parse(formula, mode="eval")):
        if isinstance(part, (ast.BinOp, ast.UnaryOp)):
            found.append(_OPERATORS.get(type(part.op), ""))
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            found.append(part.func.id if part.func.id in OPS else "")
    return tuple(n for n in found if n)
