"""Where a text stands in the cells, and what replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Query(NamedTuple):
    """What is searched for: a text, or a regular expression."""

    text: str
    case: bool = False  # capitals differ from small letters
    word: bool = False  # only whole words
    regex: bool = False


class Match(NamedTuple):
    """Letters start to stop of a cell's text."""

    key: str
    start: int
    stop: int


def compiled(query: Query) -> re.Pattern[str]:
    """Return the pattern of a query. Raises re.error where its expression is none."""
    text = query.text if query.regex else re.escape(query.text)
    if query.word:
        text = rf"(?<!\w)(?:{text})(?!\w)"
    return re.compile(text, re.MULTILINE | (0 if query.case else re.IGNORECASE))


def matches(pattern: re.Pattern[str], cells: Iterable[tuple[str, str]]) -> list[Match]:
    """Return all places in the cells (key, text), from top to bottom; empty ones count for none."""
    return [
        Match(key, found.start(), found.end())
        for key, text in cells
        for found in pattern.finditer(text)
        if found.end() > found.start()
    ]


def replaced(pattern: re.Pattern[str], text: str, by: str, regex: bool, start: int = -1) -> str:
    r"""Return a text with the match at `start` (-1: every one) replaced; \1 counts in a regex.

    Raises re.error or IndexError where `by` names a group that is not there.
    """

    def new(found: re.Match[str]) -> str:
        if found.end() == found.start() or start not in (-1, found.start()):
            return found.group()
        return found.expand(by) if regex else by

    return pattern.sub(new, text)
