"""Unsaved work survives a crash: it is kept as it changes, and offered at the next start."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app import recovery
from app.controller.files import Files
from app.controller.leftovers import when
from app.kernel import folders
from app.runs import Runs
from app.session import Session
from app.window import Window
from app.work import Worker

PAUSE = 2000  # milliseconds from a change to its being kept


class Recovering(QObject):
    """Writes the document into a folder of this window's own while it has unsaved changes."""

    kept: Callable[[], object] = staticmethod(lambda: None)  # called when work was written

    def __init__(
        self, session: Session, runs: Runs, window: Window, files: Files, base: Path
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._files, self._base = session, window, files, base
        self._folder: Path | None = None  # made for the first change
        self._worker: Worker | None = None
        self._then: Callable[[], object] = lambda: None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._keep)
        session.dirty_changed.connect(self._dirty)
        window.notebook.source_changed.connect(lambda *_: self._touch())
        for signal in (
            session.cell_inserted, session.cell_removed, session.cell_moved,
            session.cell_kind_changed, session.cell_source_changed, runs.finished,
        ):  # fmt: skip
            signal.connect(lambda *_: self._touch())

    def offer(self, then: Callable[[], object] = lambda: None) -> bool:
        """Tell of the newest work that was left behind; `then` follows once that is decided.

        Returns whether there is any; without any, `then` is called at once.
        """
        self._then = then
        found = recovery.left_behind(self._base)
        if not found:
            then()
            return False
        unsaved = found[0]
        self._window.notice.show_message(
            f"{unsaved.title or 'Untitled'} has unsaved changes of {when(unsaved.file)}, "
            "from when Tapedeck ended unexpectedly.",
            stays=True,
            action=("Open Them", partial(self.open, unsaved)),
            other=("Discard", partial(self.discard, unsaved)),
        )
        return True

    def open(self, unsaved: recovery.Unsaved) -> bool:
        """Show unsaved work as it was, still unsaved; returns whether it is shown.

        It is not yet where the person is asked about other unsaved changes first.
        """
        return self._files.leaving.before(lambda: self._open(unsaved))

    def _open(self, unsaved: recovery.Unsaved) -> bool:
        file = folders.claim(unsaved.file)
        if file is None:
            self._window.notice.show_message("Another window has opened this work.")
            return False
        try:
            document = recovery.restore(recovery.Unsaved(file, unsaved.path, unsaved.title, 0.0))
        except recovery.DocumentError as error:
            self._window.notice.show_message(f"It cannot be read: {error}", error=True)
            return False
        self._files.show_document(document, title="" if unsaved.path else unsaved.title)
        self._drop()
        self._folder = file.parent
        self._session.set_dirty(True)
        return True

    def discard(self, unsaved: recovery.Unsaved) -> None:
        """Give unsaved work up, and offer the next."""
        file = folders.claim(unsaved.file)
        if file is not None:
            folders.remove_folder(file.parent)
        self.offer(self._then)

    def close(self) -> None:
        """The window closes in order: what is not saved was given up."""
        self._timer.stop()
        if self._worker is not None:
            self._worker.close()
        self._folder = None
        for folder in folders.of_this_process(self._base):
            folders.remove_folder(folder)

    def _dirty(self, dirty: bool) -> None:
        if dirty:
            self._touch()
        else:
            self._timer.stop()
            if self._worker is not None:
                self._worker.cancel()
            self._drop()

    def _touch(self) -> None:
        if self._session.dirty and not self._timer.isActive():
            self._timer.start()

    def _keep(self) -> None:
        if self._worker is None:
            self._worker = Worker("recovery", self)
            self._worker.failed.connect(self._failed)
            self._worker.done.connect(lambda _: self.kept())
        if self._folder is None:
            try:
                self._base.mkdir(parents=True, exist_ok=True)
                self._folder = folders.make_folder(self._base)
            except OSError as error:
                self._failed(error)
                return
        document = recovery.snapshot(self._session.document)
        title, folder = self._session.name, self._folder
        self._worker.submit(lambda _: recovery.keep(document, title, folder))

    def _failed(self, error: Exception) -> None:
        self._window.statusBar().showMessage(f"Unsaved work cannot be kept: {error}", 8000)

    def _drop(self) -> None:
        if self._folder is not None:
            folders.remove_folder(self._folder)
            self._folder = None
