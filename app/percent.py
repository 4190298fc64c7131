"""Scripts as cells that begin at lines like "# %% title [markdown]", kept as they are written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

_MARKER = re.compile(r"# ?%%+(?:[ \t].*)?")
_KIND = re.compile(r"\s*\[(markdown|md|raw)\]")
_QUOTED = re.compile(r'(r?"""|r?\'\'\')\n?(.*?)\n?("""|\'\'\')\s*', re.DOTALL)


class Part(NamedTuple):
    """A cell as the file has it: its header line, "" for none, and the lines up to the next."""

    header: str
    body: str
    kind: str
    source: str  # the body without its last line ends; of markdown, without its comment signs


def split(text: str) -> list[Part]:
    """Return the cells of a script; the whole of it where there is no marker."""
    lines = text.splitlines(keepends=True)
    starts = _starts(lines)
    parts = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        marked = start < len(lines) and _is_marker(lines[start])
        header = lines[start] if marked else ""
        parts.append(_part(header, "".join(lines[start + marked : end])))
    return parts


def place(text: str, line: int) -> tuple[int, int]:
    """Return which cell has a 1-based line of a script, and which line of the cell it is."""
    lines = text.splitlines(keepends=True)
    starts = _starts(lines)
    cell = max(bisect_right(starts, line - 1) - 1, 0)
    start = starts[cell]
    marked = start < len(lines) and _is_marker(lines[start])
    return cell, max(line - start - marked, 1)


def join(cells: Sequence[tuple[str, str, Part | None]]) -> str:
    """Return the script of cells (kind, source, the part it was); unchanged parts stay exactly."""
    texts = []
    for index, (kind, source, part) in enumerate(cells):
        header = part.header if part else ""
        # Only a first cell does without a marker: one that was so, or a script of a single cell.
        if not header and (index or not (part or len(cells) == 1)):
            header = "# %%\n"
        texts.append(_text(kind, source, part, header, last=index == len(cells) - 1))
    return "".join(texts)


def _starts(lines: Sequence[str]) -> list[int]:
    starts = [number for number, line in enumerate(lines) if _is_marker(line)]
    return starts if starts[:1] == [0] else [0, *starts]


def _is_marker(line: str) -> bool:
    return _MARKER.fullmatch(line.rstrip("\n")) is not None


def _part(header: str, body: str) -> Part:
    found = _KIND.search(header)
    kind = {None: "code", "raw": "raw"}.get(found and found[1], "markdown")
    source = body.rstrip("\n")
    return Part(header, body, kind, _from_comment(source) if kind == "markdown" else source)


def _text(kind: str, source: str, part: Part | None, header: str, last: bool) -> str:
    if kind != (part.kind if part else "code"):
        tag = "" if kind == "code" else f" [{kind}]"
        header = _KIND.sub("", header or "# %%\n").rstrip("\n") + tag + "\n"
    if part and (kind, source) == (part.kind, part.source):
        text = header + part.body
    else:
        before = part.body if part else "\n" if last else "\n\n"
        tail = before[len(before.rstrip("\n")) :]
        text = header + (_to_comment(source, before) if kind == "markdown" else source) + tail
    return text if last or not text or text.endswith("\n") else text + "\n"


def _from_comment(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return quoted[2]
    lines = text.split("\n")
    if all(line == "#" or line.startswith("# ") for line in lines):
        return "\n".join(line[2:] for line in lines)
    return text


def _to_comment(text: str, before: str) -> str:
    """Return markdown as it stands in a script: comments, or quoted if it was and still can be."""
    quoted = _QUOTED.fullmatch(before.rstrip("\n"))
    if quoted and quoted[1].lstrip("r") not in text:
        return f"{quoted[1]}\n{text}\n{quoted[3]}"
    return "\n".join(f"# {line}" if line else "#" for line in text.split("\n"))
