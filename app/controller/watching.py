"""Notices that a document's file was changed by something else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from app.documents import DocumentError, load
from app.session import Session
from app.window import Window

SETTLE = 150  # milliseconds in which a writer may finish


class Watching(QObject):
    """Compares the file with what was read from it or written to it last."""

    def __init__(self, session: Session, window: Window) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._known = ""  # digest of the file as this window knows it
        self._told = ""  # digest of the change that was told of
        self._overwrite = False  # the person wants it
        self.save: Callable[[], object] = lambda: None
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE)
        self._timer.timeout.connect(self.look)
        self._watcher.fileChanged.connect(lambda _: self._timer.start())
        session.path_changed.connect(self.know)

    def know(self) -> None:
        """The document is what its file holds now."""
        if self._watcher.files():
            self._watcher.removePaths(self._watcher.files())
        path = self._session.document.path
        self._known = self._told = _digest(path) if path is not None else ""
        self._follow()

    def changed(self) -> bool:
        """Return whether the file is no longer what this window read or wrote."""
        path = self._session.document.path
        return path is not None and bool(self._known) and _digest(path) not in ("", self._known)

    def look(self) -> None:
        """Tell if the file has changed, once for each change."""
        self._follow()
        path = self._session.document.path
        if path is None or not self.changed() or _digest(path) == self._told:
            return
        self._told = _digest(path)
        mine = " You have unsaved changes, too." if self._session.dirty else ""
        self._window.notice.show_message(
            f"{path.name} was changed by another program.{mine}", stays=True,
            action=("Reload", self.reload), other=("Keep Mine", lambda: None),
        )  # fmt: skip

    def reload(self) -> None:
        """Show the file as it is; kernel and recording stay."""
        path = self._session.document.path
        if path is None:
            return
        try:
            document = load(path)
        except DocumentError as error:
            self._window.notice.show_message(str(error), error=True)
            return
        self._session.replace_document(document)
        self.know()

    def may_overwrite(self, path: Path) -> bool:
        """Return whether saving loses nothing; else ask what to do."""
        if not self.changed() or self._overwrite:
            self._overwrite = False
            return True
        self._told = _digest(path)
        self._window.notice.show_message(
            f"Not saved: {path.name} was changed by another program.", error=True,
            action=("Save Mine Over It", self._save_over), other=("Reload", self.reload),
        )  # fmt: skip
        return False

    def _save_over(self) -> None:
        self._overwrite = True
        self.save()

    def _follow(self) -> None:
        """Watch the file, which may be another one under the same name."""
        path = self._session.document.path
        if path is not None and path.exists() and not self._watcher.files():
            self._watcher.addPath(str(path))


def _digest(path: Path) -> str:
    """Return the digest of a file's content, "" if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
