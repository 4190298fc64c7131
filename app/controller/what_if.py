"""What if: a leaf's value edited in the inspector, and what that changes over the whole graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.counterpart import Counterpart, of_edit
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.rerun import Evaluation, RerunError, evaluate, warm_up
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId

Array = NDArray[Any]


class WhatIf(QObject):
    """Runs the tape again with edited leaves, off the GUI thread; undo shows the recording."""

    def __init__(self, session: Session, window: Window, undo: QUndoStack) -> None:
        super().__init__(window)
        self._session, self._window, self._undo = session, window, undo
        self._edits: dict[int, Array] = {}
        self._frozen: Tape | None = None
        self._warm = False
        self._said = ""
        self.worker = Worker("what if", self)
        self.worker.done.connect(self._done)
        self.worker.failed.connect(self._failed)
        window.inspector.value_edited.connect(self.edit)
        session.selection_changed.connect(self._selected)
        session.tape_changed.connect(self._forget)
        session.tape_grew.connect(self._grew)
        session.counterpart_changed.connect(self._counterpart_changed)

    def reset(self) -> None:
        """Show the recording by itself again; that can be undone."""
        if self._edits:
            self._undo.push(_Edit(self, self._session.tape, dict(self._edits), {}))

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    def apply(self, tape: Tape | None, edits: dict[int, Array]) -> None:
        """Show what the tape becomes with these leaves; nothing for a tape that is gone."""
        if tape is None or tape is not self._session.tape:
            return
        self._edits = edits
        if not edits:
            self.worker.cancel()
            self._session.set_counterpart(None)
            return
        if self._frozen is None:  # kept for the next edit, with the arrays that it has read
            self._frozen = tape.snapshot()
        frozen = self._frozen
        self.worker.submit(lambda cancelled: _evaluated(tape, frozen, edits))

    def _selected(self, node: NodeId | None) -> None:
        """Somebody looks at a leaf: load what an edit would wait for."""
        if node is not None and node.kind == Kind.LEAF and not self._warm:
            self._warm = True
            self.worker.submit(lambda cancelled: warm_up())

    def edit(self, node: NodeId, array: Array) -> None:
        """Give a leaf another value, as a command that can be undone."""
        tape = self._session.tape
        if tape is None or node.kind != Kind.LEAF:
            return
        tensor = int(tape.values["tensor"][node.ref])
        edits = {**self._edits, tensor: array}
        recorded = tape.value(node.ref)
        if recorded is not None and np.array_equal(recorded, array):
            del edits[tensor]
        self._undo.push(_Edit(self, tape, dict(self._edits), edits))

    def _done(self, result: tuple[Tape, Evaluation, Counterpart] | None) -> None:
        if result is None:
            return
        tape, found, counterpart = result
        if tape is not self._session.tape or not self._edits:
            return
        self._session.set_counterpart(counterpart)
        self._said = _words(tape, self._edits, found)
        self._window.notice.show_message(self._said, action=("Show Recording", self.reset))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, RerunError):
            raise error  # ours: the report dialog shows it
        self._edits = {}
        self._session.set_counterpart(None)
        self._window.notice.show_message(str(error), error=True)

    def _counterpart_changed(self) -> None:
        """What was said of an edit goes with it."""
        notice = self._window.notice
        if self._session.counterpart is None and self._said and notice.text() == self._said:
            notice.end()

    def _forget(self) -> None:
        self.worker.cancel()
        self._edits, self._frozen = {}, None

    def _grew(self) -> None:
        self._frozen = None
        if self._edits:
            self._forget()
            self._session.set_counterpart(None)


class _Edit(QUndoCommand):
    """Other leaves; undo goes back to those before."""

    def __init__(
        self, owner: WhatIf, tape: Tape | None, before: dict[int, Array], after: dict[int, Array]
    ) -> None:
        super().__init__("Edit Value" if after else "Show Recording")
        self._apply: Callable[[Tape | None, dict[int, Array]], None] = owner.apply
        self._tape, self._before, self._after = tape, before, after

    def redo(self) -> None:
        self._apply(self._tape, self._after)

    def undo(self) -> None:
        self._apply(self._tape, self._before)


def _evaluated(
    tape: Tape, frozen: Tape, edits: dict[int, Array]
) -> tuple[Tape, Evaluation, Counterpart]:
    found = evaluate(frozen, edits)
    return tape, found, of_edit(frozen.snapshot(), found)  # the window reads while this goes on


def _words(tape: Tape, edits: dict[int, Array], found: Evaluation) -> str:
    names = ", ".join(tape.tensor_label(tensor) for tensor in edits)
    values = int(found.values.sum())
    sent = int(found.contributions.sum())
    text = f"With another {names}, {values:,} values and {sent:,} gradients differ."
    if found.kept:
        text += f"\nKept as recorded: {found.kept[0]}"
        if len(found.kept) > 1:
            text += f", and {len(found.kept) - 1} more"
    return text
