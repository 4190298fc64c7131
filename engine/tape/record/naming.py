"""What the person calls a tensor: variables, the parameters of their models, what is in containers.

`w` is "w"; a parameter of the only model is "fc1.weight", of one of several "model.fc1.weight"; an
element of a list or dict is "params[0]" or "cache['h']"; an attribute of an object "net.w".
A parameter has its path in the model, also while a loop's variable holds it, unless it was made as
a variable (`w = nn.Parameter(...)`) or had that name before.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from engine.tape.record import engine

_CONTAINED = 1000  # elements of one container that are looked at
_DEPTH = 3


class Written(NamedTuple):
    """Names that a cell's text gives: by calling a library, and as variables of loops."""

    made: frozenset[str]
    loops: frozenset[str]


NOTHING = Written(frozenset(), frozenset())


def written(source: str, names: Mapping[str, object]) -> Written:
    """Return what the text of a cell says of its names; names: the namespace it left."""
    kept = [line for line in source.splitlines() if line.lstrip()[:1] not in ("%", "!", "?")]
    try:
        tree = ast.parse("\n".join(kept))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NOTHING
    made, loops = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            library = isinstance(names.get(_root(node.value)), ModuleType)
            if library or _calls(node.value, "Parameter"):
                made |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.For | ast.AsyncFor):
            loops |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    return Written(frozenset(made), frozenset(loops - made))


def names_of_tensors(
    names: Mapping[str, object],
    cell: Written = NOTHING,
    before: Callable[[Any], str | None] = lambda tensor: None,
) -> dict[int, tuple[Any, str]]:
    """Return tensor and name by id() of the tensor; before: what it was called until now."""
    shown = {name: thing for name, thing in list(names.items()) if not name.startswith("_")}
    own: dict[int, tuple[Any, str]] = {}
    other: dict[int, tuple[Any, str]] = {}
    passing: dict[int, tuple[Any, str]] = {}
    for tensor, name in _variables(shown):
        if name in cell.made or before(tensor) == name:
            own.setdefault(id(tensor), (tensor, name))
        else:
            kind = passing if name in cell.loops else other
            kind.setdefault(id(tensor), (tensor, name))
    found = own
    for more in (_parameters(shown), other.values(), _contents(shown), passing.values()):
        for tensor, name in more:
            found.setdefault(id(tensor), (tensor, name))
    return found


def _root(value: ast.expr) -> str:
    """Return the name that a call begins with: torch in `torch.ones(2).sum()`; "" for no call."""
    if not isinstance(value, ast.Call):
        return ""
    at: ast.expr = value
    while isinstance(at, ast.Call | ast.Attribute):
        at = at.func if isinstance(at, ast.Call) else at.value
    return at.id if isinstance(at, ast.Name) else ""


def _calls(value: ast.expr, name: str) -> bool:
    return (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name
    )


def _variables(names: Mapping[str, object]) -> Iterator[tuple[Any, str]]:
    for name, thing in names.items():
        if engine.is_tensor(thing):
            yield thing, name


def _parameters(names: Mapping[str, object]) -> Iterator[tuple[Any, str]]:
    models = {id(thing): (name, thing) for name, thing in names.items() if _is_module(thing)}
    inner = {id(part) for _, model in models.values() for part in _parts(model)}
    # A layer that also has a variable of its own is named after its model.
    outer = [
        (name, list(of_module(model))) for key, (name, model) in models.items() if key not in inner
    ]
    outer = [pair for pair in outer if pair[1]]  # a loss function has nothing to name
    for name, tensors in outer:
        for path, tensor in tensors:
            yield tensor, path if len(outer) == 1 else f"{name}.{path}"


def _contents(names: Mapping[str, object]) -> Iterator[tuple[Any, str]]:
    for name, thing in names.items():
        yield from _inside(thing, name, 0)


def _inside(thing: Any, name: str, depth: int) -> Iterator[tuple[Any, str]]:
    if depth > _DEPTH:
        return
    if engine.is_tensor(thing):
        if depth:
            yield thing, name
    elif type(thing) in (list, tuple):
        for i, one in enumerate(thing[:_CONTAINED]):
            yield from _inside(one, f"{name}[{i}]", depth + 1)
    elif type(thing) is dict:
        for key, one in list(thing.items())[:_CONTAINED]:
            if type(key) in (str, int):
                yield from _inside(one, f"{name}[{key!r}]", depth + 1)
    elif _is_module(thing):
        if depth:
            for path, tensor in of_module(thing):
                yield tensor, f"{name}.{path}"
    elif _is_optimizer(thing):
        for i, group in enumerate(thing.param_groups):
            yield from _inside(group.get("params"), f"{name}.param_groups[{i}]", depth + 1)
    elif type(type(thing)) is type and type(thing).__module__ == "__main__":
        for key, one in list(getattr(thing, "__dict__", {}).items())[:_CONTAINED]:
            yield from _inside(one, f"{name}.{key}", depth + 1)


def _is_module(thing: object) -> bool:
    kind = type(thing)
    return hasattr(kind, "named_parameters") and hasattr(thing, "_modules")


def _is_optimizer(thing: object) -> bool:
    return isinstance(getattr(thing, "__dict__", {}).get("param_groups"), list)


def _parts(module: Any) -> Iterator[Any]:
    """Yield the modules inside a module, without running code of the person's."""
    stack, seen = list((module._modules or {}).values()), set()
    while stack:
        part = stack.pop()
        if part is not None and id(part) not in seen:
            seen.add(id(part))
            yield part
            stack += (getattr(part, "_modules", None) or {}).values()


def of_module(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and tensor of all parameters and buffers, and of what it holds as plain attributes."""
    stack, seen = [("", module)], set()
    while stack:
        prefix, part = stack.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        held = [getattr(part, kind, None) or {} for kind in ("_parameters", "_buffers")]
        for names in (*held, vars(part)):
            for name, tensor in list(names.items()):
                if engine.is_tensor(tensor):
                    yield f"{prefix}{name}", tensor
        yield from ((f"{prefix}{name}", t) for name, t in _held(part) if _is_trained(t))
        children = (getattr(part, "_modules", None) or {}).items()
        stack += [(f"{prefix}{name}.", child) for name, child in children]
        inner = [(f"{prefix}{name}.", child) for name, child in _held(part) if _is_module(child)]
        stack += inner


def _is_trained(thing: Any) -> bool:
    return engine.is_tensor(thing) and engine.requires_grad_leaf(thing)


def _held(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a module holds in plain lists and dicts, where it knows no modules or parameters."""
    for name, held in list(vars(module).items()):
        if type(held) in (list, tuple):
            rows: Any = enumerate(held[:_CONTAINED])
        elif type(held) is dict and not name.startswith("_"):
            rows = list(held.items())[:_CONTAINED]
        else:
            continue
        yield from ((f"{name}[{key!r}]", one) for key, one in rows)
