"""Random draws inside a map: refused, the same for all examples, or different ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.random import default_generator

from .dispatch import below, part, stacked
from .levels import Level, batched, deepest, running

_REFUSED = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
    "'different' randomness flags on vmap or perform the randomness operation out of vmap"
)
_SHARED = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like "
    "same randomness. If this is necessary for your usage, please file an issue with functorch."
)
_SAME = (
    "Vmap does not currently support same randomness with a batched tensor input. Please file an issue "
    "with functorch"
)
#: How many of the innermost maps have had their say on a draw that is under way.
_within = 0


def draw(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], shape: str) -> Any:
    """Call a function that draws; `shape` says where it takes the shape of what it draws.

    "" : from its first argument; "values": and the elements of that say how; "*": from all arguments,
    or from `size`; "normal": in one of these ways; "in place": it overwrites its first argument;
    "examples" and "values by example": a call draws for one example only.
    """
    global _within
    if _within >= len(running):
        return fn(*args, **kwargs)
    level = running[len(running) - 1 - _within]
    if level.randomness == "error":
        raise RuntimeError(_REFUSED)
    _within += 1
    try:
        return _drawn(fn, args, kwargs, shape, level)
    finally:
        _within -= 1


def _drawn(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shape: str, level: Level) -> Any:
    again = _again(fn, shape)
    values = [*args, *kwargs.values()]
    mapped = deepest(values) == level.number
    given = [part(v, level.number) for v in values]

    def call(take: Any) -> Any:
        one = [below(v, take) for v in given]
        return again(*one[: len(args)], **dict(zip(kwargs, one[len(args) :], strict=True)))

    if shape == "in place":
        return _in_place(call, args[0], given, level)
    if shape == "normal":
        shape = "*" if kwargs.get("size") is not None or len(args) > 2 else "values"
    if level.randomness == "same":
        if mapped and shape.startswith("values"):
            raise RuntimeError(_SAME)
        if not mapped:
            return again(*args, **kwargs)
        return batched(_repeated(call, level.size), level.number)
    if shape == "*":
        return batched(again(*_longer(args, kwargs, level.size), **kwargs), level.number)
    if shape in ("", "values"):
        whole = call(lambda p: p.value if p.mapped else p.full(level.size).contiguous())
        return batched(whole, level.number)
    found = [call(lambda p, i=i: p.one(i)) for i in range(level.size)]
    return batched(stacked(found), level.number)


def _again(fn: Any, shape: str) -> Any:
    """`fn` for the levels further out."""
    return lambda *args, **kwargs: draw(fn, args, kwargs, shape)


def _repeated(call: Any, size: int) -> Any:
    """Examples that all draw the same numbers."""
    start = default_generator.clone_state()
    found = []
    for i in range(size):
        default_generator.restore(start)
        found.append(call(lambda p, i=i: p.one(i)))
    return stacked(found)


def _in_place(call: Any, t: Any, given: list[Any], level: Level) -> Any:
    if level.randomness == "different":
        if not given[0].mapped:
            raise RuntimeError(_SHARED)
        call(lambda p: p.full(level.size))
        return t
    if not given[0].mapped:
        call(lambda p: p.value)
        return t
    first = call(lambda p: p.one(0))
    given[0].value.copy_(first.expand(level.size, *first._s))
    return t


def _longer(args: tuple[Any, ...], kwargs: dict[str, Any], size: int) -> tuple[Any, ...]:
    """The arguments of a factory with the number of examples in front of the shape."""
    if "size" in kwargs:
        kwargs["size"] = (size, *kwargs["size"])
        return args
    if args and isinstance(args[-1], (tuple, list)):
        return (*args[:-1], (size, *args[-1]))
    return (size, *args)
