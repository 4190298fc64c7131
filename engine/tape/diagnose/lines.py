"""The program's text: where a name was given."""

from __future__ import annotations

import ast
import re


def assigned(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name was last given before a place; None if nowhere.

    cells: (key, source, last line that counts), the latest first. Of "fc.weight" it is where an
    attribute `weight` is given, or "fc".
    """
    wanted, attribute = name.split(".")[0], name.split(".")[-1]
    for key, source, last in cells:
        try:
            tree = ast.parse(without_magics(source))
        except SyntaxError:
            continue
        lines = source.splitlines()
        given = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
            and node.lineno <= last
        ]  # fmt: skip
        found = [node.lineno for node in given if isinstance(node, ast.Name) and node.id == wanted]
        found = found or [
            node.lineno
            for node in given
            if isinstance(node, ast.Attribute) and node.attr == attribute
        ]
        if found:
            return key, max(found), lines[max(found) - 1].strip()
    return None


def given_anew(line: str) -> list[str]:
    """Return the names that a line reads and gives anew, as `hidden` in `out, hidden = rnn(x, hidden)`."""
    try:
        tree = ast.parse(line.strip().removesuffix(":"))
    except SyntaxError:
        return []
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
    given = [ast.unparse(node) for node in names if isinstance(node.ctx, ast.Store)]
    read = {ast.unparse(node) for node in names if isinstance(node.ctx, ast.Load)}
    return [name for name in given if name in read]


def without_magics(source: str) -> str:
    """Return a cell's text with the lines that are not Python left empty."""
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def through_data(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name's .data is read; None if nowhere."""
    return _searched(cells, re.compile(rf"{_spoken(name)}\.data\b(?!\s*[-+*/@]?=[^=])(?!\.\w+_\()"))


def taken_out(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name's numbers are taken, as with .tolist(); None if not."""
    taken = re.compile(
        rf"{_spoken(name)}(\[[^\]]*\]|\.detach\(\)|\.cpu\(\))*\.(tolist|item|numpy)\("
        rf"|\b(float|int|list)\({_spoken(name)}\)"
    )
    return _searched(cells, taken)


def method_of(
    cells: list[tuple[str, str, int]], kind: str, name: str
) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a class defines a method; None if no cell does."""
    for key, source, _ in cells:
        try:
            tree = ast.parse(without_magics(source))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == kind:
                lines = [one.lineno for one in node.body if getattr(one, "name", "") == name]
                if lines:
                    return key, lines[-1], source.splitlines()[lines[-1] - 1].strip()
    return None


def frozen(cells: list[tuple[str, str, int]]) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where requires_grad is switched off; None if nowhere."""
    return _searched(cells, re.compile(r"\.requires_grad(_\(|\s*=\s*)False"))


def asked_late(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name is made to require a gradient; None if nowhere."""
    asked = (
        rf"\b{re.escape(name)}\.requires_grad(_\((True|requires_grad\s*=\s*True)?\)|\s*=\s*True)"
    )
    return _searched(cells, re.compile(asked))


def all_asked(cells: list[tuple[str, str, int]]) -> list[str]:
    """Return the names that lines of their own make to require a gradient."""
    asked = re.compile(r"^\s*(\w+)\.requires_grad(?:_\(|\s*=\s*True)", re.MULTILINE)
    return [name for _, source, _ in cells for name in asked.findall(source)]


def optimizer(cells: list[tuple[str, str, int]], name: str = r"\w+") -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where an optimizer (of a class) is made; None if nowhere."""
    found = _searched(cells, re.compile(rf"\boptim\.{name}\("))
    if found is None and name == r"\w+":
        name = "|".join(_OPTIMIZERS)
    return found or _searched(cells, re.compile(rf"(?<!class )\b({name})\("))


def rate(cells: list[tuple[str, str, int]]) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a learning rate is written into a group; None if nowhere."""
    return _searched(cells, re.compile(r"\[[\"']lr[\"']\]\s*[-+*/]?=[^=]"))


def kept_parameters(cells: list[tuple[str, str, int]]) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a list or dict of Python is given parameters; None if nowhere."""
    return _searched(cells, re.compile(r"(=\s*[\[{(]|\.append\(|\]\s*=).*\bParameter\("))


def scheduler(cells: list[tuple[str, str, int]]) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a scheduler of learning rates is made; None if nowhere."""
    return _searched(cells, re.compile(r"\blr_scheduler\.\w+\(|\b[A-Z]\w*(LR|Restarts)\("))


def scheduled_early(cells: list[tuple[str, str, int]]) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a loop steps its scheduler before its optimizer; None if none does."""
    for key, source, _ in cells:
        try:
            tree = ast.parse(without_magics(source))
        except SyntaxError:
            continue
        kinds = {"scheduler": _made_by(tree, "lr_scheduler"), "optimizer": _made_by(tree, "optim")}
        for node in ast.walk(tree):
            if not isinstance(node, ast.For | ast.While):
                continue
            first = {kind: _first_step(node.body, names) for kind, names in kinds.items()}
            early, step = first["scheduler"], first["optimizer"]
            if early is not None and step is not None and early < step:
                return key, early, source.splitlines()[early - 1].strip()
    return None


def _made_by(tree: ast.AST, module: str) -> set[str]:
    """Return the names that are given what a class of torch.optim or of its lr_scheduler makes."""
    found = set[str]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        called = ast.unparse(node.value.func)
        last = called.rpartition(".")[2]
        scheduler = "lr_scheduler." in called or last.endswith(("LR", "Restarts"))
        mine = scheduler if module == "lr_scheduler" else last in _OPTIMIZERS and not scheduler
        found |= {t.id for t in node.targets if isinstance(t, ast.Name) and mine}
    return found


def _first_step(body: list[ast.stmt], names: set[str]) -> int | None:
    """Return the first line of a loop in which one of some names is stepped, or None."""
    called = [
        node.lineno
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "step"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in names
    ]
    return min(called, default=None)


def hooks(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a backward hook is registered, best on a tensor of a name."""
    of = rf"\b{re.escape(name.split('.')[-1])}\.register_hook\("
    any_hook = (
        r"\.register_(hook|full_backward_hook|full_backward_pre_hook|post_accumulate_grad_hook)\("
    )
    return _searched(cells, re.compile(of)) or _searched(cells, re.compile(any_hook))


def trains(cells: list[tuple[str, str, int]], model: str) -> bool:
    """Whether a line gives the parameters of a model to an optimizer."""
    of = rf"\b(optim\.\w+|{'|'.join(_OPTIMIZERS)})\(.*\b{re.escape(model)}\.parameters\("
    return bool(model) and _searched(cells, re.compile(of)) is not None


_OPTIMIZERS = (
    "SGD", "ASGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop",
    "Rprop", "LBFGS",
)  # fmt: skip
_SWITCHES = ("no_grad", "inference_mode", "set_grad_enabled")


def switched_off(key: str, source: str, line: int) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) of what switches recording off for a line; None if it is elsewhere.

    That is the with statement or the decorator around it, else a call of set_grad_enabled(False).
    """
    try:
        tree = ast.parse(without_magics(source))
    except SyntaxError:
        return None
    lines = source.splitlines()
    found, calls = list[int](), list[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.FunctionDef) and _around(node, line):
            ways = (
                [i.context_expr for i in node.items]
                if isinstance(node, ast.With)
                else node.decorator_list
            )
            found += [way.lineno for way in ways if _called(way) in _SWITCHES]
        elif isinstance(node, ast.Call) and _called(node) == "set_grad_enabled":
            off = (
                node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value is False
            )
            calls += [node.lineno] if off else []
    at = max(found, default=0) or max(calls, default=0)
    return (key, at, lines[at - 1].strip()) if at else None


def _around(node: ast.With | ast.FunctionDef, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _called(node: ast.expr) -> str:
    """Return the last name of what an expression calls: no_grad of `torch.no_grad()`."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _spoken(name: str) -> str:
    """Return a pattern for how a program speaks of a name: by itself, or as an attribute of self."""
    return rf"(?:\b{re.escape(name)}|\bself\.{re.escape(name.split('.')[-1])})"


def _searched(
    cells: list[tuple[str, str, int]], pattern: re.Pattern[str]
) -> tuple[str, int, str] | None:
    for key, source, last in cells:
        for number, line in enumerate(source.splitlines()[:last], 1):
            if pattern.search(line):
                return key, number, line.strip()
    return None
