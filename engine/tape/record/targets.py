"""The names that assignments give: where `h = torch.tanh(x)` stands, its last operation makes h.

An instruction knows the exact span of the expression that it computes. Where that is the whole
right side of an assignment to one name, the result gets this name, in loops and functions too.
"""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import CodeType

Span = tuple[int | None, int | None, int | None, int | None]  # lines from 1, columns in bytes

_LARGEST = 1 << 20  # characters of a file that is parsed


class Targets:
    """Knows the assignments of the files it was asked about."""

    def __init__(self) -> None:
        self._files: dict[str, dict[Span, str]] = {}

    def of(self, code: CodeType, lasti: int) -> str:
        """Return the name that gets what the instruction computes; "" for none."""
        name = code.co_filename
        spans = self._files.get(name)
        if spans is None:
            spans = self._files[name] = _assignments(linecache.getlines(name, None))
        if not spans or lasti < 0:
            return ""
        line, end_line, column, end_column = next(
            islice(code.co_positions(), lasti // 2, None), (None,) * 4
        )
        return spans.get((line, column, end_line, end_column), "")

    def forget(self, name: str) -> None:
        """The file may have another content from now on."""
        self._files.pop(name, None)


def _assignments(lines: list[str]) -> dict[Span, str]:
    source = "".join(lines)
    if not source or len(source) > _LARGEST:
        return {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    spans: dict[Span, str] = {}
    for node in ast.walk(tree):
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            target, value = node.target, node.value
        if isinstance(target, ast.Name) and value is not None and not _constructs(value):
            key = value.lineno, value.col_offset, value.end_lineno, value.end_col_offset
            spans[key] = target.id
    return spans


def _constructs(value: ast.expr) -> bool:
    """Return whether an expression calls a class, as `nn.Linear(2, 1)`: its result is no tensor."""
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name[:1].isupper() and not name.endswith("Tensor")
