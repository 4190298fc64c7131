"""Between the cards in view and the tape: their arrays are read and shrunk off the GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.controller.graph import GraphBinding
from app.session import Session
from app.work import Worker
from engine.tape.replay import state_at
from engine.tape.tape import Tape
from ui.graph.canvas import GraphCanvas
from ui.graph.previews import Preview
from ui.graph.sources import Source, load, sources_at

_KEPT = 8192  # previews, of at most a few kilobytes
_MOMENT = 0.05  # seconds


class PreviewBinding(QObject):
    """Gives the canvas the previews of the cards that are near enough, at the playhead."""

    REST = 60  # milliseconds without a move of the camera, before new cards are looked up

    def __init__(self, session: Session, graph: GraphBinding, canvas: GraphCanvas) -> None:
        super().__init__(canvas)
        self._session, self._graph, self._canvas = session, graph, canvas
        self._known: dict[Source, Preview | None] = {}
        self._frozen: tuple[Tape, int, Tape] | None = None
        self._worker = Worker("previews", self)
        self._worker.done.connect(self._done)
        self._worker.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.update)
        canvas.view_changed.connect(lambda: self._timer.start(self.REST))
        graph.shown.connect(self.update)
        session.playhead_changed.connect(lambda _: self.update())
        session.tape_changed.connect(self._forget)
        session.counterpart_changed.connect(self._forget)

    @property
    def busy(self) -> bool:
        """Return whether previews are being read or about to be."""
        return self._worker.busy or self._timer.isActive()

    def close(self) -> None:
        """End the thread."""
        self._timer.stop()
        self._worker.close()

    def update(self) -> None:
        """Show what is known of the cards in view, and read the rest."""
        self._timer.stop()
        tape = self._tape()
        nodes = self._canvas.nodes_near()
        if tape is None or self._graph.picture is None or not nodes:
            return
        wanted = sources_at(tape, nodes, state_at(tape, self._session.playhead))
        known = self._known
        shown = {n: one for n, s in wanted.items() if (one := known.get(s)) is not None}
        self._canvas.set_previews(shown)
        missing = [source for source in wanted.values() if source not in known]
        if missing and not self._worker.busy:
            frozen = self._snapshot(tape)
            self._worker.submit(lambda cancelled: _read(tape, frozen, missing, cancelled))

    def _tape(self) -> Tape | None:
        """Return the tape whose numbers are shown."""
        other = self._session.counterpart
        return self._session.tape if other is None else other.shown

    def _snapshot(self, tape: Tape) -> Tape:
        """Return what another thread may read: the same as long as the tape has not grown."""
        found = self._frozen
        if found is None or found[0] is not tape or found[1] != len(tape.events):
            found = self._frozen = tape, len(tape.events), tape.snapshot()
        return found[2]

    def _done(self, result: tuple[Tape, dict[Source, Preview | None]]) -> None:
        tape, previews = result
        if tape is not self._tape():
            return
        if len(self._known) > _KEPT:
            self._known.clear()
        self._known |= previews
        self.update()

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _forget(self) -> None:
        self._worker.cancel()
        self._known, self._frozen = {}, None
        self._canvas.set_previews({})
        self.update()


def _read(
    tape: Tape, frozen: Tape, missing: list[Source], cancelled: Callable[[], bool]
) -> tuple[Tape, dict[Source, Preview | None]]:
    """Read for a moment: large arrays should not keep small ones from being shown."""
    found: dict[Source, Preview | None] = {}
    begin = time.perf_counter()
    for source in missing:
        found[source] = load(frozen, source)
        if cancelled() or time.perf_counter() - begin > _MOMENT:
            break
    return tape, found
