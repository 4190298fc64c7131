"""What is shown of a command, as plain values; and which commands a search means. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """One command. `where` is its menu, `keys` what to press, `checked` None without a state."""

    id: str
    text: str
    where: str = ""
    keys: str = ""
    tip: str = ""
    enabled: bool = True
    checked: bool | None = None


def found(entries: Sequence[Entry], text: str, recent: Sequence[str] = ()) -> list[Entry]:
    """Return the entries that have every word of `text` in their text, menu or tip, best first.

    Equally good ones stand as in `recent` (ids, newest first), then as in `entries`.
    """
    words = text.casefold().split()
    ranked = []
    for place, entry in enumerate(entries):
        rank = _rank(entry, words)
        if rank is not None:
            late = recent.index(entry.id) if entry.id in recent else len(recent)
            ranked.append((rank, late, place, entry))
    return [entry for *_, entry in sorted(ranked, key=lambda row: row[:3])]


def _rank(entry: Entry, words: Sequence[str]) -> int | None:
    """Return the sum of how well the words fit, small is good; None if one does not fit."""
    total = 0
    for word in words:
        rank = min(_ranks(entry, word), default=None)
        if rank is None:
            return None
        total += rank
    return total


def _ranks(entry: Entry, word: str) -> Iterator[int]:
    text = entry.text.casefold()
    parts = text.replace("/", " ").replace("-", " ").split()
    if text.startswith(word):
        yield 0
    if any(part.startswith(word) for part in parts):
        yield 1
    if "".join(part[0] for part in parts).startswith(word):
        yield 2
    if word in text:
        yield 3
    if word in entry.where.casefold() or word in entry.tip.casefold():
        yield 5
