"""What a call names of a function: `w, b = f(x)` names what the `return` of f computes."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def returned(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield what functions compute as they return, with its name, if all calls give it the same.

    What a function returns by a name of its own keeps that one until the cell ends.
    """
    called: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            value = node.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                called.setdefault(value.func.id, []).append(node.targets[0])
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in called]
    names = [function.name for function in functions]
    for function in functions:
        targets = called[function.name]
        if names.count(function.name) == 1 and len({ast.dump(one) for one in targets}) == 1:
            for value in _returns(function):
                yield from _pairs(targets[0], value)


def _returns(function: ast.FunctionDef) -> Iterator[ast.expr]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Yield what is computed for each name."""
    if isinstance(target, ast.Name):
        if not isinstance(value, ast.Name | ast.Tuple | ast.Constant):
            yield value, target.id
        return
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple):
        return
    if len(target.elts) == len(value.elts):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, part)
