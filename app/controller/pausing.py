"""Live mode: the program waits at breakpoints, and the console works with its variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.runs import Runs
from app.session import Session
from app.window import Window
from engine.tape.breakpoints import GO
from ui.notebook.places import keep_line

FOREIGN = (
    "This kernel was started elsewhere, and others may use it: a program in it neither waits at "
    "breakpoints nor notes anything while it runs. Breakpoints hold in its replay."
)
_HOW = "The console (Ctrl+`) sees and changes its variables; Interrupt ends it."


class Pausing(QObject):
    """Tells the kernel where to wait, shows that it does, and lets it go on."""

    said = Signal(str)  # by what the console ran in the pause
    waits = Signal(bool)  # whether the program does
    stopped = Signal()  # inside an operation or a pass: the tape ends there
    at_line = Signal(object)  # it waits before one: the cell's key and the line; None: no more

    def __init__(self, session: Session, runs: Runs, window: Window) -> None:
        super().__init__(window)
        self._session, self._runs, self._window = session, runs, window
        self.live = False
        self.paused = False
        self._asked = False  # the console has run something and waits for its words
        self._words = ""
        self._offers_console = True
        self._place: tuple[str, int] | None = None  # cell's key and line that shall stay in view
        window.notebook.column.resized.connect(self._keep)
        runs.stops = self._stops
        runs.kernel.paused.connect(self._pause)
        runs.kernel.finished.connect(self._over)
        window.notice.gone.connect(self._told_other)

    def toggle(self) -> None:
        """Let programs wait at breakpoints, or not, from their next run on.

        What breakpoints note instead of stopping is printed in either case.
        """
        self.live = not self.live
        self._window.actions_by_id["live"].setChecked(self.live)
        if self.live and self._runs.foreign:
            self._window.notice.show_message(FOREIGN)

    def resume(self, how: str = GO) -> bool:
        """Let a paused program go on, or make a step; False if none is."""
        if not self.paused:
            return False
        self._over()
        self._runs.kernel.resume(how, self._stops())
        return True

    def resume_or(self, otherwise: Callable[[], object], how: str = GO) -> None:
        """Let a paused program go on; where none is, do something else."""
        if not self.resume(how):
            otherwise()

    def run(self, source: str) -> None:
        """Run a text with the paused program's variables; `said` brings what it says."""
        self._asked = True
        self._runs.kernel.run_paused(source)

    def _stops(self) -> Sequence[object]:
        points = [] if self._runs.foreign else self._session.breakpoints
        return [p.plain() for p in points if self.live or (p.log and p.enabled)]

    def _pause(self, key: str, place: dict[str, Any]) -> None:
        self.paused = True
        self.waits.emit(True)
        if self._asked:
            self._asked = False
            self.said.emit(str(place.get("said", "")))
            return
        self._session.read_more()
        self._session.grow()
        self._place = str(place["cell"]), int(place["line"])
        if place["cell"] and any(c.key == place["cell"] for c in self._session.document.cells):
            self._window.notebook.reveal(str(place["cell"]), int(place["line"]))
        if "what" in place:
            self.stopped.emit()
        else:
            self.at_line.emit((str(place["cell"]), int(place["line"])))
        self._words = f"{where(place)} {_HOW}"
        self._offers_console = True
        self._tell()

    def _tell(self) -> None:
        other = ("Open Console", self._open_console) if self._offers_console else None
        self._window.notice.show_message(
            self._words, stays=True, action=("Continue", self.resume), other=other
        )

    def _told_other(self, text: str) -> None:
        """What took this message's place is gone: say again that the program waits."""
        if self.paused and text != self._words:
            self._tell()

    def _open_console(self) -> None:
        """Open it; that the program waits stays to be seen, as a button closes a message."""
        self._offers_console = False
        self._tell()
        self._window.actions_by_id["console"].trigger()

    def _keep(self, height: int) -> None:
        """Keep the line in view, as when the console takes half of the notebook's room."""
        if self._place is not None:
            keep_line(self._window.notebook, *self._place, height)

    def _over(self, *_: object) -> None:
        if self.paused:
            self.at_line.emit(None)
        self.paused = False
        self._place = None
        self.waits.emit(False)
        if self._words and self._window.notice.text() == self._words:
            self._window.notice.hide()


def where(place: dict[str, Any]) -> str:
    """Return where a paused program waits, in a sentence or two."""
    if "what" not in place:
        return f"The program waits before line {place['line']}."
    facts = [place["name"], f"line {place['line']}" if place["line"] else ""]
    beside = ", ".join(filter(None, facts))
    at = f"at {place['what']} ({beside})" if beside else f"at {place['what']}"
    if not place["pass"] and not place["what"]:
        of = place["name"] or "a tensor"
        said = f"The program waits where {of}.grad was assigned, line {place['line']}."
    elif place["pass"] and not place["what"]:
        said = f"The program waits where backward pass {place['pass']} begins, {beside}."
    elif place["pass"]:
        came = ": grad is what came in" if "grad" in place["has"] else ""
        said = f"The program waits in backward pass {place['pass']}, {at}{came}."
    else:
        said = f"The program waits {at}: value is what it computed."
    if place["error"]:
        said += f" The breakpoint's condition has no answer: {place['error']}."
    return said
