"""Files that tracebacks name: opened at the line, and nothing in them is run."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app import percent
from app.controller.files import Files
from app.session import Session
from app.window import Window


class Sources(QObject):
    """Follows a traceback from a cell into the person's own modules."""

    def __init__(self, session: Session, window: Window, files: Files) -> None:
        super().__init__(window)
        self._session, self._window, self._files = session, window, files
        window.notebook.file_wished.connect(self._open)
        files.line_wished.connect(self._go_to)

    def _open(self, name: str, line: int) -> None:
        """Show a line of a script, in the tab that has it or in a new one."""
        document = self._session.document.path
        path = (document.parent if document else Path.cwd()) / Path(name).expanduser()
        if not path.is_file():
            self._window.notice.show_message(f"{path} is not there any more.", error=True)
        elif self._files.open(path):
            (self._files.elsewhere(path) or self._files).line_wished.emit(line)

    def _go_to(self, line: int) -> None:
        document = self._session.document
        assert document.path is not None
        cell, place = percent.place(document.path.read_text("utf-8"), line)
        if cell < len(document.cells):  # it was not edited meanwhile
            self._window.notebook.reveal(document.cells[cell].key, place)
