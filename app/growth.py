"""Shows a growing tape as often as the window can afford it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

SHARE = 4  # after showing growth, the window has at least so many times as long for other things
LONGEST = 2.0  # seconds between two looks at most, however long one takes


class Growth(QObject):
    """Calls `show` when a tape has grown: at once, or once the pause after the last time is over.

    What it costs to show a tape grows with the tape, and news of its growth come 30 times a second.
    """

    def __init__(self, show: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._rested)

    def grew(self) -> None:
        """There is more of the tape."""
        if self._timer.isActive():
            self._waiting = True
        else:
            self.show()

    def show(self) -> None:
        """Show all there is now."""
        self._waiting = False
        began = time.thread_time()
        self._show()
        took = min(SHARE * (time.thread_time() - began), LONGEST)
        self._timer.start(round(1000 * took))

    def _rested(self) -> None:
        if self._waiting:
            self.show()
