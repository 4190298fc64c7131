"""Errors of ours: logged with their traceback and shown, never passed over."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app import __version__
from ui.notice import Notice
from ui.report import ReportDialog

_log = logging.getLogger("tapedeck")


class Faults(QObject):
    """Catches what nobody caught, on any thread, and shows it in the window.

    The person gets a report that they can copy; nothing leaves the machine.
    """

    _caught = Signal(str)

    def __init__(self, window: QWidget, notice: Callable[[], Notice]) -> None:
        super().__init__(window)
        self._window = window
        self._notice = notice
        self._report = ""  # of the last error
        self.dialog: ReportDialog | None = None
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over sys.excepthook and open the log file."""
        where = QStandardPaths.StandardLocation.AppLocalDataLocation
        folder = Path(QStandardPaths.writableLocation(where))
        folder.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(
            filename=folder / "tapedeck.log", format="%(asctime)s %(levelname)s %(message)s"
        )
        sys.excepthook = self._hook

    def _hook(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("%s", text)
        print(text, file=sys.stderr)
        self._caught.emit(text)

    def _show(self, text: str) -> None:
        if self.dialog is not None:
            return  # one report at a time: what follows is in the log
        self._report = f"Tapedeck {__version__}, Python {sys.version.split()[0]}\n\n{text}"
        self._notice().show_message(
            "Something went wrong inside Tapedeck. Your work is still here; save it to be safe.",
            error=True, action=("Show Report", self.show_report),
        )  # fmt: skip

    def show_report(self) -> None:
        """Show the report of the last error."""
        self.dialog = ReportDialog(self._window, self._report)
        self.dialog.finished.connect(self._closed)
        self.dialog.show()

    def _closed(self) -> None:
        self.dialog = None
