"""Which operations a search means, best first inside coloured sections. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.ops.listing import Operation
from ui.theme import FAMILIES


class Section(NamedTuple):
    """The operations of one family that a search found."""

    family: str
    operations: tuple[Operation, ...]


def found(operations: Sequence[Operation], text: str) -> list[Section]:
    """Return what has every word of `text` in name, other names, family, sentence or node.

    The family of the best match comes first; without a search families have the theme's order.
    """
    words = text.casefold().split()
    families: dict[str, list[tuple[int, Operation]]] = {}
    for one in operations:
        rank = _rank(one, words)
        if rank is not None:
            families.setdefault(one.family, []).append((rank, one))
    sections = []
    for family, ranked in families.items():
        ranked.sort(key=lambda pair: (pair[0], pair[1].name))
        sections.append((ranked[0][0], _place(family), family, [one for _, one in ranked]))
    return [Section(family, tuple(ones)) for _, _, family, ones in sorted(sections)]


def _place(family: str) -> int:
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def _rank(one: Operation, words: Sequence[str]) -> int | None:
    """0 if a word is the name, 1 if it begins it, 2 if it is in it, 3 if elsewhere, else None."""
    best = 0 if not words else 3
    for word in words:
        rank = min(_ranks(one, word), default=None)
        if rank is None:
            return None
        best = min(best, rank)
    return best


def _ranks(one: Operation, word: str) -> Iterator[int]:
    for name in (one.name, one.call.casefold(), *one.also):
        if name == word:
            yield 0
        elif name.startswith(word):
            yield 1
        elif word in name:
            yield 2
    if any(word in told.casefold() for told in (one.family, one.doc, one.node)):
        yield 3
