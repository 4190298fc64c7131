"""Lines to change where a gradient is None or a pass raises: what cuts the graph, and what spoils it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.program_line import ProgramLine, called, line_of, lines_with

Edits = tuple[Edit, ...]
_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
}  # fmt: skip
_MADE = ("tensor", "arange", "ones", "zeros", "full", "randint", "as_tensor", "Parameter")


def _at(facts: Facts, found: Finding, link: int = 0) -> ProgramLine | None:
    return (
        line_of(facts, found.chain[link]) if -len(found.chain) <= link < len(found.chain) else None
    )


def _of_line(
    rewrite: Callable[[ProgramLine], Edit | Edits | None],
) -> Callable[[Facts, Finding], Edits]:
    """Return a remedy that changes the culprit's line alone."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = _at(facts, found)
        edit = None if line is None else rewrite(line)
        return (edit,) if isinstance(edit, Edit) else edit or ()

    return remedy


def _undetached(line: ProgramLine) -> Edit | None:
    calls = line.calls("detach")
    if not calls or line.calls("numpy") or not isinstance(calls[0].func, ast.Attribute):
        return None
    inner, value = calls[0].func.value, getattr(line.statement, "value", None)
    if (
        value is calls[0]
        and line.target is not None
        and line.source(line.target) == line.source(inner)
    ):
        return line.left_out()
    return line.changed((calls[0], line.grouped(inner)))


def _recording(facts: Facts, found: Finding) -> Edits:
    """The line that switches recording off switches it on, or goes if it is a decorator."""
    for link in range(len(found.chain)):
        line = _at(facts, found, link)
        if line is None or not re.search("no_grad|inference_mode|set_grad_enabled", line.text):
            continue
        if line.text.strip().startswith("@"):
            return (line.left_out(),)
        text = re.sub(r"\b(no_grad|inference_mode)\(\)", "enable_grad()", line.text)
        text = text.replace("set_grad_enabled(False)", "set_grad_enabled(True)")
        return (line.reads(text),) if text != line.text else ()
    return ()


def _without_data(line: ProgramLine) -> Edit | None:
    nodes = [n for n in line.nodes if isinstance(n, ast.Attribute) and n.attr == "data"]
    read = [n for n in nodes if isinstance(n.ctx, ast.Load)]
    return line.changed(*((n, line.grouped(n.value)) for n in read)) if read else None


def _as_tensor(line: ProgramLine) -> Edit | None:
    """Leave out what makes numbers of a tensor, and what makes a tensor of them again."""
    items = [c for c in line.calls("item") if isinstance(c.func, ast.Attribute)]
    numbers = [c for c in line.calls("float", "int") if isinstance(c.func, ast.Name) and c.args]
    for call in line.calls("tensor", "as_tensor"):
        inner = call.args[0] if call.args else None
        if isinstance(inner, ast.Call) and inner in items and isinstance(inner.func, ast.Attribute):
            return line.changed((call, line.grouped(inner.func.value)))
        if isinstance(inner, ast.Name | ast.Attribute | ast.BinOp) or (inner and not items):
            if isinstance(inner, ast.List | ast.ListComp | ast.Constant):
                return None
            text = line.grouped(inner)
            listed = re.search(rf"\b{re.escape(text)}(\.append\(|\s*=\s*\[)", line.cell)
            return line.changed((call, f"torch.stack({text})" if listed else text))
    if items:
        return line.changed(*((c, line.grouped(c.func.value)) for c in items))  # type: ignore[attr-defined]
    return line.changed(*((c, line.grouped(c.args[0])) for c in numbers)) if numbers else None


def _left_torch(facts: Facts, found: Finding) -> Edits:
    line = _at(facts, found)
    if line is None:
        return ()
    if not found.title.startswith("numpy()"):
        return _of_line(_as_tensor)(facts, found)
    for call in line.calls("numpy"):
        if isinstance(call.func, ast.Attribute):
            return (line.changed((call, f"{line.grouped(call.func.value)}.detach().numpy()")),)
    of_numpy = [n for n in line.nodes if isinstance(n, ast.Name) and n.id in ("np", "numpy")]
    return (line.changed(*((n, "torch") for n in of_numpy)),) if of_numpy else ()


