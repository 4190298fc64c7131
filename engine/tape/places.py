"""Places in the program, in words."""

from __future__ import annotations

from pathlib import PurePath

from engine.tape.tape import Source, Tape


def place(tape: Tape, source: Source) -> str:
    """Return "cell 3, line 2" as the notebook counts its runs, or "file.py, line 2"."""
    if not source.cell:
        return f"{PurePath(source.file).name}, line {source.line}"
    rows = [row for row in tape.cells if tape.text(int(row["key"])) == source.cell]
    return f"cell {rows[-1]['count'] if rows else '?'}, line {source.line}"
