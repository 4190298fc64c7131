"""Running a row of the operator table on batched tensors: once, by its rule, or example by example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.autograd import mode
from engine.ops import running as rows
from engine.ops.table import Op
from engine.tensor import Tensor

from .levels import at, batched, deepest, level_of, lift


class Part:
    """A tensor argument below its level: all examples, or one value that they share."""

    __slots__ = ("mapped", "value")

    def __init__(self, value: Any, mapped: bool) -> None:
        self.value, self.mapped = value, mapped

    @property
    def rank(self) -> int:
        """The dimensions of one example."""
        return len(self.value._s) - self.mapped

    @property
    def size(self) -> Any:
        """The shape of one example."""
        return self.value._s[1:] if self.mapped else self.value._s

    def full(self, size: int) -> Any:
        """All examples, (size, ...), also where they share one value."""
        if self.mapped:
            return self.value
        return self.value.expand(size, *self.value._s)

    def one(self, i: int) -> Any:
        """One example."""
        return self.value.select(0, i) if self.mapped else self.value


#: A batching rule: the row, its arguments with Parts in the place of tensors, the number of
#: examples; returns a tensor whose first dimension is the batch's, or a tuple of them.
Rule = Callable[[Op, list[Any], int], Any]


def part(v: Any, number: int) -> Any:
    """An argument as rules take it."""
    if isinstance(v, Tensor):
        if level_of(v) == number:
            a = v._a
            return Part(a.value, a.mapped)
        return Part(v, False)
    if (type(v) is list or type(v) is tuple) and any(isinstance(e, Tensor) for e in v):
        return [part(e, number) for e in v]
    return v


def parts(values: Sequence[Any]) -> list[Part]:
    """The tensors among arguments, those in lists included."""
    found: list[Part] = []
    for v in values:
        if type(v) is Part:
            found.append(v)
        elif type(v) is list:
            found += parts(v)
    return found


def below(v: Any, take: Callable[[Part], Any]) -> Any:
    """An argument with take(part) in the place of each of its parts."""
    if type(v) is Part:
        return take(v)
    return [below(e, take) for e in v] if type(v) is list else v


def each(op: Op, values: list[Any], size: int) -> Any:
    """Example by example, for rows without a rule."""
    found = [
        op.way(*[below(v, lambda p, i=i: p.one(i)) for v in values])  # type: ignore[misc]
        for i in range(size)
    ]
    return stacked(found)


def stacked(found: list[Any]) -> Any:
    """The results of all examples as one."""
    from engine.ops.joining import stack

    if isinstance(found[0], tuple):
        return tuple(stack(list(column)) for column in zip(*found, strict=True))
    return stack(found)


def run(op: Op, values: list[Any]) -> Any:
    """Run a row; NotImplemented if none of its arguments is batched."""
    number = deepest(values)
    if not number:
        return NotImplemented
    given = [part(v, number) for v in values]
    mapped = any(p.mapped for p in parts(given))
    if mapped:
        from .rules import find

        r = find(op)(op, given, at(number).size)
    else:
        r = op.way(*[below(v, lambda p: p.value) for v in given])
    if isinstance(r, tuple):
        out: Any = tuple(batched(v, number, mapped) for v in r)
    else:
        out = batched(r, number, mapped)
    return placed(op, values, out, number)


def placed(op: Op, values: list[Any], out: Any, number: int) -> Any:
    """Give the results of a row their places in the graph of a level."""
    lifted = [_lifted(v, number) for v in values]
    if op.view:
        rows.link(op, out, lifted[0])
    if mode.enabled and any(v._g is not None for v in _flat(lifted)):
        rows.attach(op, lifted, out)
    return out if op.pack is None else op.pack(out)


def _lifted(v: Any, number: int) -> Any:
    if (type(v) is list or type(v) is tuple) and any(isinstance(e, Tensor) for e in v):
        return [_lifted(e, number) for e in v]
    return lift(v, number)


def _flat(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for v in values:
        if isinstance(v, Tensor):
            found.append(v)
        elif type(v) is list or type(v) is tuple:
            found += _flat(v)
    return found
