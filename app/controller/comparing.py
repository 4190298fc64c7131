"""Comparing the shown recording with another one: list, graph, inspector, one linked playhead."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.controller.waiting import Progress, Waiting
from app.counterpart import of_tape
from app.session import Session
from app.window import Window
from engine.tape.compare import Comparison, Difference, compare
from engine.tape.schema import Event
from engine.tape.tape import Tape, TapeError
from ui.graph.types import Kind, NodeId

Result = tuple[Tape, Tape, str, Comparison]


class Comparing(QObject):
    """Opens the other recording and compares off the GUI thread; ends with the shown tape."""

    def __init__(self, session: Session, window: Window) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._panel = window.differences
        self._other: Tape | None = None
        self._found: Comparison | None = None
        self.waiting = Waiting(window.busy, self)
        self._panel.chosen.connect(self._go_to)
        self._panel.ended.connect(self.end)
        session.counterpart_changed.connect(self._counterpart_changed)

    def ask(self) -> None:
        """Ask which recording to compare with."""
        if self._session.tape is None or not len(self._session.tape.events):
            self._window.notice.show_message("There is no recording to compare yet.", error=True)
            return
        name, _ = QFileDialog.getOpenFileName(self._window, "Compare With", "", "Tapes (*.tape)")
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Compare the shown recording with a file."""
        tape = self._session.tape
        if tape is None:
            return
        frozen = tape.snapshot()

        def job(progress: Progress) -> Result:
            other = Tape.open(path, progress=progress)
            try:
                found = compare(frozen, other, lambda: progress(1, 1))
            except BaseException:
                other.close()
                raise
            return tape, other, path.name, found

        self.waiting.run(f"Comparing with {path.name}", job, self._done, self._failed)

    def end(self) -> None:
        """Show the recording by itself again."""
        self._session.set_counterpart(None)

    def close(self) -> None:
        """End the thread and let go of the other recording."""
        self.waiting.close()
        self._release()

    def _done(self, result: Result) -> None:
        tape, other, name, found = result
        if tape is not self._session.tape:
            other.close()
            return
        self._session.set_counterpart(of_tape(tape, other, name, found))
        self._other, self._found = other, found
        self._panel.set_differences(name, found.differences)
        self._window.show_differences()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, TapeError):
            raise error  # ours: the report dialog shows it
        self._window.notice.show_message(str(error), error=True)

    def _go_to(self, row: Difference) -> None:
        tape, found = self._session.tape, self._found
        assert tape is not None
        if row.event_a < 0:  # only in the other one: where it would be in this one
            if found is not None:
                self._session.set_playhead(found.own_playhead(row.event_b))
                self._session.select(None)
            return
        self._session.set_playhead(row.event_a + 1)
        if row.kind == "gradient":
            accumulates = tape.nodes["variable"][row.node] >= 0
            self._session.select(NodeId(Kind.ACCUMULATE if accumulates else Kind.GRAD_FN, row.node))
        elif row.op >= 0:
            self._session.select(NodeId(Kind.OP, row.op))
        else:
            kind, ref = (int(tape.events[c][row.event_a]) for c in ("kind", "ref"))
            self._session.select(NodeId(Kind.LEAF, ref) if kind == Event.LEAF else None)

    def _counterpart_changed(self) -> None:
        counterpart = self._session.counterpart
        if counterpart is None or counterpart.kind != "tape":
            self._panel.set_differences("", ())
            self._release()

    def _release(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other = self._found = None
