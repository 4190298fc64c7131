"""Attach to a kernel that runs already: what others run in it appears as cells and as a graph."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QFileDialog

from app.controller.files import Files
from app.documents import Cell, Document, new_key
from app.runs import Runs
from app.session import Session
from app.window import Window

FILES = "Connection files of kernels (kernel-*.json *.json)"


class Attaching(QObject):
    """Asks for a connection file, and shows the runs of the kernel that it leads to."""

    def __init__(self, session: Session, runs: Runs, window: Window, files: Files) -> None:
        super().__init__(window)
        self._session, self._runs, self._window, self._files = session, runs, window, files
        runs.kernel.watched.connect(self._watched)

    def ask(self) -> None:
        """Ask for the connection file, where Jupyter keeps them, and attach."""
        where = QStandardPaths.StandardLocation.GenericDataLocation
        folder = Path(QStandardPaths.writableLocation(where)) / "jupyter" / "runtime"
        if not folder.is_dir():  # its name would be taken for a file's
            folder = Path.home()
        name, _ = QFileDialog.getOpenFileName(self._window, "Attach to Kernel", str(folder), FILES)
        if name:
            self.attach(Path(name))

    def attach(self, file: Path) -> bool:
        """Watch a kernel beside an empty notebook, which runs in it, too; returns whether it does.

        It does not yet where the person is asked about unsaved changes first.
        """
        return self._files.leaving.before(lambda: self._attach(file))

    def _attach(self, file: Path) -> bool:
        self._session.title = file.stem
        self._session.set_document(Document(cells=[Cell(new_key())]))
        self._runs.attach(file)
        return True

    def _watched(self, key: str, source: str, count: int) -> None:
        """Show what somebody else runs, above the cell that waits at the end."""
        session = self._session
        if any(cell.key == key for cell in session.document.cells):
            return
        cells = session.document.cells
        last = bool(cells) and not cells[-1].source.strip()
        session.insert_cell(len(cells) - last, Cell(key, "code", source, count=count))
