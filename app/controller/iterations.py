"""Between the inspector's plot over iterations and the tape: reads on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.session import Session
from app.work import Worker
from engine.tape.history import History, Series
from engine.tape.slicing import SliceError, parse
from engine.tape.tape import Tape
from ui.inspector.inspector import Inspector
from ui.inspector.records import Leaf


class IterationsBinding(QObject):
    """Gives the plot what it asks for, again as the tape grows; remembers each leaf's slice."""

    def __init__(self, session: Session, inspector: Inspector) -> None:
        super().__init__(inspector)
        self._session, self._inspector = session, inspector
        self._leaf: Leaf | None = None
        self._texts: dict[int, str] = {}
        self._grew = False
        self.worker = Worker("iterations", self)
        self.worker.done.connect(self._show)
        self.worker.failed.connect(self._failed)
        inspector.leaf_shown.connect(self._turn_to)
        inspector.details.iterations.requested.connect(self._ask)
        session.tape_changed.connect(self._forget)
        session.tape_grew.connect(self._go_on)
        session.playhead_changed.connect(inspector.details.iterations.set_playhead)

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    def _turn_to(self, leaf: Leaf | None) -> None:
        if leaf is None or (self._leaf is not None and leaf.tensor == self._leaf.tensor):
            return
        self._leaf = leaf
        text = self._texts.get(leaf.tensor, f"{leaf.name}.grad" if leaf.grads else leaf.name)
        self._inspector.details.iterations.set_slice(text)
        self._ask(text)

    def _ask(self, text: str) -> None:
        tape, leaf = self._session.tape, self._leaf
        if tape is None or leaf is None:
            return
        self._texts[leaf.tensor] = text
        self._grew = False
        frozen = tape.snapshot()  # it grows on this thread
        self.worker.submit(lambda cancelled: _series(frozen, leaf, text, cancelled))

    def _go_on(self) -> None:
        """Read again what has grown: when this reading is done, not instead of it."""
        self._grew = True
        if not self.worker.busy:
            self._again()

    def _again(self) -> None:
        if self._grew and self._leaf is not None and self._inspector.details.iterations.isVisible():
            self._ask(self._texts[self._leaf.tensor])

    def _show(self, series: Series) -> None:
        self._inspector.details.iterations.show_series(series)
        self._again()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, SliceError):
            raise error  # ours: the report dialog shows it
        self._inspector.details.iterations.show_problem(str(error))

    def _forget(self) -> None:
        self.worker.cancel()
        self._leaf, self._texts = None, {}


def _series(tape: Tape, leaf: Leaf, text: str, cancelled: Callable[[], bool]) -> Series:
    return History(tape, leaf.tensor).series(parse(text, leaf.name), cancelled)