def _a_leaf(line: ProgramLine) -> Edit | None:
    """Make what is computed a leaf where it was meant to be one; else keep its gradient."""
    if line.calls("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"):
        given = [n.elts[0] for n in line.nodes if isinstance(n, ast.List) and n.elts]
        name = line.source(given[0]) if given else ""
        return (
            line.before(f"{name} = {name}.detach().requires_grad_()")
            if name.isidentifier()
            else None
        )
    value = getattr(line.statement, "value", None)
    if line.target is None or not isinstance(value, ast.expr):
        return None
    if re.search(r"requires_grad\s*=\s*True|\bParameter\(|requires_grad_\(", line.text):
        return line.changed((value, f"{line.grouped(value)}.detach().requires_grad_()"))
    return line.after(f"{line.source(line.target)}.retain_grad()")


def _requiring(facts: Facts, found: Finding) -> Edits:
    line = _at(facts, found)
    if line is None or line.target is None:
        return ()
    target, name = line.source(line.target), facts.name(found.tensor) if found.tensor >= 0 else ""
    whole = name if name.startswith(f"{target}.") else target
    return (line.after(f"{whole}.requires_grad_()"),)


def _unfrozen(facts: Facts, found: Finding) -> Edits:
    for link in range(len(found.chain)):
        line = _at(facts, found, link)
        if line is None:
            continue
        text = re.sub(
            r"(requires_grad(_\(\s*(requires_grad\s*=\s*)?|\s*=\s*))False", r"\1True", line.text
        )
        if text != line.text:
            return (line.reads(text),)
    return ()


def _into_the_leaf(line: ProgramLine) -> Edits:
    """`w = w - 0.1 * w.grad` becomes an update in place, after which the gradient is not needed."""
    value = getattr(line.statement, "value", None)
    if line.target is None or not isinstance(value, ast.BinOp):
        return ()
    target, sign = line.source(line.target), _SIGNS.get(type(value.op), "")
    if line.source(value.left) != target or sign not in ("+", "-"):
        return ()
    text = f"with torch.no_grad(): {target} {sign}= {line.source(value.right)}"
    return (line.reads(text), *_cleared(line, target))


def _cleared(line: ProgramLine, name: str) -> Edits:
    """After an update by hand: the next pass begins with no gradient."""
    return (line.after(f"{name}.grad = None"),) if f"{name}.grad" in line.text else ()


def _floating(facts: Facts, found: Finding) -> Edits:
    line = _at(facts, found)
    used = (
        [facts.base(user) for user in facts.users(found.culprit.value)]
        if found.culprit.value >= 0
        else []
    )
    if line is None or {"index", "embedding", "gather", "nll_loss", "index_select"} & set(used):
        return ()
    for call in line.calls(*_MADE):
        types = [k.value for k in call.keywords if k.arg == "dtype"]
        if types:
            return (line.changed((types[0], "torch.float32")),)
        asked = any(k.arg == "requires_grad" for k in call.keywords)
        return (
            line.with_keyword(
                call, "dtype=torch.float32" + ("" if asked else ", requires_grad=True")
            ),
        )
    return ()


def _scalar(line: ProgramLine) -> Edit | None:
    for call in line.calls("backward"):
        if isinstance(call.func, ast.Attribute):
            return line.changed((call.func.value, f"{line.grouped(call.func.value)}.mean()"))
    for call in line.calls("grad"):
        return (
            line.changed((call.args[0], f"{line.grouped(call.args[0])}.sum()"))
            if call.args
            else None
        )
    return None


