"""Between the plots over training and the tape: read on a thread, again as the tape grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.tape import Tape
from engine.tape.training import health, parameters, ridges, tracks
from ui.training.panel import What

Names = list[tuple[int, str]]


class TrainingBinding(QObject):
    """Gives the panel what it asks for; a click in it moves the playhead."""

    shown = Signal()  # what was asked for is plotted

    def __init__(self, session: Session, window: Window) -> None:
        super().__init__(window)
        self._session, self._window, self._panel = session, window, window.training
        self._grew = False
        self.worker = Worker("training", self)
        self.worker.done.connect(self._show)
        self.worker.failed.connect(self._failed)
        self._panel.wished.connect(self._ask)
        self._panel.go_to.connect(session.set_playhead)
        window.docks["training"].visibilityChanged.connect(lambda seen: self._ask() if seen else 0)
        session.playhead_changed.connect(self._panel.set_playhead)
        session.tape_changed.connect(self._ask)
        session.tape_grew.connect(self._go_on)

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    def show(self) -> None:
        """Open the plots."""
        self._window.show_training()

    def _ask(self) -> None:
        tape = self._session.tape
        self._grew = False
        if not self._panel.isVisible():
            return
        if tape is None:
            self.worker.cancel()
            self._panel.set_parameters(())
            self._panel.set_tracks(())
            return
        frozen, (what, row, own) = tape.snapshot(), self._panel.wish()
        self.worker.submit(lambda cancelled: (what, *_read(frozen, what, row, own, cancelled)))

    def _go_on(self) -> None:
        """Read again what has grown: when this reading is done, not instead of it."""
        self._grew = True
        if not self.worker.busy:
            self._ask()

    def _show(self, result: tuple[What, Names, Any]) -> None:
        what, named, found = result
        if (tape := self._session.tape) is not None:
            self._panel.set_passes(tape.passes["event"].astype("i8") + 1)
        self._panel.set_parameters([name for _, name in named])
        if what.ridges:
            self._panel.set_ridges(found)
        elif what is What.HEALTH:
            self._panel.set_health(found)
        else:
            self._panel.set_tracks(found)
        self._panel.set_playhead(self._session.playhead)
        self.shown.emit()
        if self._grew:
            self._ask()

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it


def _read(
    tape: Tape, what: What, row: int, own: bool | None, cancelled: Callable[[], bool]
) -> tuple[Names, Any]:
    named = parameters(tape)
    if what is What.HEALTH:
        return named, health(tape, cancelled)
    if not what.ridges:
        return named, tracks(tape, cancelled)
    if not named:
        return named, None
    tensor, name = named[min(max(row, 0), len(named) - 1)]
    return named, ridges(tape, tensor, name, what is What.GRADIENT_RIDGES, cancelled, own)
