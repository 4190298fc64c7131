"""How large recordings and kernels may become: asked for, kept, and told to the next kernel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QInputDialog

from app.runs import Runs
from app.settings import LEAST_GB, MOST_GB, Preferences
from app.window import Window

SIZE = (
    "Gigabytes of arrays that a recording keeps whole.\n"
    "Of further ones only statistics are kept, and at twice that size on the disk it ends."
)
MEMORY = (
    "Gigabytes of data that the code may hold; 0 sets no limit.\n"
    "What wants more raises MemoryError, and the kernel lives on. (Only on Linux.)"
)


class RecordingSize(QObject):
    """Lets a person choose the budget of recordings, and that of the code itself."""

    def __init__(self, runs: Runs, window: Window, preferences: Preferences) -> None:
        super().__init__(window)
        self._runs, self._window, self._preferences = runs, window, preferences
        runs.kernel.keep = 1000 * preferences.keep_gb
        runs.kernel.memory = 1000 * preferences.memory_gb

    def ask(self) -> None:
        """Ask for the budget of recordings without blocking the window."""
        value = self._preferences.keep_gb
        self._ask("Size of Recordings", SIZE, value, LEAST_GB, self.choose)

    def ask_memory(self) -> None:
        """Ask for the memory limit without blocking the window."""
        value = self._preferences.memory_gb
        self._ask("Memory Limit", MEMORY, value, 0.0, self.choose_memory)

    def choose(self, gigabytes: float) -> None:
        """Keep so many gigabytes of arrays whole, from the next start of a kernel on."""
        self._preferences.keep_gb = gigabytes
        self._runs.kernel.keep = 1000 * gigabytes
        self._say(f"Recordings keep {gigabytes:g} GB of arrays whole from the next kernel on")

    def choose_memory(self, gigabytes: float) -> None:
        """Let the code hold so many gigabytes, from the next start of a kernel on; 0: any."""
        self._preferences.memory_gb = gigabytes
        self._runs.kernel.memory = 1000 * gigabytes
        limit = f"may hold {gigabytes:g} GB of data" if gigabytes else "has no memory limit"
        self._say(f"The code {limit} from the next kernel on")

    def _ask(
        self, title: str, question: str, value: float, least: float,
        chosen: Callable[[float], object],
    ) -> None:  # fmt: skip
        box = QInputDialog(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(title)
        box.setLabelText(question)
        box.setInputMode(QInputDialog.InputMode.DoubleInput)
        box.setDoubleDecimals(1)
        box.setDoubleRange(least, MOST_GB)
        box.setDoubleValue(value)
        box.doubleValueSelected.connect(chosen)
        box.open()

    def _say(self, text: str) -> None:
        self._window.statusBar().showMessage(text, 6000)
