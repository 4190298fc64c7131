"""Another name for a variable of the notebook, where its code means that variable."""

from __future__ import annotations

import ast
import keyword
import re
import symtable
from collections.abc import Iterable, Sequence


class RenameError(ValueError):
    """A cell in which a variable cannot be renamed; the message says why."""


def renamed(source: str, old: str, new: str) -> str:
    """Return a cell's code with the module's variable `old` called `new`.

    Local variables, attributes and keywords of that name are others and stay. Raises RenameError
    where the code cannot be read, or where `new` would be hidden by a local variable.
    """
    if not re.search(rf"\b{re.escape(old)}\b", source):
        return source
    lines = [_blanked(line) for line in source.split("\n")]
    code = "\n".join(lines)
    try:
        tree, table = ast.parse(code), symtable.symtable(code, "cell", "exec")
    except SyntaxError as error:
        raise RenameError(f"line {error.lineno} cannot be read as Python") from None
    places = _Places(old, new)
    places.look(tree.body, table)
    edits = sorted(set(places.found), reverse=True)
    raw = [line.encode() for line in source.split("\n")]
    for row, column in edits:
        line = raw[row]
        if line[column : column + len(old.encode())] != old.encode():
            raise RenameError(f"line {row + 1} names it in a way that is not understood")
        raw[row] = line[:column] + new.encode() + line[column + len(old.encode()) :]
    text = "\n".join(line.decode() for line in raw)
    again = ast.parse("\n".join(_blanked(line) for line in text.split("\n")))
    if ast.dump(again) != ast.dump(_Renamer(places.nodes, new).visit(tree)):
        raise RenameError("it is named in a way that is not understood, in an f-string perhaps")
    return text


def is_name(text: str) -> bool:
    """Return whether a variable can be called so."""
    return text.isidentifier() and not keyword.iskeyword(text)


def _blanked(line: str) -> str:
    """A line of code as it is; one of IPython's own is left out, and its indentation kept."""
    bare = line.lstrip()
    return line[: len(line) - len(bare)] + "pass" if bare[:1] in ("%", "!", "?") else line


class _Places(ast.NodeVisitor):
    """Where the module's variable is named: (row, column in bytes), and the nodes that do."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new
        self._tables: list[symtable.SymbolTable] = []
        self.found: list[tuple[int, int]] = []
        self.nodes: set[int] = set()

    def look(self, nodes: Iterable[ast.AST], table: symtable.SymbolTable) -> None:
        """Walk a scope, and those inside it with their own tables."""
        self._tables.append(table)
        self._children = {**getattr(self, "_children", {}), id(table): list(table.get_children())}
        for node in nodes:
            self.visit(node)
        self._tables.pop()

    def visit_Name(self, node: ast.Name) -> None:
        table = self._tables[-1]
        mixed = table.get_type() == "class" and isinstance(node.ctx, ast.Load)
        if mixed and node.id == self._old and not self._is_global(self._old):
            raise RenameError(f"line {node.lineno} may mean the class's {self._old!r}")
        if node.id == self._old and self._is_global(self._old):
            if not self._is_global(self._new):
                raise RenameError(f"line {node.lineno} is where {self._new!r} is a local variable")
            self.found.append((node.lineno - 1, node.col_offset))
            self.nodes.add(id(node))

    def visit_Global(self, node: ast.Global) -> None:
        if self._old in node.names:
            raise RenameError(f"line {node.lineno} declares it global")

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        around: list[ast.expr | None] = [*node.decorator_list, node.returns]
        around += [*arguments.defaults, *arguments.kw_defaults]
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        around += [one.annotation for one in (*every, arguments.vararg, arguments.kwarg) if one]
        if node.name == self._old and self._is_global(self._old):
            raise RenameError(f"line {node.lineno} defines it as a function")
        self._within(node, node.body, around)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.name == self._old and self._is_global(self._old):
            raise RenameError(f"line {node.lineno} defines it as a class")
        around = [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]
        self._within(node, node.body, around)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._within(node, [node.body], [*node.args.defaults, *node.args.kw_defaults])

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        first, *others = node.generators
        made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        inner: list[ast.AST] = [*made, first.target, *first.ifs, *others]
        self._within(node, inner, [first.iter])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if (alias.asname or alias.name.partition(".")[0]) == self._old and self._is_global(
                self._old
            ):
                raise RenameError(f"line {node.lineno} imports it")

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name == self._old and self._is_global(self._old):
            raise RenameError(f"line {node.lineno} gives it to an exception")
        self.generic_visit(node)

    def _within(
        self, node: ast.AST, inner: Sequence[ast.AST], around: Sequence[ast.expr | None]
    ) -> None:
        """Walk what belongs to the scope around, then the scope that a node opens."""
        for one in around:
            if one is not None:
                self.visit(one)
        line = getattr(node, "lineno", 0)
        waiting = self._children[id(self._tables[-1])]
        at = next((i for i, table in enumerate(waiting) if _opens(node, table, line)), None)
        if at is None:
            raise RenameError(f"line {line} has scopes that are not understood")
        table = waiting.pop(at)
        self.look(inner, table)

    def _is_global(self, name: str) -> bool:
        """Whether a name means the module's variable in the scope that is walked."""
        table = self._tables[-1]
        if table.get_type() == "module":
            return True
        try:
            symbol = table.lookup(name)
        except KeyError:
            return True
        return symbol.is_global() if not symbol.is_free() else False


def _opens(node: ast.AST, table: symtable.SymbolTable, line: int) -> bool:
    """Whether a table is of the scope that a node opens."""
    names = {
        ast.Lambda: "lambda", ast.ListComp: "listcomp", ast.SetComp: "setcomp",
        ast.DictComp: "dictcomp", ast.GeneratorExp: "genexpr",
    }  # fmt: skip
    name = names.get(type(node), getattr(node, "name", ""))
    return table.get_name() == name and (table.get_lineno() == line or hasattr(node, "body"))


class _Renamer(ast.NodeTransformer):
    """The tree as it should be afterwards."""

    def __init__(self, nodes: set[int], new: str) -> None:
        self._nodes, self._new = nodes, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if id(node) in self._nodes:
            node.id = self._new
        return node
