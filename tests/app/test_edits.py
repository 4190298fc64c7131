"""Undo takes back any sequence of cell edits, outputs included."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QUndoStack
from pytestqt.qtbot import QtBot

from app.documents import Cell, Document, new_key
from app.edits import ChangeKind, ChangeSource, InsertCell, MoveCell, RemoveCell
from app.session import Session

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "remove", "move", "kind", "change"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(["code", "markdown", "raw"]),
    ),
    max_size=25,
)


def session() -> Session:
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    cells = [Cell(f"c{i}", "code", f"x = {i}", [dict(output)], i) for i in range(3)]
    return Session(Document(cells=cells))


def perform(undo: QUndoStack, on: Session, edit: tuple[str, int, int, str]) -> None:
    what, a, b, kind = edit
    cells = on.document.cells
    if what == "insert":
        undo.push(InsertCell(on, a % (len(cells) + 1), Cell(new_key(), kind)))
    elif not cells:
        return
    elif what == "remove":
        undo.push(RemoveCell(on, cells[a % len(cells)].key))
    elif what == "move":
        undo.push(MoveCell(on, cells[a % len(cells)].key, b % len(cells)))
    elif what == "change":
        undo.push(ChangeSource(on, cells[a % len(cells)].key, f"y = {b}"))
    else:
        undo.push(ChangeKind(on, cells[a % len(cells)].key, kind))


@given(EDITS)
def test_undo_and_redo_restore_every_state(edits: list[tuple[str, int, int, str]]) -> None:
    on, undo = session(), QUndoStack()
    states = [copy.deepcopy(on.document.cells)]
    for edit in edits:
        before = undo.index()
        perform(undo, on, edit)
        if undo.index() > before:
            states.append(copy.deepcopy(on.document.cells))
    for state in reversed(states[:-1]):
        undo.undo()
        assert on.document.cells == state
    for state in states[1:]:
        undo.redo()
        assert on.document.cells == state


def test_an_edit_makes_the_document_dirty_and_says_so_once(qtbot: QtBot) -> None:
    on = session()
    changes: list[bool] = []
    on.dirty_changed.connect(changes.append)
    on.set_source("c0", "y = 1")
    on.set_source("c0", "y = 2")
    on.set_dirty(False)
    assert changes == [True, False]


def test_an_unchanged_source_is_no_edit(qtbot: QtBot) -> None:
    on = session()
    on.set_source("c1", "x = 1")
    assert not on.dirty


@given(EDITS, st.integers(0, 9))
def test_what_was_typed_after_a_change_comes_back_with_it(
    edits: list[tuple[str, int, int, str]], at: int
) -> None:
    on, undo = session(), QUndoStack()
    for edit in edits:
        perform(undo, on, edit)
        cells = on.document.cells
        if cells:
            on.set_source(cells[at % len(cells)].key, f"typed = {len(edits)}")
    state = copy.deepcopy(on.document.cells)
    if undo.canUndo():
        undo.undo()
        undo.redo()
    assert on.document.cells == state
