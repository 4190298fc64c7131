"""Nodes that meet a condition of breakpoints, as `norm(grad) > 1e3`: for search and filter."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.tape.conditions import Condition
from engine.tape.moments import KNOWN, Moments, holds
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId

Bools = NDArray[np.bool_]
_LOGIC = (ast.Compare, ast.BoolOp, ast.Call)


def is_condition(text: str) -> bool:
    """Return whether a query is an expression that is true or false, rather than words to look for.

    One that is being typed, and cannot be read yet, counts as soon as it compares or calls.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        words = text.replace("(", " ( ").split()
        return any(word in ("(", "==", "!=", "<", ">", "<=", ">=") for word in words)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return True
    return isinstance(tree, _LOGIC)


def read_condition(text: str) -> Condition:
    """Return the condition that a query is; raises ConditionError."""
    return Condition(text, KNOWN)


def meeting(
    tape: Tape, ids: Sequence[NodeId], condition: Condition,
    cancelled: Callable[[], bool] = lambda: False,
) -> Bools:  # fmt: skip
    """Return (n,) at which of the nodes a condition holds, whenever a pass comes to them.

    An operation and a leaf are asked when they come to be; a backward node at each of its steps,
    and where it has none when its operation ran. Raises ConditionError where it cannot be computed.
    """
    moments, found = Moments(tape), np.zeros(len(ids), bool)
    steps = _steps(tape)
    for at, node in enumerate(ids):
        if cancelled():
            break
        for event in _events(tape, node, steps):
            if holds(condition, moments, event):
                found[at] = True
                break
    return found


def _steps(tape: Tape) -> dict[int, list[int]]:
    """Return the events of the steps of each backward node."""
    found: dict[int, list[int]] = {}
    nodes, events = tape.steps["node"].tolist(), tape.steps["event"].tolist()
    for node, event in zip(nodes, events, strict=True):
        found.setdefault(node, []).append(event)
    return found


def _events(tape: Tape, node: NodeId, steps: dict[int, list[int]]) -> list[int]:
    if node.kind == Kind.OP:
        return [int(tape.ops["event"][node.ref])]
    if node.kind == Kind.LEAF:
        return [int(tape.values["event"][node.ref])]
    if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE):
        op = int(tape.nodes["op"][node.ref])
        return steps.get(node.ref) or ([int(tape.ops["event"][op])] if op >= 0 else [])
    return []
