"""Undoable changes of the notebook's cells; each touches only the session."""

from __future__ import annotations

import copy

from PySide6.QtGui import QUndoCommand

from app.documents import Cell
from app.session import Session


class InsertCell(QUndoCommand):
    """Put a new cell at a place."""

    def __init__(self, session: Session, index: int, cell: Cell) -> None:
        super().__init__("Insert Cell")
        self._session, self._index, self._cell = session, index, cell

    def redo(self) -> None:
        self._session.insert_cell(self._index, self._cell)

    def undo(self) -> None:
        self._cell = self._session.remove_cell(self._cell.key)


class RemoveCell(QUndoCommand):
    """Take a cell out; undo brings it back with its outputs."""

    def __init__(self, session: Session, key: str) -> None:
        super().__init__("Delete Cell")
        self._session, self._key = session, key
        self._index = session.index(key)
        self._cell: Cell | None = None

    def redo(self) -> None:
        self._cell = self._session.remove_cell(self._key)

    def undo(self) -> None:
        assert self._cell is not None
        self._session.insert_cell(self._index, self._cell)


class MoveCell(QUndoCommand):
    """Put a cell at another place."""

    def __init__(self, session: Session, key: str, index: int) -> None:
        super().__init__("Move Cell")
        self._session, self._key = session, key
        self._old, self._new = session.index(key), index

    def redo(self) -> None:
        self._session.move_cell(self._key, self._new)

    def undo(self) -> None:
        self._session.move_cell(self._key, self._old)


class ChangeSource(QUndoCommand):
    """Give a cell another text, by something else than typing.

    What was typed since then goes with an undo and comes back with a redo.
    """

    def __init__(self, session: Session, key: str, source: str) -> None:
        super().__init__("Change Text")
        self._session, self._key, self._other = session, key, source

    def redo(self) -> None:
        self._swap()

    def undo(self) -> None:
        self._swap()

    def _swap(self) -> None:
        now = self._session.cell(self._key).source
        self._session.replace_source(self._key, self._other)
        self._other = now


class ChangeKind(QUndoCommand):
    """Make a cell code, markdown or raw; undo brings its outputs back."""

    def __init__(self, session: Session, key: str, kind: str) -> None:
        super().__init__("Change Cell Type")
        self._session, self._key, self._kind = session, key, kind
        self._before = copy.copy(session.cell(key))

    def redo(self) -> None:
        self._session.set_kind(self._key, self._kind)

    def undo(self) -> None:
        cell = self._session.cell(self._key)
        self._session.set_kind(self._key, self._before.kind)
        cell.outputs, cell.count = self._before.outputs, self._before.count
        self._session.cell_kind_changed.emit(self._key)
