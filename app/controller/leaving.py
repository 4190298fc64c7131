"""What is unsaved is asked about before it goes; the question holds nothing up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

from app.session import Session
from app.window import Window

_BUTTONS = QMessageBox.StandardButton


class Leaving(QObject):
    """Asks in a box of the window; whoever wants to go on hands over what to do then."""

    def __init__(self, session: Session, window: Window, save: Callable[[], bool]) -> None:
        super().__init__(window)
        self._session, self._window, self._save = session, window, save
        self._given_up = False  # and the window is about to close
        self.question: QMessageBox | None = None  # while it is asked

    def before(
        self, go_on: Callable[[], object], stay: Callable[[], object] = lambda: None
    ) -> bool:
        """Call `go_on` when nothing is lost by it: now, or when changes are saved or given up.

        Returns what it returned if it was called now, else False. `stay` is called where the person
        wants to go on with what is there.
        """
        if not self._session.dirty:
            return bool(go_on())
        if self.question is None:
            self.question = self._ask()
            self.question.finished.connect(lambda answer: self._answered(answer, go_on, stay))
            self.question.open()
        self.question.raise_()
        return False

    def may_close(self) -> bool:
        """Return whether the window may close; it is closed again when the answer lets it."""
        if self._session.dirty and not self._given_up:
            self.before(self._close)
            return False
        return True

    def _close(self) -> None:
        self._given_up = True
        self._window.close()

    def _ask(self) -> QMessageBox:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Tapedeck")
        box.setText(f"Save the changes to {self._session.name}?")
        box.setInformativeText("Otherwise they are lost.")
        box.setStandardButtons(_BUTTONS.Save | _BUTTONS.Discard | _BUTTONS.Cancel)
        box.setDefaultButton(_BUTTONS.Save)
        return box

    def _answered(
        self, answer: int, go_on: Callable[[], object], stay: Callable[[], object]
    ) -> None:
        self.question = None
        if answer == _BUTTONS.Discard or (answer == _BUTTONS.Save and self._save()):
            go_on()
        else:
            stay()
