"""Checks of arguments around what a person calls; the signatures are read when one is needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from engine.dtype import of_python
from engine.ops.refusals import refusing


@cache
def _lines() -> dict[str, list[str]]:
    found = {}
    text = (Path(__file__).parent / "signatures.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        found[name] = [part.strip() for part in rest.split("|")]
    return found


def overloaded(name: str) -> bool:
    """Whether the table names a function `torch.<name>`."""
    return name in _lines() or "torch." + name in _lines()


def _listed(name: str, method: bool) -> bool:
    lines = _lines()
    if not method:
        return name in lines or "torch." + name in lines
    return any(
        form in lines
        for base in (name, name.removesuffix("_"))
        for form in (base, "Tensor." + base, "torch." + base)
    )


def _shape(v: Any) -> Any:
    kind = type(v)
    return (kind, *map(type, v)) if kind is list or kind is tuple else kind


def _check(
    name: str, method: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, str], bool]:
    from engine.ops.signatures import check

    return check(name, method, args, kwargs)


def _modern(name: str, method: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from engine.ops.overloads import modern

    return modern(name, method, args, kwargs)


@cache
def _takes_out(fn: Callable[..., Any]) -> bool:
    parameters = inspect.signature(fn).parameters.values()
    return any(p.name == "out" or p.kind is p.VAR_KEYWORD for p in parameters)


def _into(name: str, fn: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """What `fn`, which knows no `out`, computes, written there."""
    from engine.ops.api import into

    out = kwargs.pop("out")
    return into(name, out, lambda: fn(*args, **kwargs), (*args, *kwargs.values()))


def guarded(name: str, fn: Callable[..., Any], method: bool) -> Callable[..., Any]:
    """`fn` behind the check; combinations of types that passed once pass quickly."""
    if not _listed(name, method) or getattr(fn, "guards", None) == (name, method):
        return fn
    seen: set[Any] = set()
    simple: set[Any] = set()  # the same for types alone, none of which is a list or tuple

    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and tuple(map(type, args)) in simple:
            return fn(*args)
        if kwargs:
            key: Any = (*map(_shape, args), *kwargs, *map(_shape, kwargs.values()))
        else:
            key = tuple(map(_shape, args))
        if key not in seen:
            old = _modern(name, method, args, kwargs)
            if old is not None:
                return fn(*old[0], **old[1])
            renamed, by_types = _check(name, method, args, kwargs)
            if "dtype" in kwargs:
                kwargs["dtype"] = of_python(kwargs["dtype"])
            if renamed:
                kwargs = {renamed.get(k, k): v for k, v in kwargs.items()}
            elif by_types and "out" not in kwargs:
                seen.add(key)
                if not kwargs and all(isinstance(k, type) for k in key):
                    simple.add(key)
            if kwargs.get("out") is not None and not _takes_out(fn):
                return _into(name, fn, args, kwargs)
        return fn(*args, **kwargs)

    call.guards = (name, method)  # type: ignore[attr-defined]
    return _dressed(call, fn)


def explained(name: str, fn: Callable[..., Any], method: bool) -> Callable[..., Any]:
    """`fn` behind a check that is made only when `fn` fails: for what must be quick."""
    if not _listed(name, method):
        return fn

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError):
            old = _modern(name, method, args, kwargs)
            if old is not None:
                return fn(*old[0], **old[1])
            renamed, _ = _check(name, method, args, kwargs)
            if not renamed:
                raise
        return fn(*args, **{renamed.get(k, k): v for k, v in kwargs.items()})

    call.guards = (name, method)  # type: ignore[attr-defined]
    return _dressed(call, fn)


def in_namespace(prefix: str, namespace: dict[str, Any]) -> None:
    """Put the checks around the functions of torch.linalg and its like, which PyTorch knows by a
    name with a prefix, as linalg_svd."""
    for name, fn in list(namespace.items()):
        known = prefix + name
        if callable(fn) and not name.startswith("_") and _listed(known, False):
            namespace[name] = guarded(known, refusing(known, _by_place(known, fn)), False)


def _by_place(known: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, to which arguments are passed by place that PyTorch calls by other names."""

    def call(*args: Any, **kwargs: Any) -> Any:
        for name in _places(known)[len(args) :]:
            if name not in kwargs:
                break
            args = (*args, kwargs.pop(name))
        return fn(*args, **kwargs)

    return _dressed(call, fn)


@cache
def _places(known: str) -> list[str]:
    from engine.ops.signatures import overloads

    return [p.name for p in overloads(known, False)[0].params if not p.keyword]


def _dressed(call: Callable[..., Any], fn: Callable[..., Any]) -> Callable[..., Any]:
    call.__name__ = getattr(fn, "__name__", call.__name__)
    call.__qualname__ = getattr(fn, "__qualname__", call.__name__)
    call.__doc__ = fn.__doc__
    call.__module__ = "torch"
    call.__wrapped__ = fn  # type: ignore[attr-defined]
    return call
