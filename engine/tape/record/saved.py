"""What a node saved, told from its operation: a pass may have freed it before anybody looks."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.ops.table import OPS, needed_inputs
from engine.tape.record.rows import Batch, capped
from engine.tape.record.tensors import Tensors

INPUT, OUTPUT, CONSTANT = range(3)


class Made(NamedTuple):
    """The operation that made a node: its inputs and outputs as rows of values."""

    op: int
    name: str
    inputs: tuple[Any, ...]
    input_rows: list[int]
    outs: tuple[Any, ...]
    params: dict[str, Any] | None
    kept: tuple[Any, ...] = ()  # what a person's Function gave to save_for_backward


class Saved:
    """Writes `saved`. What nodes of one kind save depends on few things, so it is found once."""

    def __init__(self, batch: Batch, tensors: Tensors) -> None:
        self._batch, self._tensors = batch, tensors
        self._rows, self._values = batch["saved"], batch["values"]
        self._plans: dict[Any, list[tuple[int, int, Any]]] = {}

    def add(self, node: Any, made: Made) -> tuple[int, int]:
        """Write what a node saved; return the first row and their number."""
        plan = self.items(node, made)
        if plan is None:
            return self._kept(made)
        params, first = made.params or {}, self._rows.count
        for name, kind, which in plan:
            if kind == CONSTANT:
                text = self._batch.text(capped(repr(params[which]), 200))
                self._rows.add(name, -1, text)
            else:
                row = made.input_rows[which] if kind == INPUT else self._values.count + which
                self._rows.add(name, row, -1)
        return first, len(plan)

    def items(self, node: Any, made: Made) -> list[tuple[int, int, Any]] | None:
        """Return name (a text), kind and place of all that such nodes save; None if unknown.

        The place is a number of an INPUT or OUTPUT, or the name of a CONSTANT argument.
        """
        op = getattr(type(node), "op", None)
        if op is None:  # the class is written out by hand beside a row that says the same
            op = OPS.get(made.name.removesuffix("_"))
            op = op if op is not None and op.node.__name__ == type(node).__name__ else None
        if op is None:
            return None
        params = made.params or {}
        edges = tuple([edge is not None for edge in node.edges])
        key = type(node), edges, len(made.input_rows), len(made.outs), tuple(params)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(op, node, made, params)
        return plan

    def _plan(
        self, op: Any, node: Any, made: Made, params: dict[str, Any]
    ) -> list[tuple[int, int, Any]]:
        """Return name, kind and place of each thing that such nodes save."""
        text, plan, at = self._batch.text, [], 0
        needed = needed_inputs(op, node.edges)
        tensors = sum(name not in params for name in op.params)
        for i, name in enumerate(op.params):
            if name in params:
                if i in needed:
                    plan.append((text(name), CONSTANT, name))
                continue
            listed = op.listed and i == 0
            count = len(made.input_rows) - (tensors - 1) if listed else 1
            for k in range(at, min(at + count, len(made.input_rows))):
                if i in needed:
                    label = f"{name}[{k - at}]" if listed else name
                    plan.append((text(label), INPUT, k))
            at += count
        if op.needs[1]:
            for k in range(len(made.outs)):
                label = "result" if len(made.outs) == 1 else f"result{k}"
                plan.append((text(label), OUTPUT, k))
        return plan

    def _kept(self, made: Made) -> tuple[int, int]:
        """Write what a node of no table row, a person's Function, says that it saved."""
        known = {id(t): row for t, row in zip(made.inputs, made.input_rows, strict=True)}
        known |= {id(t): self._values.count + k for k, t in enumerate(made.outs)}
        first = self._rows.count
        for k, tensor in enumerate(made.kept):
            row = known.get(id(tensor), -1)
            row = row if row >= 0 else self._tensors.shown(tensor)
            text = -1 if row >= 0 else self._batch.text("a tensor of its own")
            self._rows.add(self._batch.text(f"saved_tensors[{k}]"), row, text)
        return first, self._rows.count - first
