"""A program that asks for the .grad of what it computed, which is kept for leaves only."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.lines import without_magics
from engine.tape.diagnose.none import why_none
from engine.tape.schema import GradChange


def unkept_gradients(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return a note on the first name whose .grad is read, where all that was called so has none to keep."""
    cells = facts.cells_until(-1)
    if not len(facts.tape.passes) or any("retain_grad" in source for _, source, _ in cells):
        return []
    for cell, source, _ in cells:
        for name, line in _asked(source):
            tensors = _called(facts, name)
            if tensors and all(_is_unkept(facts, one) for one in tensors):
                found = why_none(facts, tensors[-1], len(facts.tape.events))
                if found.cause == "not-a-leaf":
                    here = moved(
                        replace(found.culprit, text=f"{name}.grad is read"),
                        (cell, line, source.splitlines()[line - 1].strip()),
                    )
                    title = f"{name}.grad is None: {name} is computed, and only leaves keep .grad"
                    chain = (*found.chain, here) if here.source else found.chain
                    return [replace(found, title=title, severity=Severity.NOTE, chain=chain)]
    return []


def _asked(source: str) -> list[tuple[str, int]]:
    """Return the names of which a text reads .grad, with their lines."""
    try:
        tree = ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (node.value.id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
    ]  # fmt: skip


def _called(facts: Facts, name: str) -> list[int]:
    rows = [row for row, text in enumerate(facts.names) if text == name]
    return list(dict.fromkeys(int(facts.tape.names["tensor"][row]) for row in rows))


def _is_unkept(facts: Facts, tensor: int) -> bool:
    """Whether a tensor was computed with a graph, and never had a .grad."""
    values = facts.values_of(tensor)
    held = any(c.kind is not GradChange.CLEAR for c in facts.changes(tensor))
    return not held and all(facts.requires_grad(v) and not facts.is_leaf(v) for v in values)
