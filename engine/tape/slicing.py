"""Slices as a person writes them, `w.grad[::10, 0, :]`: read by hand, nothing is evaluated."""

from __future__ import annotations

import re
from types import EllipsisType
from typing import NamedTuple, TypeAlias

Item: TypeAlias = int | slice | EllipsisType
Index: TypeAlias = tuple[Item, ...]

_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_EXAMPLE = "an index is a number, a slice such as 2:10:2, or ..."


class SliceError(Exception):
    """A slice that cannot be read or does not fit; the message is one sentence for the person."""


class Slice(NamedTuple):
    """Whether it is of the .grad, and the items between the brackets."""

    grad: bool
    items: Index


def parse(text: str, name: str) -> Slice:
    """Read `name[items]` or `name.grad[items]`; without brackets all is meant.

    name: of the only variable that can be meant, which may hold dots and brackets itself. Raises
    SliceError.
    """
    text = text.strip()
    grad = text.startswith(f"{name}.grad")
    prefix = f"{name}.grad" if grad else name
    rest = text[len(prefix) :].strip()
    if not text.startswith(prefix) or rest[:1] not in ("", "["):
        raise SliceError(f"this is not {name}: write {name}[...] or {name}.grad[...]")
    if not rest:
        return Slice(grad, ())
    if not rest.endswith("]"):
        raise SliceError("the bracket is not closed: write a ] at the end")
    items = rest[1:-1].split(",")
    if not items[-1].strip() and len(items) > 1:  # w[0,] is w[0]
        items.pop()
    index = tuple(_item(item.strip()) for item in items)
    if index.count(Ellipsis) > 1:
        raise SliceError("there can be only one ... in an index")
    return Slice(grad, index)


def bound(
    index: Index, iterations: int, shape: tuple[int, ...]
) -> tuple[int | slice, tuple[int | slice, ...]]:
    """Return the index of time and that of elements, one item for each dimension.

    It is checked as if iterations were stacked, (iterations, *shape). Raises SliceError.
    """
    dims = (iterations, *shape)
    given = sum(item is not Ellipsis for item in index)
    if given > len(dims):
        raise SliceError(
            f"{given} indices are too many: iterations come first, then the "
            f"{len(shape)} dimensions of {list(shape)}"
        )
    at = index.index(Ellipsis) if Ellipsis in index else len(index)
    rest = (slice(None),) * (len(dims) - given)
    full = [item for item in (*index[:at], *rest, *index[at + 1 :]) if item is not Ellipsis]
    for number, (item, size) in enumerate(zip(full, dims, strict=True)):
        if isinstance(item, int) and not -size <= item < size:
            where = f"dimension {number - 1} has size {size}"
            if number == 0:
                where = f"there are {size:,} iterations"
            raise SliceError(f"{item} is out of range: {where}")
    return full[0], tuple(full[1:])


def _item(text: str) -> Item:
    if text == "...":
        return Ellipsis
    if ":" not in text:
        return _number(text)
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        raise SliceError(f"{text} has too many colons: a slice is start:stop:step")
    start, stop, step = [_number(part) if part else None for part in (*parts, "")[:3]]
    if step == 0:
        raise SliceError(f"the step of {text} is 0: it must be another number")
    return slice(start, stop, step)


def _number(text: str) -> int:
    if not text:
        raise SliceError(f"an index is missing: {_EXAMPLE}")
    if not _NUMBER.fullmatch(text):
        raise SliceError(f"{text} cannot be an index: {_EXAMPLE}")
    return int(text)
