"""Lessons: the text of a notebook as steps, each tied to a place on the tape. Free of Qt.

The format is described in `resources/docs/lessons.md`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.documents import Cell
from engine.tape.schema import ValueFlag
from engine.tape.tape import Tape

#: A line of a text cell that begins a step: a definition that no renderer of Markdown shows.
_MARK = re.compile(r'^[ ]{0,3}\[step\]:\s*#\s*["\'(](?P<told>[^"\')]*)["\')]\s*$', re.MULTILINE)
_PLACE = re.compile(
    r"(?P<edge>start|end)|cell (?P<cell>\d+)|"
    r"pass (?P<pass>\d+)(?: (?:step (?P<step>\d+)|(?P<over>end)))?"
)


class LessonError(Exception):
    """A step says where it is in no known words; the message names it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Text, the place on the tape that it tells of, and the variable that is shown, if any.

    `code` is the key of the code cell above, where the step is without a `place`.
    """

    text: str
    place: str = ""
    show: str = ""
    code: str = ""


def steps(cells: Sequence[Cell]) -> list[Step]:
    """Return the steps of a notebook: every text cell is one, or as many as its marks begin.

    Raises LessonError.
    """
    found, above = [], ""
    for cell in cells:
        if cell.kind == "code":
            above = cell.key
        elif cell.kind == "markdown":
            found += _in_cell(cell.source, above)
    return found


def _in_cell(source: str, above: str) -> list[Step]:
    marks = list(_MARK.finditer(source))
    first = source[: marks[0].start()] if marks else source
    made = [Step(first.strip(), code=above)] if first.strip() else []
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        end = following.start() if following else len(source)
        place, _, show = (part.strip() for part in mark["told"].partition(";"))
        if place and _PLACE.fullmatch(place) is None:
            raise LessonError(
                f"No step of a lesson can be at “{place}”: write start, end, cell 2, pass 1, "
                "pass 1 step 3 or pass 1 end."
            )
        made.append(
            Step(source[mark.end() : end].strip(), place, show.removeprefix("show").strip(), above)
        )
    return made


def playhead(step: Step, tape: Tape) -> int | None:
    """Return where the playhead is at a step; None if the tape has no such place (yet)."""
    end = len(tape.events)
    match = _PLACE.fullmatch(step.place)
    if match is None:
        return _after(step.code, tape) if step.code else 0
    if match["edge"]:
        return 0 if match["edge"] == "start" else end
    if match["cell"]:
        rows = [row for row in tape.cells if row["count"] == int(match["cell"])]
        return _after(tape.text(int(rows[-1]["key"])), tape) if rows else None
    number = int(match["pass"]) - 1
    if not 0 <= number < len(tape.passes):
        return None
    begin = int(tape.passes["event"][number])
    if match["over"]:
        ends = tape.ends["event"][tape.ends["pass_"] == number]
        return int(ends[0]) + 1 if len(ends) else end
    if not match["step"]:
        return begin + 1
    events = tape.steps["event"][tape.steps["pass_"] == number]
    count = int(match["step"])
    return int(events[count - 1]) + 1 if 0 < count <= len(events) else None


def value_called(name: str, tape: Tape) -> int | None:
    """Return the leaf, a row of the tape's values, that a variable is at the end of the tape."""
    leaves = np.flatnonzero(tape.values["flags"] & ValueFlag.LEAF)
    for row in leaves[::-1].tolist():
        if tape.name_of(int(tape.values["tensor"][row])) == name:
            return int(row)
    return None


def _after(key: str, tape: Tape) -> int | None:
    """Return the playhead at which a cell has run; its end is where the next one begins."""
    begun = [int(row["event"]) for row in tape.cells if tape.text(int(row["key"])) == key]
    if not begun:
        return None
    later = [int(row["event"]) for row in tape.cells if int(row["event"]) > begun[-1]]
    return min(later, default=len(tape.events))
