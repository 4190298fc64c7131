"""The names that a program's text gives: where `h = torch.tanh(x)` stands, its last operation makes h.

An instruction knows the exact span of the expression that it computes. Where that is the whole
right side of an assignment to one name, the result gets this name, in loops and functions too. And
where it is an expression of names, as `x @ w` or `w.pow(2)`, these are what its operands are called.
"""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import CodeType
from typing import NamedTuple

Span = tuple[int | None, int | None, int | None, int | None]  # lines from 1, columns in bytes

_LARGEST = 1 << 20  # characters of a file that is parsed
_LIBRARIES = ("torch", "F", "functional", "nn")


class _Said(NamedTuple):
    """What a file says: the name that gets an expression's result, and what its operands are called.

    operands: the operation's name, "" for any, and a name per operand, "" for one that is computed.
    """

    targets: dict[Span, str]
    operands: dict[Span, tuple[str, list[str]]]


class Targets:
    """Knows the assignments and expressions of the files it was asked about."""

    def __init__(self) -> None:
        self._files: dict[str, _Said] = {}

    def of(self, code: CodeType, lasti: int) -> str:
        """Return the name that gets what the instruction computes; "" for none."""
        said = self._said(code.co_filename)
        return said.targets.get(_span(code, lasti), "") if said.targets and lasti >= 0 else ""

    def operands(self, code: CodeType, lasti: int, op: str, count: int) -> list[str]:
        """Return what the `count` tensors are called that an operation was given; [] if unknown."""
        said = self._said(code.co_filename)
        if not said.operands or lasti < 0:
            return []
        name, found = said.operands.get(_span(code, lasti), ("", []))
        return found if len(found) == count and name in ("", op.strip("_")) else []

    def forget(self, name: str) -> None:
        """The file may have another content from now on."""
        self._files.pop(name, None)

    def _said(self, file: str) -> _Said:
        found = self._files.get(file)
        if found is None:
            found = self._files[file] = _read(linecache.getlines(file, None))
        return found


def _span(code: CodeType, lasti: int) -> Span:
    line, end_line, column, end_column = next(
        islice(code.co_positions(), lasti // 2, None), (None,) * 4
    )
    return line, column, end_line, end_column


def _read(lines: list[str]) -> _Said:
    source, said = "".join(lines), _Said({}, {})
    if not source or len(source) > _LARGEST:
        return said
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return said
    for node in ast.walk(tree):
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            target, value = node.target, node.value
        if isinstance(target, ast.Name) and value is not None and not _constructs(value):
            said.targets[_where(value)] = target.id
        operands = _operands(node)
        if operands is not None and isinstance(node, ast.expr):
            said.operands[_where(node)] = operands
    return said


def _where(node: ast.expr) -> Span:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _operands(node: ast.AST) -> tuple[str, list[str]] | None:
    """Return the operation's name and what its operands are called; None for no such expression."""
    name, parts = "", list[ast.expr]()
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, parts = node.func.attr, list(node.args)
        of = node.func.value
        if not (isinstance(of, ast.Name) and of.id in _LIBRARIES):
            parts.insert(0, of)
    called = [
        part.id if isinstance(part, ast.Name) else ""
        for part in parts
        if not isinstance(part, ast.Constant)
    ]
    return (name, called) if any(called) else None


def _constructs(value: ast.expr) -> bool:
    """Return whether an expression calls a class, as `nn.Linear(2, 1)`: its result is no tensor."""
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name[:1].isupper() and not name.endswith("Tensor")
