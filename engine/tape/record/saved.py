"""What a node saved, told from its operation: a pass may have freed it before anybody looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.ops.table import needed_inputs
from engine.tape.record.rows import capped


class Made(NamedTuple):
    """The operation that made a node: its inputs and outputs as rows of values."""

    op: int
    inputs: tuple[Any, ...]
    input_rows: list[int]
    n_out: int
    params: dict[str, Any] | None


def saved_by(node: Any, made: Made, first_out: int) -> Iterator[tuple[str, int, str]]:
    """Yield name, row of values (or -1) and text of each thing that the node saved.

    first_out: the row of values that the operation's first output has, or will have.
    """
    op = getattr(type(node), "op", None)
    if op is None:
        yield from _kept(node, made)
        return
    needed = needed_inputs(op, node.edges)
    rows = iter(made.input_rows)
    others = sum(p not in (made.params or ()) for p in op.params) - 1
    for i, name in enumerate(op.params):
        if made.params and name in made.params:
            if i in needed:
                yield name, -1, capped(repr(made.params[name]), 200)
            continue
        count = len(made.input_rows) - others if i == 0 and op.listed else 1
        for k in range(count):
            row = next(rows, -1)
            if i in needed and row >= 0:
                yield (f"{name}[{k}]" if op.listed and i == 0 else name), row, ""
    if op.needs[1]:
        for k in range(made.n_out):
            yield ("result" if made.n_out == 1 else f"result{k}"), first_out + k, ""


def _kept(node: Any, made: Made) -> Iterator[tuple[str, int, str]]:
    """Yield what a node of no table row (a person's Function) says that it saved."""
    known = {id(t): row for t, row in zip(made.inputs, made.input_rows, strict=True)}
    for k, tensor in enumerate(getattr(node, "_saved", None) or ()):
        row = known.get(id(tensor), -1)
        yield f"saved_tensors[{k}]", row, "" if row >= 0 else "a tensor of its own"
