"""What a program calls the plain number that an operation multiplies by."""

from __future__ import annotations

import ast

from engine.tape.diagnose.facts import Facts


def number_named(facts: Facts, op: int) -> str:
    """Return the name of the factor in the line of an operation, "" where it has none or several could be it."""
    try:
        tree = ast.parse(facts.code(int(facts.tape.ops["event"][op])).strip())
    except SyntaxError:  # a part of a statement
        return ""
    products = [
        n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult)
    ]
    sides = [side for product in products for side in (product.left, product.right)]
    names = {side.id for side in sides if isinstance(side, ast.Name)} - set(facts.names)
    return names.pop() if len(names) == 1 else ""
