"""Lines to change where tensors become numbers and tensors again: all between computes with tensors."""

from __future__ import annotations

import ast
import re

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit
from engine.tape.diagnose.remedies.program_line import ProgramLine, called, later
from engine.tape.diagnose.remedies.reading import given

_OUT = ("detach", "cpu", "numpy", "item", "tolist")
_BACK = ("from_numpy", "tensor", "as_tensor")
#: Functions of NumPy that torch has by the same name, for the same arguments.
_SAME = frozenset(
    [
        "abs",
        "argmax",
        "clip",
        "cos",
        "cosh",
        "dot",
        "exp",
        "log",
        "log10",
        "log1p",
        "log2",
        "matmul",
        "max",
        "maximum",
        "mean",
        "min",
        "minimum",
        "power",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "sum",
        "tan",
        "tanh",
        "where",
    ]
)


def in_tensors(facts: Facts, first: ProgramLine, shape: tuple[int, ...] = ()) -> tuple[Edit, ...]:
    """Return how lines read that stay in tensors, from a line that takes the numbers out to the one
    that makes a tensor of them; () where one of them calls what tensors have not. shape: of what is
    taken out.
    """
    edits: list[Edit] = []
    held: set[str] = set()
    for line in (first, *later(first)):
        statement = line.statement
        if statement is None or (line is not first and not held & names_read(line)):
            continue
        way = _InTensors(facts, line, held, shape)
        changed = ast.unparse(way.visit(ast.parse(line.source(statement)).body[0]))
        if way.strange:
            return ()
        if changed != ast.unparse(ast.parse(line.source(statement))):
            same = re.fullmatch(r"(\w+) = \1", changed)
            edits.append(line.left_out() if same else line.changed((statement, changed)))
        if way.back or ".backward(" in line.text:
            break
        held |= _given(line)
    return tuple(edits)


def names_read(line: ProgramLine) -> set[str]:
    """Return the names that a line reads."""
    return {n.id for n in line.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _given(line: ProgramLine) -> set[str]:
    """Return the names that a line gives, or adds something to."""
    names = {n.id for n in line.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for call in line.calls("append"):
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            names.add(call.func.value.id)
    return names


class _InTensors(ast.NodeTransformer):
    """Leaves out what makes numbers, and a tensor again; NumPy's functions become torch's.

    back: a tensor was made again. strange: something has no place among tensors.
    """

    def __init__(
        self, facts: Facts, line: ProgramLine, held: set[str], shape: tuple[int, ...]
    ) -> None:
        self._facts, self._line, self._held, self._shape = facts, line, held, shape
        self.back = self.strange = False

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        func, name = node.func, called(node)
        if isinstance(func, ast.Attribute) and name in _OUT and not node.args:
            return self._visited(func.value)
        if isinstance(func, ast.Attribute) and name == "requires_grad_":
            return self._visited(func.value)
        if isinstance(func, ast.Name) and name == "float" and len(node.args) == 1:
            return self._visited(node.args[0])
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            if func.value.id == "torch" and name in _BACK and node.args:
                return self._tensor(node)
            if func.value.id in ("np", "numpy", "math"):
                self.strange |= name not in _SAME
                func.value.id = "torch"
                if name in ("max", "min") and (len(node.args) > 1 or node.keywords):
                    func.attr = f"a{name}"  # torch.max along a dimension gives indices too
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        made = given(self._facts, self._line, node.id) if node.id not in self._held else None
        array = made is not None and isinstance(node.ctx, ast.Load) and _of_numpy(*made)
        if not array:
            return node
        return ast.parse(f"torch.from_numpy({node.id})", mode="eval").body

    def _visited(self, node: ast.expr) -> ast.expr:
        found = self.visit(node)
        assert isinstance(found, ast.expr)
        return found

    def _tensor(self, node: ast.Call) -> ast.AST:
        self.back = True
        inner = self._visited(node.args[0])
        listed = isinstance(inner, ast.List | ast.ListComp)
        if isinstance(inner, ast.Name):
            text = re.escape(inner.id)
            listed = bool(re.search(rf"\b{text}(\.append\(|\s*=\s*\[)", self._line.cell))
        if not listed:
            return inner
        stack = ast.Attribute(ast.Name("torch", ast.Load()), "stack", ast.Load())
        rows: ast.expr = ast.Call(stack, [inner], [])
        return ast.Call(ast.Attribute(rows, "flatten", ast.Load()), [], []) if self._shape else rows


def _of_numpy(line: ProgramLine, value: ast.expr) -> bool:
    """Whether an expression is NumPy's own: np.random.randn(5, 3)."""
    text = line.source(value)
    return bool(re.match(r"(np|numpy)\.", text)) and "torch" not in text
