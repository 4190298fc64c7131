"""A document from elsewhere runs once the person has said so."""

from __future__ import annotations

import hashlib

from PySide6.QtCore import QObject

from app.documents import Document
from app.runs import Runs
from app.session import Session
from app.settings import Settings
from ui.notebook.trust import TrustBar


class Trusting(QObject):
    """Remembers which code this person has written, saved or trusted here, by its digest."""

    def __init__(self, session: Session, runs: Runs, bar: TrustBar, settings: Settings) -> None:
        super().__init__(bar)
        self._session, self._runs, self._bar, self._settings = session, runs, bar, settings
        bar.trusted.connect(self.trust)
        runs.trust_wanted.connect(self._wanted)
        session.document_changed.connect(self._look)
        session.dirty_changed.connect(self._saved)
        session.path_changed.connect(lambda: self._saved(False))

    def trust(self) -> None:
        """Let this document run, now and whenever its code is the same."""
        self._bar.leave()
        self._remember()
        self._session.trusted = True
        self._runs.run_held()

    def _wanted(self) -> None:
        """The person runs cells: that says it, unless it is asked for in so many words."""
        if self._settings.preferences.ask_trust:
            self._bar.ask()
        else:
            self.trust()

    def _look(self) -> None:
        """A document is shown: what was opened from a file must be known."""
        document, foreign = self._session.document, self._session.foreign
        self._session.trusted = not foreign or not _code(document) or self._knows(document)
        self._runs.forget_held()
        if self._session.trusted:
            self._bar.hide()
        else:
            self._bar.show_opened()

    def _saved(self, dirty: bool) -> None:
        if not dirty and self._session.trusted and self._session.document.path is not None:
            self._remember()

    def _knows(self, document: Document) -> bool:
        return digest(document) in self._settings.trusted()

    def _remember(self) -> None:
        self._settings.add_trusted(digest(self._session.document))


def digest(document: Document) -> str:
    """Return the digest of all code in a document: only that is run."""
    return hashlib.sha256("\0".join(_code(document)).encode("utf-8", "surrogatepass")).hexdigest()


def _code(document: Document) -> list[str]:
    return [c.source for c in document.cells if c.kind == "code" and c.source.strip()]
