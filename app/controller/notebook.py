"""Between notebook view, session and runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QUndoStack
from PySide6.QtWidgets import QMainWindow

from app.controller.assisting import Assisting
from app.controller.cells import CellActions
from app.documents import Cell, new_key
from app.edits import ChangeKind, InsertCell, MoveCell
from app.runs import Runs
from app.session import Session
from ui.notebook.state import CellState
from ui.notebook.view import NotebookView


class NotebookBinding(QObject):
    """Shows the document's cells, takes the person's edits, and shows what a run brings."""

    def __init__(self, session: Session, runs: Runs, view: NotebookView, undo: QUndoStack) -> None:
        super().__init__(view)
        self._session, self._runs, self._view, self._undo = session, runs, view, undo
        self.cells = CellActions(session, runs, view, undo)
        self.assisting = Assisting(runs.kernel, view.assist)
        session.document_changed.connect(self._show)
        session.cell_inserted.connect(self._inserted)
        session.cell_removed.connect(view.remove_cell)
        session.cell_moved.connect(view.move_cell)
        session.cell_kind_changed.connect(self._kind_changed)
        session.cell_source_changed.connect(self._source_changed)
        runs.status_changed.connect(view.set_status)
        runs.outputs_added.connect(view.add_outputs)
        runs.outputs_cleared.connect(view.clear_outputs)
        runs.count_changed.connect(view.set_count)
        view.source_changed.connect(session.set_source)
        view.run_requested.connect(lambda key, _: runs.run([key]))
        view.runs_requested.connect(lambda keys: runs.run(keys, self.cells.stop_on_error()))
        view.outputs_cleared.connect(self._cleared)
        view.link_activated.connect(lambda link: QDesktopServices.openUrl(QUrl(link)))
        view.run_all_requested.connect(runs.run_all)
        view.insert_requested.connect(self._insert)
        view.remove_requested.connect(self.cells.remove)
        view.move_requested.connect(self._move)
        view.kind_requested.connect(lambda key, kind: undo.push(ChangeKind(session, key, kind)))
        view.lost_place.connect(self._say_lost)
        runs.input_requested.connect(self._ask_input)
        view.input_given.connect(self._answer)
        self._asked = ("", False)  # the prompt that stands in a cell, and whether it is secret
        self._show()

    def run_current(self) -> None:
        """Run the cell that the person is in, and go to the next."""
        self._view.commands.perform("run_advance")

    def add_line(self, line: str) -> None:
        """Write a line of code into the current cell, or into a new one below it."""
        if not self._view.add_line(line):
            key = self._view.current()
            index = 0 if key is None else self._session.index(key) + 1
            cell = Cell(new_key(), "code", line)
            self._undo.push(InsertCell(self._session, index, cell))
            self._view.edit(cell.key)

    def _show(self) -> None:
        self._undo.clear()
        self._view.set_cells([_state(cell) for cell in self._session.document.cells])

    def _say_lost(self, count: int) -> None:
        text = f"The cell of run [{count}] has run again since, or is gone"
        window = self._view.window()
        if isinstance(window, QMainWindow):
            window.statusBar().showMessage(text, 6000)

    def _ask_input(self, key: str, prompt: str, password: bool) -> None:
        if key in self._view.order():
            self._asked = (prompt, password)
            self._view.ask_input(key, prompt, password)

    def _answer(self, key: str, text: str) -> None:
        prompt, secret = self._asked
        self._view.ask_input(key, None)
        if secret:
            self._runs.kernel.reply_input(text)
        else:
            self._runs.answer(key, prompt, text)

    def _cleared(self, key: str) -> None:
        self._session.cell(key).outputs = []
        self._session.set_dirty(True)

    def _insert(self, key: str, where: int, kind: str) -> None:
        index = self._session.index(key) + where if key else 0
        self._undo.push(InsertCell(self._session, index, Cell(new_key(), kind)))

    def _move(self, key: str, delta: int) -> None:
        index = self._session.index(key) + delta
        if 0 <= index < len(self._session.document.cells):
            self._undo.push(MoveCell(self._session, key, index))

    def _inserted(self, index: int) -> None:
        self._view.insert_cell(index, _state(self._session.document.cells[index]))

    def _source_changed(self, key: str) -> None:
        self._view.set_source(key, self._session.cell(key).source)

    def _kind_changed(self, key: str) -> None:
        cell = self._session.cell(key)
        self._view.set_kind(key, cell.kind)
        self._view.clear_outputs(key)
        self._view.add_outputs(key, cell.outputs)
        self._view.set_count(key, cell.count)


def _state(cell: Cell) -> CellState:
    outputs: Sequence[dict[str, object]] = cell.outputs
    carried = cell.extra.get("attachments")
    attachments = carried if isinstance(carried, dict) else {}
    return CellState(cell.key, cell.kind, cell.source, list(outputs), cell.count, attachments)