def _freed(facts: Facts, found: Finding) -> Edits:
    """Cut the state off after the pass, add numbers up, make a constant anew, or keep the graph."""
    first, second = _at(facts, found, -1), _at(facts, found)
    if first is None or second is None:
        return ()
    cut = re.search(r"each iteration: (.+)\.$", found.remedy)
    added, made = _at(facts, found, 1), _at(facts, found, 2)
    if cut and cut[1].startswith("self.") and added is not None:
        return (added.before(cut[1]),)
    if cut:
        return (first.after(cut[1]),) if not cut[1].startswith("state ") else ()
    alone = re.match(r"Call (\w+)\.backward\(\)", found.remedy)
    if alone and added is not None:
        calls = [c for c in second.calls("backward") if isinstance(c.func, ast.Attribute)]
        receiver = [(c.func.value, alone[1]) for c in calls]  # type: ignore[attr-defined]
        return (*summed(added), second.changed(*receiver))
    anew = re.match(r"Compute (\w+) anew", found.remedy)
    if first.number == second.number and anew and made is not None and added is not None:
        own = made.target is not None and made.source(made.target) == anew[1]
        return (added.before(made.bare()),) if own and made.number != added.number else ()
    calls = first.calls("backward", "grad")
    return (first.with_keyword(calls[0], "retain_graph=True"),) if calls else ()


def summed(line: ProgramLine) -> Edits:
    """A total adds numbers, not losses with their graphs."""
    statement = line.statement
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        return (line.changed((statement.value, f"{line.grouped(statement.value)}.item()")),)
    value = getattr(statement, "value", None)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and line.target is not None:
        left, right = value.left, value.right
        other = right if line.source(left) == line.source(line.target) else left
        return (line.changed((other, f"{line.grouped(other)}.item()")),)
    return ()


def _not_in_place(line: ProgramLine) -> Edit | None:
    """`y *= 2` and `y.mul_(2)` become `y = y * 2` and `y = y.mul(2)`."""
    statement = line.statement
    if isinstance(statement, ast.AugAssign) and isinstance(
        statement.target, ast.Name | ast.Attribute
    ):
        sign, name = _SIGNS.get(type(statement.op), ""), line.source(statement.target)
        value = line.grouped(statement.value)
        return line.changed((statement, f"{name} = {name} {sign} {value}")) if sign else None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Subscript):
        name = line.source(statement.target.value)
        return line.before(f"{name} = {name}.clone()") if name.isidentifier() else None
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        return _parts_cloned(line, statement, line.source(statement.targets[0].value))
    for call in [n for n in line.nodes if isinstance(n, ast.Call)]:
        of, written = line.operand(call), called(call)
        if not written.endswith("_") or written.endswith("__") or of is None:
            continue
        text = line.source(call).replace(f"{written}(", f"{written[:-1]}(", 1)
        if not isinstance(statement, ast.Expr):
            return line.changed((call, text))
        name = line.source(of)
        if isinstance(of, ast.Subscript):
            base = line.source(of.value)
            return line.before(f"{base} = {base}.clone()") if base.isidentifier() else None
        return line.changed((call, f"{name} = {text}")) if isinstance(of, ast.Name) else None
    return None


def _parts_cloned(line: ProgramLine, statement: ast.Assign, name: str) -> Edit | None:
    """`h[t] = f(h[t - 1])` reads clones of parts; what reads none writes into a clone of the whole."""
    parts = [n for n in ast.walk(statement.value) if isinstance(n, ast.Subscript)]
    read = [n for n in parts if line.source(n.value) == name]
    if read:
        return line.changed(*((n, f"{line.source(n)}.clone()") for n in read))
    return line.before(f"{name} = {name}.clone()") if name.isidentifier() else None


def _modified(facts: Facts, found: Finding) -> Edits:
    line, last = _at(facts, found), _at(facts, found, -1)
    if line is None:
        return ()
    if ".step()" in found.remedy or "step()" in found.remedy:
        steps = last is not None and line.calls("step") and line.at.cell == last.at.cell
        return (line.left_out(), last.after(line.bare())) if steps and last is not None else ()
    edit = _not_in_place(line)
    if edit is not None:
        return (edit,)
    for other in lines_with(facts, r"inplace\s*=\s*True"):
        return (other.reads(re.sub(r"inplace\s*=\s*True", "inplace=False", other.text)),)
    return ()


def _untracked(line: ProgramLine) -> Edits:
    statement = line.statement
    if not isinstance(statement, ast.AugAssign | ast.Assign | ast.Expr):
        return ()
    name = line.source(statement.target) if isinstance(statement, ast.AugAssign) else ""
    edit = line.changed((statement, f"with torch.no_grad(): {line.bare()}"))
    return (edit, *(_cleared(line, name) if name else ()))


