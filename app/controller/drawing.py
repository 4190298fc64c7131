"""Says that a picture is being drawn: on a canvas that is empty, or else in the status bar."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.pictures import Pictures
from app.session import Session
from app.window import Window

#: Milliseconds until it is said: most pictures are there before anybody could read it.
EMPTY, SHOWN = 120, 600
_NOTHING = "Nothing recorded yet", "Run a cell: the graph appears here as it is recorded."
_RUNNING = "Running the code", "The graph appears here as it is recorded."


class Drawing(QObject):
    """Follows the pictures of a window; Cancel leaves what was there before."""

    def __init__(self, pictures: Pictures, session: Session, window: Window) -> None:
        super().__init__(pictures)
        self._pictures, self._session, self._busy = pictures, session, window.busy
        self._canvas = window.graph.canvas
        self._part, self._said, self._running = 0.0, False, False
        self._worded = False  # the empty canvas says that something is coming
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._say)
        pictures.begun.connect(self._begun)
        pictures.advanced.connect(self._advanced)
        pictures.ended.connect(self.end)
        session.tape_grew.connect(self._grew)
        self._busy.cancelled.connect(lambda owner: pictures.cancel() if owner is self else None)

    def end(self) -> None:
        """Nothing is being drawn: the canvas, if it is empty, says what to do."""
        self._late.stop()
        self._busy.end(self)
        self._said = False
        self._rest()

    def set_running(self, running: bool) -> None:
        """Say whether cells run, or will as soon as their kernel is there."""
        if running != self._running:
            self._running = running
            if not self._comes:
                self._rest()

    def _rest(self) -> None:
        """Let the canvas say what to do, or what is being done."""
        if not self._pictures.busy:
            self._worded = self._running
            self._canvas.set_placeholder(*(_RUNNING if self._running else _NOTHING))

    @property
    def _comes(self) -> bool:
        """Whether there is something to draw."""
        return self._session.tape is not None and len(self._session.tape.ops) > 0

    def _begun(self) -> None:
        self._part = 0.0
        self._wait()

    def _wait(self) -> None:
        """Say nothing for a moment; but words are not followed by none."""
        if self._canvas.is_empty and self._comes:
            if self._worded:
                self._say()
                return
            self._canvas.set_placeholder("")
        if not self._late.isActive() and not self._said:
            self._late.start(EMPTY if self._canvas.is_empty else SHOWN)

    def _grew(self) -> None:
        if self._canvas.is_empty and not self._said and self._comes:
            self._wait()

    def _advanced(self, part: float) -> None:
        self._part = part
        if self._said:
            self._say()

    def _say(self) -> None:
        """Say it where there is room."""
        tape = self._session.tape
        if tape is None or not self._pictures.busy or not self._comes:
            return
        self._said = True
        self._worded = self._canvas.is_empty
        if self._canvas.is_empty:
            count = len(tape.ops)
            words = f"{count:,} operations are" if count > 1 else "One operation is"
            said = "Drawing the graph", f"{words} recorded and can be played."
            self._canvas.set_placeholder(*said, part=self._part)
        else:
            self._busy.begin(self, "Drawing the graph")
            self._busy.advance(self, round(100 * self._part), 100)
