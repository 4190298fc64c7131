"""torch.Size: the shape of a tensor, one object per distinct shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

from engine.formats import only_text


class Size(tuple[int, ...]):
    """A tuple of dimension sizes."""

    __module__ = "torch"
    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        items = []
        for i, s in enumerate(sizes):
            if not hasattr(s, "__index__"):
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {i} is '{type(s).__name__}')"
                )
            items.append(s.__index__())
        return tuple.__new__(cls, items)

    __format__ = only_text("torch.Size")

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def numel(self) -> int:
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return intern(found) if type(found) is tuple else found

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, tuple):
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            )
        return intern(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Any:
        return intern(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, n: SupportsIndex) -> Size:
        return intern(tuple.__mul__(self, n))

    __rmul__ = __mul__

    def __reduce__(self) -> Any:
        return Size, (tuple(self),)


class _Sizes(dict[tuple[int, ...], Size]):
    """The Size objects by shape; one that is missing is made."""

    def __missing__(self, shape: tuple[int, ...]) -> Size:
        if len(self) > 100_000:  # a program that never repeats a shape must not fill memory
            self.clear()
            self[()] = EMPTY
        found = self[tuple(shape)] = tuple.__new__(Size, shape)
        return found


#: The one Size object for a shape, so that equal shapes can be compared with `is`.
intern: Callable[[tuple[int, ...]], Size] = _Sizes().__getitem__
EMPTY = intern(())
