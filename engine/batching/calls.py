"""What the engine calls while a map runs: `engine.autograd.mode.batching` is this module then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.autograd import mode
from engine.tensor import Tensor

from . import examples  # noqa: F401  # gives BatchedTensor its methods
from .dispatch import below, part, parts, run, stacked
from .drawing import draw
from .functions import apply
from .indices import getitem, setitem
from .levels import Level, at, batched, deepest, level_of, nesting, running
from .rules import DYNAMIC as dynamic
from .writes import write

__all__ = [
    "apply", "by_example", "copies", "deepest", "draw", "dynamic", "getitem", "level_of", "like", "mapping", "run", "setitem", "write",
]  # fmt: skip

#: This module; it may go by another name later.
_here = sys.modules[__name__]


@contextmanager
def mapping(size: int, randomness: str) -> Iterator[int]:
    """The scope of a map over `size` examples; gives the number of its level."""
    before = mode.batching
    running.append(Level(len(running) + 1, size, randomness))
    nesting.append(len(running))
    mode.batching = _here
    mode.refresh()
    try:
        yield len(running)
    finally:
        running.pop()
        nesting.pop()
        mode.batching = before
        mode.refresh()


def like(make: Callable[..., Any], input: Any, *args: Any, **kwargs: Any) -> Any:
    """zeros_like and the rest of its family: one tensor per example, which can be written to."""
    number = level_of(input)
    if not number:
        return NotImplemented
    a = input._a
    return batched(make(a.value, *args, **kwargs), number, a.mapped)


def copies(made: Any, like: Any) -> Any:
    """A new tensor for each example of another one."""
    number = level_of(like)
    if not number or not like._a.mapped:
        return made
    return batched(made.expand((at(number).size, *made._s)).clone(), number)


def by_example(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that reads elements example by example; NotImplemented without examples."""
    values = [*args, *kwargs.values()]
    number = deepest(values)
    if not number:
        return NotImplemented
    given = [part(v, number) for v in values]
    size = at(number).size
    if not any(p.mapped for p in parts(given)):
        size = 1
    found = []
    for i in range(size):
        one = [below(v, lambda p, i=i: p.one(i)) for v in given]  # type: ignore[misc]
        named = dict(zip(kwargs, one[len(args) :], strict=True))
        found.append(fn(*one[: len(args)], **named))
    if not isinstance(found[0], (Tensor, tuple)):
        raise NotImplementedError(f"vmap over {fn.__name__}: it does not return tensors")
    r = stacked(found)
    return tuple(batched(v, number) for v in r) if isinstance(r, tuple) else batched(r, number)
