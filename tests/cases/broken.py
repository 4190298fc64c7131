"""Reads the broken programs beside it: sections of `programs/*.py`, each a program of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Case:
    """A broken program and what is to be found.

    ask: "why NAME.grad", "why NAME.grad[0, 1]", "value NAME", "expect NAME = FORMULA" or
    "problems". what: part of the name of the culprit's operation or node, or of the answer's title,
    "" for any. lines: of the source, from 1, of which one is
    the culprit's; none: any.
    """

    name: str
    cause: str
    ask: str
    what: str
    source: str
    lines: tuple[int, ...]


def cases() -> list[Case]:
    """Return all programs, in the order of the files."""
    return [case for path in sorted(FOLDER.glob("*.py")) for case in _of(path)]


def healthy() -> dict[str, str]:
    """Return the sources of programs that nothing is wrong with, by their titles."""
    found = {}
    for path in sorted((FOLDER / "healthy").glob("*.py")):
        _, *sections = re.split(r"^# %% ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found |= dict(section.split("\n", 1) for section in sections)
    return found


def _of(path: Path) -> list[Case]:
    found = []
    _, *sections = re.split(r"^# %% ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for number, section in enumerate(sections, 1):
        head, source = section.split("\n", 1)
        cause, ask, *what = (part.strip() for part in head.split("|"))
        lines = tuple(
            line for line, text in enumerate(source.splitlines(), 1) if text.endswith("# <-")
        )
        name = f"{path.stem}-{number:02}-{cause}"
        found.append(Case(name, cause, ask, what[0] if what else "", source, lines))
    return found
