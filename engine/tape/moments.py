"""What conditions can ask for at a moment of a tape: the names, and their values at each event."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from engine.tape import replay
from engine.tape.conditions import Absent, Condition
from engine.tape.errors import NotKept
from engine.tape.modules import module_path
from engine.tape.names import Name
from engine.tape.schema import Event
from engine.tape.tape import Tape

#: What a condition can ask for at a stop, and what it is.
NAMES: dict[str, str] = {
    "grad": "the gradient that came in at the step; at a leaf its .grad afterwards",
    "value": "what the operation computed, or what the leaf holds",
    "name": "what the person calls the tensor, or '': of all that a statement computes, what it assigns has the name; "
    "a tuple's is that of all its parts",
    "op": "the operation's name, like 'mul'",
    "grad_fn": "the node's name, like 'MulBackward0'",
    "shape": "the value's shape", "dtype": "the value's element type, like 'float32'",
    "pass_": "the number of the pass, from 1; 0 outside", "event": "the number of the event, from 1",
    "cell": "the cell's count, from 1", "line": "the line in it, from 1",
    "module": "the path of the module, like 'layers.0.fc'",
    "backward": "whether it is a step of a pass",
}  # fmt: skip
KNOWN = frozenset(NAMES)


class Asked(Protocol):
    """Who knows the values of names at events."""

    def at(self, event: int, names: set[str]) -> Mapping[str, Any]:
        """Return the values of some names just after an event."""


class Moments:
    """What conditions ask for at the events of a tape, looked up only when they do."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def at(self, event: int, names: set[str]) -> Mapping[str, Any]:
        """Return the values of some names just after an event."""
        return {name: getattr(self, f"_{name}")(event) for name in names}

    @cached_property
    def _kinds(self) -> list[int]:
        found: list[int] = self.tape.events["kind"].tolist()
        return found

    def _ref(self, event: int) -> tuple[int, int]:
        return self._kinds[event], int(self.tape.events["ref"][event])

    def _op_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.OP:
            return ref
        return (
            int(self.tape.nodes["op"][self.tape.steps["node"][ref]]) if kind == Event.STEP else -1
        )

    def _node_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.STEP:
            return int(self.tape.steps["node"][ref])
        return int(self.tape.ops["node"][ref]) if kind == Event.OP else -1

    def _value_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.LEAF:
            return ref
        tensor = self._leaf_row(event)
        if tensor >= 0:
            rows = np.flatnonzero(self.tape.values["tensor"] == tensor)
            at = bisect_right(self.tape.values["event"][rows], event)
            return int(rows[max(at - 1, 0)]) if len(rows) else -1
        op = self._op_row(event)
        return int(self.tape.ops["out0"][op]) if op >= 0 and self.tape.ops["n_out"][op] else -1

    def _leaf_row(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.STEP:
            return int(self.tape.nodes["variable"][self.tape.steps["node"][ref]])
        return int(self.tape.grads["tensor"][ref]) if kind == Event.GRAD else -1

    def _grad(self, event: int) -> Any:
        tensor = self._leaf_row(event)
        try:
            if tensor >= 0:
                return replay.grad_at(self.tape, tensor, event + 1)
            kind, ref = self._ref(event)
            if kind != Event.STEP:
                return None
            return next((g for g in replay.cotangents(self.tape, ref) if g is not None), None)
        except NotKept:
            return None

    def _value(self, event: int) -> Any:
        row = self._value_row(event)
        try:
            return self.tape.value(row) if row >= 0 else None
        except NotKept:
            return None

    def _name(self, event: int) -> Name:
        row = self._value_row(event)
        return Name((row >= 0 and self.tape.name_of(int(self.tape.values["tensor"][row]))) or "")

    def _op(self, event: int) -> str:
        row = self._op_row(event)
        return self.tape.text(int(self.tape.ops["name"][row])) if row >= 0 else ""

    def _grad_fn(self, event: int) -> str:
        row = self._node_row(event)
        return self.tape.text(int(self.tape.nodes["name"][row])) if row >= 0 else ""

    def _shape(self, event: int) -> tuple[int, ...]:
        row = self._value_row(event)
        return self.tape.value_shape(row) if row >= 0 else ()

    def _dtype(self, event: int) -> str:
        row = self._value_row(event)
        return self.tape.value_dtype(row) if row >= 0 else ""

    def _pass_(self, event: int) -> int:
        kind, ref = self._ref(event)
        if kind == Event.PASS:
            return ref + 1
        return int(self.tape.steps["pass_"][ref]) + 1 if kind == Event.STEP else 0

    def _event(self, event: int) -> int:
        return event + 1

    def _loc(self, event: int) -> int:
        op = self._op_row(event)
        at = event if op < 0 else int(self.tape.ops["event"][op])
        return int(self.tape.events["loc"][at])

    def _cell(self, event: int) -> int:
        loc = self._loc(event)
        cell = int(self.tape.locs["cell"][loc]) if loc >= 0 else -1
        return int(self.tape.cells["count"][cell]) if cell >= 0 else 0

    def _line(self, event: int) -> int:
        loc = self._loc(event)
        return int(self.tape.locs["line"][loc]) if loc >= 0 else 0

    def _module(self, event: int) -> str:
        op = self._op_row(event)
        return module_path(self.tape, int(self.tape.ops["scope"][op])) if op >= 0 else ""

    def _backward(self, event: int) -> bool:
        return self._kinds[event] == Event.STEP


def holds(condition: Condition, moments: Asked, event: int) -> bool:
    """Return whether a condition holds just after an event; ConditionError where it has no truth."""
    try:
        return condition.holds(moments.at(event, condition.names))
    except Absent:
        return False  # asks for a gradient where there is none


def noted(log: Condition, moments: Asked, event: int) -> str:
    """Return what an expression gives just after an event as text; "" where what it asks for is not."""
    try:
        value = log(moments.at(event, log.names))
    except Absent:
        return ""  # as `norm(grad)` in a forward pass
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)
