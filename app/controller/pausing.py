"""Live mode: the program waits at line breakpoints, and the console works with its variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.runs import Runs
from app.session import Session
from app.window import Window
from engine.tape.breakpoints import On


class Pausing(QObject):
    """Tells the kernel where to wait, shows that it does, and lets it go on."""

    said = Signal(str)  # by what the console ran in the pause

    def __init__(self, session: Session, runs: Runs, window: Window) -> None:
        super().__init__(window)
        self._session, self._runs, self._window = session, runs, window
        self.live = False
        self.paused = False
        self._asked = False  # the console has run something and waits for its words
        self._words = ""
        runs.pauses = self._places
        runs.kernel.paused.connect(self._pause)
        runs.kernel.finished.connect(lambda *_: self._over())

    def toggle(self) -> None:
        """Let programs wait at line breakpoints, or not, from their next run on."""
        self.live = not self.live
        self._window.actions_by_id["live"].setChecked(self.live)

    def resume(self) -> bool:
        """Let a paused program go on; False if none is."""
        if not self.paused:
            return False
        self._over()
        self._runs.kernel.resume()
        return True

    def resume_or(self, otherwise: Callable[[], object]) -> None:
        """Let a paused program go on; where none is, do something else."""
        if not self.resume():
            otherwise()

    def run(self, source: str) -> None:
        """Run a text with the paused program's variables; `said` brings what it says."""
        self._asked = True
        self._runs.kernel.run_paused(source)

    def _places(self) -> Sequence[tuple[str, int]]:
        points = self._session.breakpoints if self.live else ()
        return [tuple(p.target) for p in points if p.on == On.LINE and p.enabled]

    def _pause(self, key: str, place: dict[str, Any]) -> None:
        self.paused = True
        if self._asked:
            self._asked = False
            self.said.emit(str(place.get("said", "")))
            return
        self._session.grow()
        self._window.notebook.reveal(str(place["cell"]), int(place["line"]))
        self._words = (
            f"The program waits before line {place['line']}. The console (Ctrl+`) sees and changes "
            "its variables; Interrupt ends it."
        )
        self._window.notice.show_message(
            self._words, stays=True, action=("Continue", self.resume),
            other=("Open Console", self._window.actions_by_id["console"].trigger),
        )  # fmt: skip

    def _over(self) -> None:
        self.paused = False
        if self._words and self._window.notice.text() == self._words:
            self._window.notice.hide()
