"""A program with the lines of a remedy in it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.tape.diagnose.finding import Edit


def pasted(source: str, edits: Sequence[Edit]) -> str | None:
    """Return a cell with lines changed, put in and left out; None where it reads otherwise by now.

    What is put in is indented as the line that it stands at. A line that has moved is found again if
    there is only one that reads so.
    """
    lines = source.split("\n")
    above: list[list[str]] = [[] for _ in lines]
    below: list[list[str]] = [[] for _ in lines]
    own: list[str | None] = [*lines]
    for edit in edits:
        at = _line_of(lines, edit)
        if at is None:
            return None
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        text = indent + edit.text.replace("\n", f"\n{indent}")
        if edit.how == "before":
            above[at].append(text)
        elif edit.how == "after":
            below[at].append(text)
        else:
            own[at] = text if edit.how == "line" else None
    parts = zip(above, own, below, strict=True)
    return "\n".join(
        line for up, mid, low in parts for line in (*up, *([] if mid is None else [mid]), *low)
    )


def _line_of(lines: list[str], edit: Edit) -> int | None:
    """Return the number from 0 of the line that an edit is about."""
    at = edit.at.line - 1
    if 0 <= at < len(lines) and lines[at].strip() == edit.was:
        return at
    same = [i for i, line in enumerate(lines) if line.strip() == edit.was]
    return same[0] if len(same) == 1 else None
