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
    cells = facts.cells_until(-1)[::-1]
    if not len(facts.tape.passes) or any("retain_grad" in source for _, source, _ in cells):
        return []
    for number, (cell, source, _) in enumerate(cells):
        before = {key for key, _, _ in cells[:number]}
        for name, line in _asked(source):
            tensors = _called(facts, name)
            if not all(_is_unkept(facts, one) for one in tensors):
                continue
            passed = [one for one in tensors if _passed(facts, one, before, cell, line)]
            note = _note(facts, passed[-1], name, (cell, line, source)) if passed else None
            if note is not None:
                return [note]
    return []


def _note(facts: Facts, tensor: int, name: str, at: tuple[str, int, str]) -> Finding | None:
    found, (cell, line, source) = why_none(facts, tensor, len(facts.tape.events)), at
    if found.cause != "not-a-leaf":
        return None
    code = source.splitlines()[line - 1].strip()
    here = moved(replace(found.culprit, text=f"{name}.grad is read"), (cell, line, code))
    title = f"{name}.grad is None: {name} is computed, and only leaves keep .grad"
    return replace(found, title=title, severity=Severity.NOTE, chain=(*found.chain, here))


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


def _passed(facts: Facts, tensor: int, before: set[str], cell: str, line: int) -> bool:
    """Whether a pass went through a tensor before a line: in a cell before its own, or further up."""
    nodes = set(facts.tape.values["node"][facts.values_of(tensor)].tolist())
    for pass_ in range(len(facts.tape.passes)):
        begun = facts.source(int(facts.tape.passes["event"][pass_]))
        early = begun is not None and (
            begun.cell in before or (begun.cell == cell and begun.line < line)
        )
        if early and nodes & facts.reachable(pass_):
            return True
    return False


def _called(facts: Facts, name: str) -> list[int]:
    rows = [row for row, text in enumerate(facts.names) if text == name]
    return list(dict.fromkeys(int(facts.tape.names["tensor"][row]) for row in rows))


def _is_unkept(facts: Facts, tensor: int) -> bool:
    """Whether a tensor was computed with a graph, and never had a .grad."""
    values = facts.values_of(tensor)
    held = any(c.kind is not GradChange.CLEAR for c in facts.changes(tensor))
    return not held and all(facts.requires_grad(v) and not facts.is_leaf(v) for v in values)
