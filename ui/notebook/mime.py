"""Turns nbformat outputs into what the notebook shows; nothing is fetched or executed."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from ui.notebook.ansi import Screen, stripped
from ui.notebook.state import Output, joined

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
_LARGEST = 8192  # px of a side that an image may ask for
_BLOCKS = re.compile(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)")
_BREAKS = re.compile(r"(?i)</?(p|div|tr|table|br|li|h[1-6]|pre|ul|ol)\b[^>]*>")
_TAGS = re.compile(r"(?s)<[^<>]*>")
_CELL_LINE = re.compile(r"Cell In ?\[(\d+)\], line (\d+)")
_FILE_LINE = re.compile(r"(?<=File )([^<>]+\.py):(\d+)(?=, in |$)")
_FRAME = re.compile(r"Cell In ?\[(\d+)\], line (\d+)")
_ARROW = re.compile(r"^-+> (\d+) ", re.MULTILINE)


@dataclass(slots=True)
class Text:
    """Terminal text: a stream ("stdout", "stderr"), a result or a note of ours."""

    screen: Screen
    name: str = "result"


class Link(NamedTuple):
    """A place in a traceback that leads to code: columns of a line of the screen, and where to."""

    line: int
    start: int
    stop: int
    run: int  # the number in `[3]` of the cell's run; 0 of a file
    target: int  # 1-based line of that cell or file
    file: str = ""


@dataclass(slots=True)
class Failure:
    """An exception: its type, message and traceback in terminal colours."""

    ename: str
    evalue: str
    full: str  # the whole traceback, without colours
    screen: Screen  # its frames alone: the message is shown apart
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """An image; `svg` data is text, everything else a raster format.

    width, height: the size in px that the code asked for; 0 where it did not.
    """

    data: bytes
    svg: bool = False
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown that code displayed."""

    text: str


Item = Text | Failure | Picture | Prose


def read(output: Output) -> Item:
    """Return what to show for one output; unknown kinds become a note that names them."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return Text(Screen(joined(output.get("text"))), name)
    if kind == "error":
        return _failure(output)
    if kind in ("execute_result", "display_data"):
        data, wishes = output.get("data"), output.get("metadata")
        return _richest(
            data if isinstance(data, dict) else {}, wishes if isinstance(wishes, dict) else {}
        )
    return _note(f"Output of unknown type {kind!r}")


def merge(items: list[Item], output: Output) -> Item | None:
    """Feed a stream's text to the last item when it continues it; None when it does not."""
    last = items[-1] if items else None
    if output.get("output_type") != "stream" or not isinstance(last, Text):
        return None
    if last.name != output.get("name", "stdout"):
        return None
    last.screen.feed(joined(output.get("text")))
    return last


def error_line(output: Output) -> int:
    """Return the 1-based line of the cell at which an error output says it failed, or 0.

    It is the innermost one, in a function too; the first frame tells which cell it is.
    """
    if output.get("output_type") != "error":
        return 0
    text = stripped("\n".join(joined(part) for part in output.get("traceback") or []))
    frames = _FRAME.findall(text)
    own = [int(line) for cell, line in frames if cell == frames[0][0]]
    arrow = _ARROW.search(text)
    return own[-1] if own else int(arrow[1]) if arrow else 0


def plain(item: Item) -> str:
    """Return an item as text for the clipboard."""
    if isinstance(item, Text):
        return item.screen.text()
    if isinstance(item, Failure):
        return item.full or f"{item.ename}: {item.evalue}"
    return item.text if isinstance(item, Prose) else ""


def html_to_text(source: str) -> str:
    """Return HTML's words, line by line; scripts and styles are dropped."""
    text = _BREAKS.sub("\n", _BLOCKS.sub("", source))
    lines = (line.strip() for line in html.unescape(_TAGS.sub(" ", text)).split("\n"))
    return "\n".join(line for line in lines if line)


def _failure(output: Output) -> Failure:
    text = "\n".join(joined(part) for part in output.get("traceback") or [])
    name = joined(output.get("ename")) or "Error"
    frames = "\n".join(_frames(text.split("\n"), name))
    screen = Screen(frames)
    return Failure(name, joined(output.get("evalue")), stripped(text), screen, _links(screen))


def _links(screen: Screen) -> tuple[Link, ...]:
    found: list[Link] = []
    for row, line in enumerate(screen.lines):
        if match := _CELL_LINE.search(line):
            found.append(Link(row, *match.span(), int(match[1]), int(match[2])))
        elif match := _FILE_LINE.search(line):
            found.append(Link(row, *match.span(), 0, int(match[2]), match[1]))
    return tuple(found)


def _frames(lines: list[str], ename: str) -> list[str]:
    """Return a traceback's lines without its heading and without the message at its end."""
    bare = [stripped(line).strip() for line in lines]
    first, last = 0, len(lines)
    for at, line in enumerate(bare[:2]):
        if set(line) == {"-"} or line.endswith("Traceback (most recent call last)"):
            first = at + 1
    for at in range(len(lines) - 1, first - 1, -1):
        if bare[at] == ename or bare[at].startswith(f"{ename}:"):
            last = at
            break
    while last > first and not bare[last - 1]:
        last -= 1
    return lines[first:last]


def _richest(data: dict[str, object], wishes: dict[str, object]) -> Item:
    for mime in _IMAGES:
        if mime in data:
            return _picture(joined(data[mime]), mime, *_wished_size(wishes.get(mime, wishes)))
    if "image/svg+xml" in data:
        size = _wished_size(wishes.get("image/svg+xml", wishes))
        return Picture(joined(data["image/svg+xml"]).encode(), True, *size)
    if "text/markdown" in data:
        return Prose(joined(data["text/markdown"]))
    words = joined(data.get("text/plain", ""))
    if words and not (words.startswith("<IPython.core.display.") and len(data) > 1):
        return Text(Screen(words))
    if "text/latex" in data:
        return Prose(joined(data["text/latex"]))
    if "text/html" in data:
        return Text(Screen(html_to_text(joined(data["text/html"]))))
    if "application/json" in data:
        return Text(Screen(json.dumps(data["application/json"], indent=2, ensure_ascii=False)))
    return _note("Output that cannot be shown here: " + (", ".join(data) or "empty"))


def _wished_size(wishes: object) -> tuple[int, int]:
    """Return the width and height that an output's metadata asks for; 0 where it does not."""
    if not isinstance(wishes, dict):
        return 0, 0
    width, height = (
        int(size) if isinstance(size, (int, float)) and 0 < size <= _LARGEST else 0
        for size in (wishes.get("width"), wishes.get("height"))
    )
    return width, height


def _picture(encoded: str, mime: str, width: int, height: int) -> Item:
    try:
        return Picture(base64.b64decode(encoded, validate=False), False, width, height)
    except (binascii.Error, ValueError):
        return _note(f"{mime} that cannot be read")


def _note(text: str) -> Text:
    return Text(Screen(text), "note")
