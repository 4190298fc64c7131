"""What operations of one kind have in common, learned from the first of them.

A plan is about an operation that makes one new tensor. It lets the next ones of
its kind be written without asking again what they save and how their arguments read.
"""

from __future__ import annotations

from typing import Any

from engine.autograd.node import Port
from engine.ops.table import OPS
from engine.tape.record.params import Params
from engine.tape.record.rows import Batch, capped

_MOST = 4096  # remembered arguments of one plan
#: Types of arguments that never change what they are.
_FIXED = frozenset((int, float, bool, str, type(None)))


class Plan:
    """One kind of operation: name, class of its node, number of inputs, names of other arguments.

    saved: what its nodes save, by which of their edges are there.
    """

    __slots__ = (
        "_batch", "_known", "_last", "_last_text", "_params", "_reprs", "keys", "name", "saved",
        "text",
    )  # fmt: skip

    def __init__(self, batch: Batch, params: Params, name: str, keys: tuple[str, ...]) -> None:
        self._batch, self._params = batch, params
        self.name, self.keys = name, keys
        self.text = batch.text(name)
        self.saved: dict[int, list[tuple[int, int, Any]]] = {}
        self._known: dict[tuple[int, ...], tuple[int, tuple[Any, ...]]] = {}
        self._reprs: dict[int, tuple[int, Any]] = {}
        self._last: Any = self  # the argument of the latest operation, where it has one
        self._last_text = -1

    def params(self, params: dict[str, Any]) -> int:
        """Return the text of the arguments; -2 where they are named otherwise than the plan's."""
        if len(params) == 1:
            ((key, value),) = params.items()
            if value is self._last and key == self.keys[0]:
                return self._last_text
        keys, values = tuple(params), tuple(params.values())
        if keys != self.keys:
            return -2
        ids = tuple(map(id, values))
        found = self._known.get(ids)
        if found is not None:
            return found[0]
        text = self._batch.text(self._params.text(params))
        if _FIXED.issuperset(map(type, values)):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[ids] = text, values  # holding the values keeps their ids theirs
            if len(values) == 1:
                self._last, self._last_text = values[0], text
        return text

    def constant(self, value: Any) -> int:
        """Return the text of an argument that a node saved."""
        found = self._reprs.get(id(value))
        if found is not None:
            return found[0]
        text = self._batch.text(capped(repr(value), 200))
        if type(value) in _FIXED:
            if len(self._reprs) >= _MOST:
                self._reprs.clear()
            self._reprs[id(value)] = text, value
        return text


class Plans:
    """The plans so far, by class of node (or name, where there is none) and number of inputs."""

    def __init__(self, batch: Batch, params: Params) -> None:
        self._batch, self._params = batch, params
        self._plans: dict[tuple[Any, int], Plan | None] = {}
        self.get = self._plans.get

    def learn(self, name: str, node: Any, n_in: int, params: dict[str, Any] | None) -> None:
        """Make a plan for an operation that was written the long way, if there can be one."""
        kind = type(node)
        key = (name if node is None else kind), n_in
        if key in self._plans:
            return
        op: Any = OPS.get(name) if node is None else getattr(kind, "op", None) or OPS.get(name)
        plain = op is not None and op.outputs == 1 and kind is not Port
        if plain and node is not None:  # a Function of a person may be called like an operation
            plain = kind.__name__ == op.node.__name__
        keys = tuple(params or ())
        self._plans[key] = Plan(self._batch, self._params, name, keys) if plain else None
