"""Where in the person's code something happened: code objects and instructions become lines."""

from __future__ import annotations

import linecache
import os
from bisect import bisect_right
from pathlib import Path
from types import CodeType

from engine import recording
from engine.tape.record.rows import Batch
from engine.tape.record.targets import Parts, Targets

_ENGINE = str(Path(recording.__file__).parent) + os.sep


def frames(error: BaseException) -> list[tuple[CodeType, int]]:
    """Return code and instruction of the frames of an error that are not the engine's."""
    found, at = [], error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if not code.co_filename.startswith(_ENGINE):
            found.append((code, at.tb_lasti))
        at = at.tb_next
    return found


class Places:
    """Writes `locs`; knows which file names are cells.

    IPython puts the source of each cell into `linecache` under a name of its own making, with no
    time of modification: what appears there while a cell runs belongs to that cell.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = batch["locs"]
        self.known: dict[tuple[int, int], tuple[int, str]] = {}  # id of code, instruction
        self._targets = Targets()
        self._locs: dict[tuple[int, int, int, int], int] = {}
        self._lines: dict[int, tuple[CodeType, list[int], list[int]]] = {}
        self._cells: dict[str, int] = {}  # file name -> row of cells
        self._sources: dict[str, list[str]] = {}  # source of a cell -> its file names
        self._source = ""
        self._seen: set[str] = set()

    def begin_cell(self, cell: int, source: str, seen: set[str]) -> None:
        """A cell begins; seen: the names in linecache before it was compiled."""
        self._source, self._seen = source, seen
        self._batch.cell = cell
        for name in self._sources.get(source, ()):
            self._cells[name] = cell

    def end_cell(self) -> None:
        self._claim()
        self._batch.cell = -1

    def register_file(self, name: str, cell: int) -> None:
        """Say that a file's code is the cell's."""
        self._cells[name] = cell

    def is_cell(self, name: str) -> bool:
        return name in self._cells

    def loc(self, code: CodeType | None, lasti: int) -> int:
        """Return the row of an instruction's line; -1 for none."""
        return self.place(code, lasti)[0]

    def place(self, code: CodeType | None, lasti: int) -> tuple[int, str]:
        """Return the row, and the name that is assigned what the instruction computes, or ""."""
        if code is None:
            return -1, ""
        key = id(code), lasti
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._find(code, lasti), self._targets.of(code, lasti)
        return found

    def operands(self, code: CodeType | None, lasti: int, op: str, count: int) -> list[str]:
        """Return what an operation's tensors are called in the program's text; [] if unknown."""
        return [] if code is None else self._targets.operands(code, lasti, op, count)

    def given(self, code: CodeType | None, lasti: int) -> list[str]:
        """Return the names among the arguments of the call that an instruction makes."""
        return [] if code is None else self._targets.given(code, lasti)

    def unpacked(self, code: CodeType | None, lasti: int, op: str) -> Parts:
        """Return the names that what the instruction calls is unpacked to; () if it is not `op`."""
        return () if code is None else self._targets.unpacked(code, lasti, op)

    def _find(self, code: CodeType, lasti: int) -> int:
        batch, line = self._batch, self._line(code, lasti)
        function = "" if code.co_name == "<module>" else code.co_qualname
        cell = self._cell(code)
        key = batch.text(code.co_filename), line, batch.text(function), cell
        row = self._locs.get(key)
        if row is None:
            row = self._locs[key] = self._rows.add(*key)
        return row

    def _line(self, code: CodeType, lasti: int) -> int:
        found = self._lines.get(id(code))
        if found is None:
            ranges = [(start, line or 0) for start, _, line in code.co_lines()]
            starts, lines = [start for start, _ in ranges], [line for _, line in ranges]
            # Keeping the code object keeps its id from being given to another one.
            found = self._lines[id(code)] = code, starts, lines
        _, starts, lines = found
        at = bisect_right(starts, lasti) - 1
        return max(lines[at], 0) if at >= 0 else 0

    def _cell(self, code: CodeType) -> int:
        name = code.co_filename
        if name not in self._cells:
            self._claim()
        cell = self._cells.get(name, -1)
        # Cells of the same source share one name: what runs at top level is of the running cell.
        if cell >= 0 and code.co_name == "<module>" and self._batch.cell >= 0:
            return self._batch.cell
        return cell

    def _claim(self) -> None:
        """Take the names that appeared in linecache since the cell began."""
        if self._batch.cell < 0:
            return
        for name in linecache.cache.keys() - self._seen:
            entry = linecache.cache.get(name)
            if entry is not None and len(entry) > 1 and entry[1] is None:
                self._cells[name] = self._batch.cell
                self._targets.forget(name)
                self._sources.setdefault(self._source, []).append(name)
        self._seen = set(linecache.cache)
