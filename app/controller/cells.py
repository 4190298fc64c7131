"""What is done with whole cells: cut, copy, paste, split, merge, run above and below, clear."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoStack

from app.attachments import KEY, carried, united
from app.documents import SCRIPT, Cell, new_key
from app.edits import ChangeKind, ChangeSource, InsertCell, RemoveCell
from app.runs import Runs
from app.session import Session
from ui.notebook.commands import counted
from ui.notebook.view import NotebookView


class CellActions(QObject):
    """Grants the wishes of the notebook that need the document or the kernel."""

    def __init__(self, session: Session, runs: Runs, view: NotebookView, undo: QUndoStack) -> None:
        super().__init__(view)
        self._session, self._runs, self._view, self._undo = session, runs, view, undo
        self._copied: list[Cell] = []
        self.stop_on_error: Callable[[], bool] = lambda: False
        self._table: dict[str, Callable[[str], object]] = {
            "run_above": lambda key: self._run(0, session.index(key)),
            "run_below": lambda key: self._run(session.index(key), None),
            "clear_all": lambda _: self._clear_all(),
            "cut": self._cut,
            "copy_cell": self._copy,
            "paste": partial(self._paste, place=1),
            "paste_above": partial(self._paste, place=0),
            "split": self._split,
            "merge": self._merge,
            "undo": lambda _: undo.undo(),
            "redo": lambda _: undo.redo(),
            "interrupt": lambda _: runs.interrupt(),
            "restart": lambda _: runs.restart(),
            **{f"heading_{n}": partial(self._heading, level=n) for n in range(1, 7)},
        }
        view.as_one = self.as_one
        view.sources_requested.connect(partial(self.change_sources, "Replace"))
        view.wished.connect(lambda name, key: self._table[name](key))

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return the handlers of the commands in `app.notebook_commands` that act on a cell."""
        perform = self._view.commands.perform
        return {
            "run_above": partial(perform, "run_above"),
            "run_below": partial(perform, "run_below"),
            "clear_outputs": partial(perform, "clear_all"),
            "find_in_cells": self._view.finding.open,
            "split_cell": partial(perform, "split"),
            "merge_cells": partial(perform, "merge"),
            "cut_cell": partial(perform, "cut"),
            "copy_cell": partial(perform, "copy_cell"),
            "paste_cell": partial(perform, "paste"),
            "select_cells": partial(perform, "select_all"),
        }

    def remove(self, key: str) -> None:
        """Take a cell out; a notebook without cells gets an empty one."""
        with self.as_one("Delete Cell"):
            self._undo.push(RemoveCell(self._session, key))
            if not self._session.document.cells:
                self._undo.push(InsertCell(self._session, 0, Cell(new_key())))

    def change_sources(self, words: str, sources: dict[str, str]) -> None:
        """Give cells other texts, as one change that Undo calls by these words."""
        with self.as_one(words):
            for key, source in sources.items():
                if source != self._session.cell(key).source:
                    self._undo.push(ChangeSource(self._session, key, source))

    def _run(self, start: int, stop: int | None) -> None:
        cells = self._session.document.cells[start:stop]
        self._runs.run([cell.key for cell in cells], self.stop_on_error())

    def _clear_all(self) -> None:
        for cell in self._session.document.cells:
            if cell.outputs:
                self._view.commands.perform_on(cell.key, "clear")

    def _copy(self, key: str) -> None:
        self._copied = [copy.deepcopy(self._session.cell(one)) for one in self._view.selected(key)]

    def _cut(self, key: str) -> None:
        self._copy(key)
        self._view.commands.perform_on(key, "delete")

    def _paste(self, key: str, place: int) -> None:
        if not self._copied:
            return
        keys = self._view.selected(key)
        index = self._session.index(keys[-1]) + 1 if place else self._session.index(keys[0])
        made = [copy.deepcopy(cell) for cell in self._copied]
        with self.as_one(counted("Insert Cell", len(made))):
            for number, cell in enumerate(made):
                cell.key = new_key()
                cell.extra.pop("id", None)
                self._undo.push(InsertCell(self._session, index + number, cell))
        self._view.set_current(made[-1].key)

    def _split(self, key: str) -> None:
        cell, at = self._session.cell(key), self._view.cursor_index(key)
        upper, lower = cell.source[:at], cell.source[at:]
        extra = {name: copy.deepcopy(cell.extra[name]) for name in cell.extra if name != SCRIPT}
        extra.pop("id", None)
        # A line break or a few spaces at the cut separate nothing any more.
        made = Cell(new_key(), cell.kind, lower.removeprefix("\n"), extra=extra)
        with self.as_one("Split Cell"):
            self._undo.push(ChangeSource(self._session, key, upper.rstrip("\n")))
            self._undo.push(InsertCell(self._session, self._session.index(key) + 1, made))
        self._view.edit(made.key)

    def _merge(self, key: str) -> None:
        """Put the selected cells together, or a single one and the one below it."""
        keys, cells = self._view.selected(key), self._session.document.cells
        index = self._session.index(keys[0])
        merged = cells[index : index + max(len(keys), 2)]
        if len(merged) < 2:
            return
        first, (text, pictures) = merged[0], united(merged)
        with self.as_one("Merge Cells"):
            if first.kind == "code" or pictures == carried(first):
                self._undo.push(ChangeSource(self._session, first.key, text))
                kept, gone = first, merged[1:]
            else:
                extra = {**first.extra, KEY: pictures}
                kept, gone = Cell(new_key(), first.kind, text, extra=extra), merged
                self._undo.push(InsertCell(self._session, index, kept))
            for cell in gone:
                self._undo.push(RemoveCell(self._session, cell.key))
        self._view.set_current(kept.key)

    def _heading(self, key: str, level: int) -> None:
        """Make cells texts whose first line is a heading of a level."""
        with self.as_one("Heading"):
            for one in self._view.selected(key):
                cell = self._session.cell(one)
                text = f"{'#' * level} {cell.source.lstrip('#').lstrip(' ')}"
                if cell.kind != "markdown":
                    self._undo.push(ChangeKind(self._session, one, "markdown"))
                self._undo.push(ChangeSource(self._session, one, text))

    @contextmanager
    def as_one(self, text: str) -> Iterator[None]:
        """Let several changes be undone as one."""
        self._undo.beginMacro(text)
        try:
            yield
        finally:
            self._undo.endMacro()
