"""Between a notebook's text, the panel of the lesson and the playhead."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.lessons import LessonError, Step, playhead, steps, value_called
from app.runs import Runs
from app.session import Session
from app.window import Window
from ui.graph.types import Kind, NodeId


class Lesson(QObject):
    """Walks through the text of the document: each step moves the playhead to what it tells of."""

    def __init__(self, session: Session, runs: Runs, window: Window) -> None:
        super().__init__(window)
        self._session, self._window, self._panel = session, window, window.lesson
        self.steps: list[Step] = []
        self.number = 0
        self._panel.stepped.connect(self.step)
        session.document_changed.connect(self._begin)
        runs.finished.connect(self._again)
        self._begin()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "lesson": self.open,
            "lesson_next": lambda: self.step(1),
            "lesson_back": lambda: self.step(-1),
        }

    def open(self) -> None:
        """Show the panel at the step where one was, of the text as it is now."""
        self._read()
        self._window.show_lesson()
        self._show()

    def step(self, by: int) -> None:
        """Go to another step."""
        if self._window.docks["lesson"].isHidden():
            self.open()
        elif 0 <= self.number + by < len(self.steps):
            self.number += by
            self._show()

    def _begin(self) -> None:
        self.number = 0
        self._read()
        if not self._window.docks["lesson"].isHidden():
            self._show()

    def _again(self) -> None:
        if not self._window.docks["lesson"].isHidden():
            self._show()

    def _read(self) -> None:
        try:
            self.steps = steps(self._session.document.cells)
        except LessonError as error:
            self.steps = []
            self._window.notice.show_message(str(error), error=True)
        self.number = min(self.number, max(len(self.steps) - 1, 0))

    def _show(self) -> None:
        if not self.steps:
            self._panel.show_step("", 0, 0)
            return
        step, tape = self.steps[self.number], self._session.tape
        at = None if tape is None else playhead(step, tape)
        missing = "" if at is not None else "Run the notebook to see this step on the graph."
        self._panel.show_step(step.text, self.number, len(self.steps), missing)
        if tape is None or at is None:
            return
        self._session.set_playhead(at)
        row = value_called(step.show, tape) if step.show else None
        if row is not None:
            self._session.select(NodeId(Kind.LEAF, row))
