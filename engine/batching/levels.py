"""Tensors of a batch that show the shape of one example, and the maps that are running.

Each running `vmap` is a level. A batched tensor of level k holds a tensor of the levels below it,
whose first dimension is that of the batch, or one that is the same for all examples. Its place in
the graph is of its own level: a gradient taken inside the map is one per example, while what the
map computes has its place in the graphs outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.dtype import FLOAT
from engine.size import intern
from engine.tensor import Tensor, new


class NoData(RuntimeError):
    """The elements of a batched tensor were read as if they were those of one example."""

    def __init__(
        self, text: str = "Cannot access data pointer of Tensor that doesn't have storage"
    ) -> None:
        super().__init__(text)


class Level(NamedTuple):
    """A running map: its number (the outermost is 1), the number of examples, how it draws."""

    number: int
    size: int
    randomness: str


NoData.__name__ = NoData.__qualname__ = "RuntimeError"  # as which it shows
NoData.__module__ = "builtins"


class Gradient(NamedTuple):
    """A function that is being called in order to differentiate it, by the leaves `own`."""

    own: list[Any]


#: The running maps, outermost first.
running: list[Level] = []
#: All transforms that run, outermost first: numbers of maps, and gradients. By their places here
#: transforms are numbered where tensors are printed.
nesting: list[Any] = mode.transforms


@contextmanager
def differentiating(own: list[Any]) -> Iterator[None]:
    """The scope in which a function is called in order to differentiate it."""
    nesting.append(Gradient(own))
    try:
        yield
    finally:
        nesting.pop()


class Batch:
    """What a batched tensor has in the place of an array.

    value: a tensor of a lower level; its first dimension is the batch's where `mapped`.
    given: the tensor that was mapped over and the dimension of it, where that is not the first.
    """

    __slots__ = ("given", "level", "mapped", "value")

    def __init__(self, value: Any, level: int, mapped: bool, given: Any) -> None:
        self.value, self.level, self.mapped, self.given = value, level, mapped, given

    def one(self) -> Any:
        """The first example, for what all of them have in common."""
        return self.value.select(0, 0) if self.mapped else self.value

    @property
    def dtype(self) -> Any:
        """The element type, as an array's."""
        return self.value._d.np

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NoData

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoData


class BatchedTensor(Tensor):
    """One example as the mapped function sees it, and all of them at once."""

    __module__ = "torch"
    __slots__ = ()


BatchedTensor.__name__ = BatchedTensor.__qualname__ = "Tensor"


def batched(value: Any, level: int, mapped: bool = True, given: Any = None) -> Any:
    """A tensor of `level` over one of a lower level."""
    t = new(BatchedTensor)
    t._a = Batch(value, level, mapped, given)
    t._s = intern(value._s[1:]) if mapped else value._s
    t._d, t._g, t._v = value._d, None, None
    return t


def leaf(t: Any) -> Any:
    """A leaf to differentiate by, with the values of a tensor; one of the innermost running map.

    What a batched tensor holds keeps its places in the graphs of the levels below.
    """
    if not running:
        return t.detach().requires_grad_()
    if t._d.category < FLOAT:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    a = lift(t, len(running))._a
    made = batched(a.value, a.level, a.mapped)
    made._g = LEAF
    return made


def level_of(v: Any) -> int:
    """The level of a tensor; 0 for what is not batched."""
    return v._a.level if type(v) is BatchedTensor else 0


def deepest(values: Iterable[Any]) -> int:
    """The highest level among tensors, those in lists and tuples included."""
    top = 0
    for v in values:
        if type(v) is BatchedTensor:
            top = max(top, v._a.level)
        elif type(v) is list or type(v) is tuple:
            top = max(top, deepest(v))
    return top


def lift(v: Any, level: int) -> Any:
    """A tensor as one of `level`, the same for all examples if it comes from below."""
    if not isinstance(v, Tensor) or level_of(v) == level:
        return v
    return batched(v, level, mapped=False)


def at(number: int) -> Level:
    """The running map of a number; RuntimeError if it has ended."""
    if number > len(running):
        raise RuntimeError("a batched tensor was used after the vmap that made it had returned")
    return running[number - 1]


def floor(t: Any) -> Any:
    """What a batched tensor holds below all levels; any other tensor itself."""
    while type(t) is BatchedTensor:
        t = t._a.value
    return t


def elements(t: Any) -> Any:
    """The array of a tensor; where it is batched that of all examples, to look for a value in."""
    return floor(t)._a


def readable(t: Any) -> Any:
    """The tensor itself; NoData if it is batched, so that its elements are not those of one example."""
    if type(t) is BatchedTensor:
        raise NoData
    return t


def tracked(t: Any) -> bool:
    """Whether a tensor, or what it holds at any level, has a place in a graph."""
    while type(t) is BatchedTensor:
        if t._g is not None:
            return True
        t = t._a.value
    return bool(t.requires_grad)
