"""Sentences for people, made of what the program says in small letters."""

from __future__ import annotations

import re
from collections.abc import Sequence


def capital(title: str, code: Sequence[str] = ()) -> str:
    """Return a title with a capital, but for one that begins with a name of the person's code."""
    first = title.partition(" ")[0]
    named = re.compile(rf"(?<![\w.]){re.escape(first)}(?!\w)")
    if not first.isalpha() or any(map(named.search, code)):
        return title
    return title[:1].upper() + title[1:]


def sentence(problem: str) -> str:
    """Return what is wrong as a sentence: "ones() is not known" keeps its small letter."""
    return f"{capital(problem)}."
