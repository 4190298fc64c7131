"""What Python text says around a place: the name there, the call it is in; and signatures."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ui.notebook.ansi import stripped

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_KEYWORD = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_SECTION = re.compile(r"^([A-Z][a-z]+(?: [a-z]+)*):[ \t]*", re.MULTILINE)
_QUOTED = re.compile(r"(:|->) *'([^']*)'")
_REACH = 5_000  # characters before the cursor in which the call is sought
_BOLD, _DIM, _PLAIN = "\x1b[1;36m", "\x1b[2m", "\x1b[0m"
_WIDTH = 66  # letters of a signature in one line
_LINE = 66  # letters of a line of documentation


class Call(NamedTuple):
    """The call that a place is in: its callable's name, and the argument being written."""

    name: str
    position: int  # 0-based, counting all arguments
    keyword: str  # "" for a positional argument


def name_at(line: str, column: int) -> str:
    """Return the dotted name around a column, up to the part that the column is in; "" if none."""
    for found in _NAME.finditer(line):
        if found.start() <= column < found.end():
            stop = line.find(".", column, found.end())
            return line[found.start() : found.end() if stop < 0 else stop]
    return ""


def call_at(text: str, position: int, quoted: Callable[[int], bool]) -> Call | None:
    """Return the innermost call whose parentheses are open at a position.

    `quoted` tells positions in strings and comments.
    """
    depth, commas, start = 0, 0, -1
    for at in range(position - 1, max(-1, position - _REACH), -1):
        letter = text[at]
        if letter not in "()[]{},\n" or quoted(at):
            continue
        if letter in ")]}":
            depth += 1
        elif letter == "," and depth == 0:
            commas += 1
            start = at if start < 0 else start
        elif letter in "([{":
            depth -= 1
            if depth < 0:
                name = _name_before(text, at) if letter == "(" else ""
                if not name:
                    return None
                keyword = _KEYWORD.match(text, max(start, at) + 1, position)
                return Call(name, commas, keyword[1] if keyword else "")
    return None


def _name_before(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    found = [match for match in _NAME.finditer(line) if match.end() == len(line)]
    if not found or re.search(r"\b(def|class)\s+$", line[: found[0].start()]):
        return ""
    return "" if line[: found[0].start()].endswith(".") else found[0].group()


@dataclass(frozen=True, slots=True)
class Signature:
    """A callable as a person reads it: `head(parameters)tail`, and the first line of its doc."""

    head: str
    parameters: tuple[str, ...]
    tail: str
    doc: str

    @classmethod
    def parse(cls, inspected: str) -> Signature | None:
        """Return the signature in what the kernel says of an object; None where it has none."""
        parts = sections(stripped(inspected))
        text = parts.get("Signature") or parts.get("Init signature") or parts.get("Call signature")
        if not text or "(" not in text or ")" not in text:
            return None
        text = _QUOTED.sub(r"\1 \2", " ".join(text.split()))
        head, _, rest = text.partition("(")
        inner, _, tail = rest.rpartition(")")
        doc = next(iter(parts.get("Docstring", "").strip().splitlines()), "")
        return cls(head, tuple(_split(inner)), tail, doc)

    def written(self, call: Call) -> str:
        """Return it in terminal colours, with the argument that a call is at in bold."""
        current = self._current(call)
        shown = [
            f"{_BOLD}{text}{_PLAIN}" if at == current else text
            for at, text in enumerate(self.parameters)
        ]
        long = len(self.head) + sum(map(len, self.parameters)) > _WIDTH
        inner = "".join(f"\n    {text}," for text in shown) + "\n" if long else ", ".join(shown)
        lines = f"{self.head}({inner}){self.tail}"
        doc = "".join(f"\n{_DIM}{line}{_PLAIN}" for line in textwrap.wrap(self.doc, _LINE))
        return lines + doc

    def _current(self, call: Call) -> int:
        names = [re.split(r"[:=\s]", text, maxsplit=1)[0] for text in self.parameters]
        if call.keyword:
            return names.index(call.keyword) if call.keyword in names else _find(names, "**")
        positional = [at for at, name in enumerate(names) if name != "/"]
        for count, at in enumerate(positional):
            if names[at].startswith("*"):
                return at if len(names[at]) > 1 else -1
            if count == call.position:
                return at
        return -1


def sections(text: str) -> dict[str, str]:
    """Return what the kernel says of an object by heading: "Signature", "Docstring", …"""
    found = list(_SECTION.finditer(text))
    stops = [*(match.start() for match in found[1:]), len(text)]
    parts: dict[str, str] = {}
    for match, stop in zip(found, stops, strict=False):
        parts.setdefault(match[1], text[match.end() : stop].strip("\n"))
    return parts


def _split(text: str) -> list[str]:
    """Return the parameters between the commas that are in no brackets or strings."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _find(names: list[str], start: str) -> int:
    return next((at for at, name in enumerate(names) if name.startswith(start)), -1)
