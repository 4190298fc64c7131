"""How large a recording may become: asked for, kept, and told to the next kernel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QInputDialog

from app.runs import Runs
from app.settings import LEAST_GB, MOST_GB, Preferences
from app.window import Window

QUESTION = (
    "Gigabytes of arrays that a recording keeps whole.\n"
    "Of further ones only statistics are kept, and at twice that size on the disk it ends."
)


class RecordingSize(QObject):
    """Lets a person choose the budget of recordings."""

    def __init__(self, runs: Runs, window: Window, preferences: Preferences) -> None:
        super().__init__(window)
        self._runs, self._window, self._preferences = runs, window, preferences
        runs.kernel.keep = 1000 * preferences.keep_gb

    def ask(self) -> None:
        """Ask for the budget without blocking the window."""
        box = QInputDialog(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Size of Recordings")
        box.setLabelText(QUESTION)
        box.setInputMode(QInputDialog.InputMode.DoubleInput)
        box.setDoubleDecimals(1)
        box.setDoubleRange(LEAST_GB, MOST_GB)
        box.setDoubleValue(self._preferences.keep_gb)
        box.doubleValueSelected.connect(self.choose)
        box.open()

    def choose(self, gigabytes: float) -> None:
        """Keep so many gigabytes of arrays whole, from the next start of a kernel on."""
        self._preferences.keep_gb = gigabytes
        self._runs.kernel.keep = 1000 * gigabytes
        self._window.statusBar().showMessage(
            f"Recordings keep {gigabytes:g} GB of arrays whole from the next kernel on", 6000
        )
