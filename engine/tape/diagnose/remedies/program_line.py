"""A line of the person's program: its statement, its expressions, and how it reads with one of them changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Link
from engine.tape.diagnose.lines import without_magics
from engine.tape.tape import Source

#: How operators are written.
SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
}  # fmt: skip
#: What an expression has to be in parentheses for, before an attribute is asked of it.
_LOOSE = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)
_MODULES = re.compile(r"torch(\.\w+)*|F|nn(\.\w+)*|functional|init|np|numpy|math")


class ProgramLine:
    """A line from 1 of a cell; its `statement` is the innermost that has it, None if none begins and ends there."""

    def __init__(self, source: str, at: Source) -> None:
        self.at, self.number = at, at.line
        self.cell = source
        self.text = source.splitlines()[at.line - 1]
        own = _by_line(source).get(at.line, [])
        self.nodes = [node for node in own if isinstance(node, ast.expr)]
        found = [node for node in own if isinstance(node, ast.stmt)]
        self.statement = found[-1] if found else None

    def source(self, node: ast.expr | ast.stmt) -> str:
        """Return an expression as it is written."""
        raw = self.text.encode()
        return raw[node.col_offset : node.end_col_offset].decode()

    def grouped(self, node: ast.expr) -> str:
        """Return an expression as it is written, in parentheses where it needs them."""
        return f"({self.source(node)})" if isinstance(node, _LOOSE) else self.source(node)

    def calls(self, *names: str) -> list[ast.Call]:
        """Return the calls of functions and methods of these names, the outermost first."""
        found = [node for node in self.nodes if isinstance(node, ast.Call)]
        return [node for node in found if called(node) in names]

    def operand(self, call: ast.Call) -> ast.expr | None:
        """Return what a call is of: x of `torch.log(x)` and of `x.log()`."""
        func = call.func
        if isinstance(func, ast.Attribute) and not _MODULES.fullmatch(self.source(func.value)):
            return func.value
        return call.args[0] if call.args else None

    @property
    def target(self) -> ast.expr | None:
        """What the statement gives a value to, if it is one thing."""
        if isinstance(self.statement, ast.Assign) and len(self.statement.targets) == 1:
            return self.statement.targets[0]
        return None

    def changed(self, *changes: tuple[ast.expr | ast.stmt, str]) -> Edit:
        """Return how the line reads with expressions, and parentheses of theirs, written otherwise."""
        raw = self.text.encode()
        last = len(raw)
        for node, text in sorted(changes, key=lambda one: -one[0].col_offset):
            begin, end = _with_parentheses(raw, node.col_offset, node.end_col_offset or last)
            if end <= last:  # one that stands within another stays
                raw, last = raw[:begin] + text.encode() + raw[end:], begin
        return self.reads(raw.decode())

    def with_keyword(self, call: ast.Call, keyword: str) -> Edit:
        """Return how the line reads with one more keyword in a call."""
        inside = self.source(call)[:-1].rstrip()
        comma = "" if inside.endswith("(") else " " if inside.endswith(",") else ", "
        return self.changed((call, f"{inside}{comma}{keyword})"))

    def reads(self, text: str) -> Edit:
        return Edit("line", self.at, text.strip(), self.text.strip())

    def before(self, text: str) -> Edit:
        return Edit("before", self.at, text, self.text.strip())

    def after(self, text: str) -> Edit:
        return Edit("after", self.at, text, self.text.strip())

    def left_out(self) -> Edit:
        return Edit("leave out", self.at, self.text.strip(), self.text.strip())

    def bare(self) -> str:
        """Return the statement without what follows it, as a comment."""
        return self.text.strip() if self.statement is None else self.source(self.statement)


def line_of(facts: Facts, link: Link) -> ProgramLine | None:
    """Return the line that a link points to; None where the tape does not hold it as it was."""
    at, tape = link.source, facts.tape
    if at is None or not link.code:
        return None
    for row in range(len(tape.cells) - 1, -1, -1):
        if tape.text(int(tape.cells["key"][row])) != at.cell:
            continue
        source = tape.text(int(tape.cells["source"][row]))
        lines = source.splitlines()
        if 0 < at.line <= len(lines) and lines[at.line - 1].strip().startswith(link.code):
            return _read(source, at)
    return None


def lines_with(facts: Facts, pattern: str) -> Iterator[ProgramLine]:
    """Yield the lines of the program that a pattern is found in, those of the latest cell first."""
    for key, source, _ in facts.cells_until(-1):
        for number, text in enumerate(source.splitlines(), 1):
            if re.search(pattern, text):
                found = _read(source, Source("", number, key, ""))
                if found is not None:
                    yield found


def later(line: ProgramLine) -> Iterator[ProgramLine]:
    """Yield the lines behind one in its cell."""
    for number in range(line.number + 1, len(line.cell.splitlines()) + 1):
        yield ProgramLine(line.cell, line.at._replace(line=number))


def called(call: ast.Call) -> str:
    """Return the last name of what is called: "log" of `torch.log(x)`."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _read(source: str, at: Source) -> ProgramLine | None:
    try:
        return ProgramLine(source, at)
    except SyntaxError:
        return None


@lru_cache(maxsize=8)
def _by_line(source: str) -> dict[int, list[ast.AST]]:
    """Return what begins and ends in each line of a cell, the outermost first."""
    found: dict[int, list[ast.AST]] = {}
    for node in ast.walk(ast.parse(without_magics(source))):
        line = getattr(node, "lineno", 0)
        if line and line == getattr(node, "end_lineno", 0):
            found.setdefault(line, []).append(node)
    return found


def _with_parentheses(raw: bytes, begin: int, end: int) -> tuple[int, int]:
    """Widen a range by parentheses that only group it: not those of a call."""
    while raw[begin - 1 : begin] == b"(" and raw[end : end + 1] == b")":
        if re.search(rb"[\w\)\]]$", raw[: begin - 1]):
            break
        begin, end = begin - 1, end + 1
    return begin, end
