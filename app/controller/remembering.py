"""Keeps breakpoints and watches with their document, from one start to the next."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from app import notes
from app.controller.files import Files
from app.documents import METADATA
from app.notes import Notes
from app.session import Session
from app.settings import Settings


class Remembering(QObject):
    """Reads what was set on a document when it is opened, and keeps what is set.

    The settings keep it for every file by its path; a notebook also carries it, once it is saved.
    """

    def __init__(self, session: Session, files: Files, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._files, self._settings = session, files, settings
        self._reading = self._opened = False
        session.document_changed.connect(self._begin)
        files.shown_changed.connect(self._shown)
        session.breakpoints_changed.connect(self._keep)
        session.watches_changed.connect(self._keep)

    def _begin(self) -> None:
        """Another document, or the same file as others have written it: its cells are new."""
        self._opened = True
        if self._files.shown is not None:
            self._shown()

    def _shown(self) -> None:
        """The document has a file: one that was opened, or that it was saved as.

        What is set on none of a person's files stays with the next one that they open.
        """
        found = self._kept() if self._opened else Notes()
        self._opened = False
        if found != Notes():
            self._set(found)
        else:
            self._keep()

    def _kept(self) -> Notes:
        document, path = self._session.document, self._files.shown
        found: Any = None if path is None else self._settings.notes(path)
        if found is None:
            found = _metadata(document.extra).get(notes.KEY)
        return notes.read(found, document)

    def _set(self, found: Notes) -> None:
        self._reading = True
        self._session.set_breakpoints(found.breakpoints)
        self._session.set_watches(found.watches)
        self._reading = False

    def _keep(self) -> None:
        if self._reading:
            return
        self._opened = False
        session, path = self._session, self._files.shown
        own = Notes(tuple(session.breakpoints), tuple(session.watches))
        said = notes.plain(own, session.document)
        if session.document.format == "ipynb":
            before = _metadata(session.document.extra)
            if said or notes.KEY in before:
                rest = {key: one for key, one in (before or METADATA).items() if key != notes.KEY}
                session.document.extra["metadata"] = rest | ({notes.KEY: said} if said else {})
        if path is not None:
            self._settings.set_notes(path, said)


def _metadata(extra: dict[str, Any]) -> dict[str, Any]:
    found = extra.get("metadata")
    return found if isinstance(found, dict) else {}