def _new_tensor(line: ProgramLine) -> Edit | None:
    edit = _not_in_place(line)
    return None if edit is None or edit.how == "before" else edit


def _keeping_graph(line: ProgramLine) -> Edit | None:
    calls = [
        c
        for c in line.calls("grad", "backward")
        if all(k.arg != "create_graph" for k in c.keywords)
    ]
    return line.with_keyword(calls[0], "create_graph=True") if calls else None


def _differentiable(line: ProgramLine) -> Edit | None:
    """A comparison becomes a sigmoid, and a sample of a Normal one that is reparametrised."""
    for call in line.calls("sample"):
        if "Normal" in line.cell and isinstance(call.func, ast.Attribute):
            return line.changed((call, line.source(call).replace(".sample(", ".rsample(")))
    for call in line.calls("float", "double", "to", "type"):
        test = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Gt | ast.GtE):
            left, right = line.source(test.left), line.grouped(test.comparators[0])
            text = left if right in ("0", "0.0", "0.") else f"{line.grouped(test.left)} - {right}"
            return line.changed((call, f"torch.sigmoid({text})"))
    return None


def _root(facts: Facts, found: Finding) -> Edits:
    """A root without a graph: whatever its line says."""
    title = found.title
    if "no_grad" in title or "inference" in title:
        return _recording(facts, found)
    for words, remedy in _ROOTS.items():
        if words in title:
            return remedy(facts, found)
    return ()


def _also_of(facts: Facts, found: Finding) -> Edits:
    """`inputs=[b]` has the tensor that was left out too."""
    line = _at(facts, found)
    for call in [] if line is None else line.calls("backward"):
        for word in call.keywords:
            if word.arg == "inputs" and isinstance(word.value, ast.List) and line is not None:
                inside = line.source(word.value)[:-1]
                return (line.changed((word.value, f"{inside}, {facts.name(found.tensor)}]")),)
    return ()


def _assigned(line: ProgramLine) -> Edit | None:
    """What autograd.grad returns becomes the .grad of what it was asked for."""
    calls = [c for c in line.calls("grad") if len(c.args) > 1]
    if not calls or line.target is None:
        return None
    of, target = calls[0].args[1], line.target
    if isinstance(target, ast.Tuple) and len(target.elts) == 1 and isinstance(of, ast.Name):
        return line.after(f"{line.source(of)}.grad = {line.source(target.elts[0])}")
    if not isinstance(target, ast.Name) or isinstance(of, ast.Name):
        return None
    many = line.source(of)
    return line.after(f"for p, g in zip({many}, {target.id}): p.grad = g")


_ROOTS: dict[str, Callable[[Facts, Finding], Edits]] = {
    "detach()": _of_line(_undetached),
    "frozen": _unfrozen,
    "new tensor": _of_line(_into_the_leaf),
    "is a gradient": _of_line(_keeping_graph),
    "kept no graph": _of_line(_keeping_graph),
    ".item()": _of_line(_as_tensor),
    ".data has": _of_line(_without_data),
    "has no derivative": _of_line(_differentiable),
    "none of these requires one": _requiring,
}

REMEDIES: dict[str, Callable[[Facts, Finding], Edits]] = {
    "detached": _of_line(_undetached),
    "no-grad": _recording,
    "data": _of_line(_without_data),
    "left-torch": _left_torch,
    "not-a-leaf": _of_line(_a_leaf),
    "no-requires-grad": _requiring,
    "frozen": _unfrozen,
    "rebound": _of_line(_into_the_leaf),
    "integer": _floating,
    "not-scalar": _of_line(_scalar),
    "freed": _freed,
    "modified": _modified,
    "leaf-in-place": _of_line(_untracked),
    "view-in-place": _of_line(_new_tensor),
    "root-without-graph": _root,
    "no-create-graph": _of_line(_keeping_graph),
    "not-differentiable": _of_line(_differentiable),
    "inputs-left-out": _also_of,
    "grad-call": _of_line(_assigned),
}
