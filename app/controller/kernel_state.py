"""What the window says of the kernel: its state, how long a run takes, how it died."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer

from app.runs import Runs
from app.window import Window

STATES = {
    "starting": "Kernel starting …",
    "idle": "Kernel idle",
    "busy": "Kernel busy",
    "dead": "Kernel dead",
    "stopped": "Kernel off",
}
WAITS = "Program waits at a breakpoint"
LOG_LINES = 4  # of what a kernel wrote before it died that are shown
_TICK = 1000  # milliseconds between two looks at the clock while the kernel is busy


class KernelState(QObject):
    """Keeps the label in the status bar, and says what a dead kernel said last."""

    def __init__(self, runs: Runs, window: Window) -> None:
        super().__init__(window)
        self._runs, self._window = runs, window
        self._obituary = ""  # what was said of the last kernel that died
        self._since = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._tick)
        runs.kernel_state_changed.connect(self._changed)
        runs.died.connect(self._died)
        runs.held_back.connect(self._held_back)
        window.kernel_label.setText(STATES["stopped"])

    def _changed(self, state: str) -> None:
        if state == "busy":
            self._since = time.monotonic()
            self._timer.start()
        else:
            self._timer.stop()
        self._window.kernel_label.setText(STATES[state])
        if state == "starting" and self._window.notice.text() == self._obituary:
            self._window.notice.end()  # what it says is over

    def _tick(self) -> None:
        seconds = round(time.monotonic() - self._since)
        self._window.kernel_label.setText(f"{STATES['busy']} · {duration(seconds)}")

    def set_waiting(self, waits: bool) -> None:
        """Say that the program waits at a breakpoint, or that it goes on."""
        if waits:
            self._timer.stop()
            self._window.kernel_label.setText(WAITS)
        elif self._window.kernel_label.text() == WAITS:
            self._timer.start()
            self._tick()

    def _died(self, how: str) -> None:
        first, *log = how.strip().split("\n")
        self._obituary = "\n".join(
            [f"{first} Your notebook and what it recorded are still here.", *log[-LOG_LINES:]]
        )
        self._window.notice.show_message(
            self._obituary, error=True, action=("Restart", self._runs.restart)
        )

    def _held_back(self, key: str, lines: int) -> None:
        if lines:
            self._window.statusBar().showMessage(
                f"{lines:,} printed lines are left out of the middle of a cell's output", 8000
            )


def duration(seconds: int) -> str:
    """Return "7 s", "2 min 05 s" or "1 h 02 min"."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest} s"
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )
