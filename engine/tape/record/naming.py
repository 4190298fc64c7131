"""What the person calls a tensor: variables first, then the parameters of their models.

`w` is "w"; a parameter of the only model is "fc1.weight", of one of several "model.fc1.weight"; an
element of a list or dict is "params[0]" or "cache['h']"; an attribute of an object "net.w".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.tape.record import engine

_CONTAINED = 1000  # elements of one container that are looked at
_DEPTH = 3


def names_of_tensors(names: Mapping[str, object]) -> dict[int, tuple[Any, str]]:
    """Return tensor and name by id() of the tensor; the first name found is the one."""
    found: dict[int, tuple[Any, str]] = {}
    shown = {name: thing for name, thing in list(names.items()) if not name.startswith("_")}
    for walk in (_variables, _parameters, _contents):
        for tensor, name in walk(shown):
            found.setdefault(id(tensor), (tensor, name))
    return found


def _variables(names: Mapping[str, object]) -> Iterator[tuple[Any, str]]:
    for name, thing in names.items():
        if engine.is_tensor(thing):
            yield thing, name


def _parameters(names: Mapping[str, object]) -> Iterator[tuple[Any, str]]:
    models = {id(thing): (name, thing) for name, thing in names.items() if _is_module(thing)}
    inner = {id(part) for _, model in models.values() for part in _parts(model)}
    # A layer that also has a variable of its own is named after its model.
    outer = [pair for key, pair in models.items() if key not in inner]
    for name, model in outer:
        for path, tensor in _of_module(model):
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
            for path, tensor in _of_module(thing):
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
    stack, seen = list((module._modules or {}).values()), set()  # noqa: SLF001
    while stack:
        part = stack.pop()
        if part is not None and id(part) not in seen:
            seen.add(id(part))
            yield part
            stack += (getattr(part, "_modules", None) or {}).values()


def _of_module(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and tensor of all parameters and buffers."""
    stack, seen = [("", module)], set()
    while stack:
        prefix, part = stack.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        for kind in ("_parameters", "_buffers"):
            for name, tensor in (getattr(part, kind, None) or {}).items():
                if engine.is_tensor(tensor):
                    yield f"{prefix}{name}", tensor
        children = (getattr(part, "_modules", None) or {}).items()
        stack += [(f"{prefix}{name}.", child) for name, child in children]
