"""The names that a program's text gives: where `h = torch.tanh(x)` stands, its last operation makes h.

An instruction knows the exact span of the expression that it computes. Where that is the whole
right side of an assignment to one name, the result gets this name, in loops and functions too. And
where it is an expression of names, as `x @ w` or `w.pow(2)`, these are what its operands are called.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

from engine.tape.record.returned import returned

Span = tuple[int | None, int | None, int | None, int | None]  # lines from 1, columns in bytes

#: Names that a tuple is unpacked to: a name, "" for another target, or such names of a tuple in it.
Parts = tuple[Any, ...]

_LARGEST = 1 << 20  # characters of a file that is parsed
#: What people call → the operations that it runs as.
_AKIN = {"chunk": ("split", "split_with_sizes"), "split": ("split_with_sizes",)}
_LIBRARIES = ("torch", "F", "functional", "nn")


class _Said(NamedTuple):
    """What a file says: the name that gets an expression's result, and what its operands are called.

    calls: what is called where `targets` has a call. unpacked: the same, and the names that its
    results are unpacked to. operands: the operation's name, "" for any, and a name per operand, ""
    for one that is computed. given: the names among a call's arguments.
    """

    targets: dict[Span, str]
    operands: dict[Span, tuple[str, list[str]]]
    unpacked: dict[Span, tuple[str, Parts]]
    given: dict[Span, list[str]]
    calls: dict[Span, str]


class Targets:
    """Knows the assignments and expressions of the files it was asked about."""

    def __init__(self) -> None:
        self._files: dict[str, _Said] = {}

    def of(self, code: CodeType, lasti: int) -> str:
        """Return the name that gets what the instruction computes; "" for none."""
        said = self._said(code.co_filename)
        return said.targets.get(_span(code, lasti), "") if said.targets and lasti >= 0 else ""

    def calls_other(self, code: CodeType, lasti: int, op: str) -> bool:
        """Whether what `of` names is the result of a call of something else than an operation.

        It runs several, and only the last one's result gets the name.
        """
        called = self._said(code.co_filename).calls.get(_span(code, lasti), "")
        return bool(called) and op.strip("_") not in (called, *_AKIN.get(called, ()))

    def unpacked(self, code: CodeType, lasti: int, op: str) -> Parts:
        """Return the names that the results of what an instruction calls are unpacked to; () for none.

        op: the operation's name, which must be what is called; "" for anything.
        """
        said = self._said(code.co_filename)
        if not said.unpacked or lasti < 0:
            return ()
        called, parts = said.unpacked.get(_span(code, lasti), ("", ()))
        return parts if not op or op.strip("_") in (called, *_AKIN.get(called, ())) else ()

    def operands(self, code: CodeType, lasti: int, op: str, count: int) -> list[str]:
        """Return what the `count` tensors are called that an operation was given; [] if unknown."""
        said = self._said(code.co_filename)
        if not said.operands or lasti < 0:
            return []
        name, found = said.operands.get(_span(code, lasti), ("", []))
        return found if len(found) == count and name in ("", op.strip("_")) else []

    def given(self, code: CodeType, lasti: int) -> list[str]:
        """Return the names among the arguments of the call that an instruction makes."""
        said = self._said(code.co_filename)
        return said.given.get(_span(code, lasti), []) if said.given and lasti >= 0 else []

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
    source, said = "".join(lines), _Said({}, {}, {}, {}, {})
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
            said.calls[_where(value)] = _called(value) or "()" * isinstance(value, ast.Call)
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Call):
            said.unpacked[_where(value)] = _called(value), _parts(target)
        operands = _operands(node)
        if operands is not None and isinstance(node, ast.expr):
            said.operands[_where(node)] = operands
        if isinstance(node, ast.Call) and (names := _arguments(node)):
            said.given[_where(node)] = names
    for value, name in returned(tree):
        if not _constructs(value):
            said.targets[_where(value)] = name
    return said


def _called(value: ast.expr) -> str:
    """Return the last name of what an expression calls; "" for no call of a name."""
    if not isinstance(value, ast.Call):
        return ""
    called = value.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _parts(target: ast.Tuple | ast.List) -> Parts:
    if any(isinstance(one, ast.Starred) for one in target.elts):
        return ()
    return tuple(
        _parts(one) if isinstance(one, ast.Tuple | ast.List) else getattr(one, "id", "")
        for one in target.elts
    )


def named(result: Any, parts: Parts) -> Iterator[tuple[Any, str]]:
    """Yield what a tuple holds with the names that it is unpacked to: "hidden[0]" of a tuple in it."""
    if not isinstance(result, tuple | list) or len(result) != len(parts):
        return
    for one, part in zip(result, parts, strict=True):
        if isinstance(part, tuple):
            yield from named(one, part)
        elif part and isinstance(one, tuple | list):  # the state of an LSTM
            yield from ((each, f"{part}[{i}]") for i, each in enumerate(one))
        elif part:
            yield one, part


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
    called = [_operand(part) for part in parts if not isinstance(part, ast.Constant)]
    return (name, called) if any(called) else None


def _operand(part: ast.expr) -> str:
    """Return w of `w`, p['w'] of `p['w']` and of `self.p['w']`; "" for what is computed."""
    if not isinstance(part, ast.Subscript):
        return part.id if isinstance(part, ast.Name) else ""
    of, key = part.value, part.slice
    if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name):
        holder = of.attr if of.value.id == "self" else f"{of.value.id}.{of.attr}"
    else:
        holder = of.id if isinstance(of, ast.Name) else ""
    known = isinstance(key, ast.Constant) and type(key.value) in (str, int)
    return f"{holder}[{key.value!r}]" if holder and isinstance(key, ast.Constant) and known else ""


def _arguments(call: ast.Call) -> list[str]:
    parts = [*call.args, *(word.value for word in call.keywords)]
    return list(dict.fromkeys(part.id for part in parts if isinstance(part, ast.Name)))


def _constructs(value: ast.expr) -> bool:
    """Return whether an expression calls a class, as `nn.Linear(2, 1)`: its result is no tensor."""
    name = _called(value)
    return name[:1].isupper() and not name.endswith("Tensor")
