"""Reads a growing tape on a thread, and shows it as often as the window can afford it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.work import Worker

SHARE = 4  # after reading and showing growth there is so many times as long for other things
LONGEST = 2.0  # seconds between two looks at most, however long one takes


class Growth(QObject):
    """Has a tape read when it has grown and then calls `show`: now, or after a pause.

    What it costs to show a tape grows with the tape, and news of its growth come 30 times a second.
    `read` reads what there is; it is called on another thread. `show` raises what that raised.
    """

    def __init__(
        self, read: Callable[[], object], show: Callable[[], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._read, self._show = read, show
        self._waiting = False
        self._then: Callable[[], object] | None = None
        self._worker = Worker("growth", self)
        self._worker.done.connect(self._arrived)
        self._worker.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._rested)

    def grew(self) -> None:
        """There is more of the tape."""
        if self._timer.isActive() or self._worker.busy:
            self._waiting = True
        else:
            self._begin()

    def finish(self, then: Callable[[], object]) -> None:
        """Show all that there is by now, then call `then`."""
        self._then = then
        self._begin()

    def close(self) -> None:
        """Read and show nothing any more."""
        self._timer.stop()
        self._worker.close()

    def _begin(self) -> None:
        self._waiting = False
        self._timer.stop()
        self._worker.submit(lambda cancelled: self._timed())

    def _timed(self) -> float:
        began = time.thread_time()
        self._read()
        return time.thread_time() - began

    def _arrived(self, reading: float) -> None:
        began = time.thread_time()
        try:
            self._show()
        finally:
            took = reading + time.thread_time() - began
            self._timer.start(round(1000 * min(SHARE * took, LONGEST)))
            self._finish()

    def _failed(self, error: Exception) -> None:
        self._finish()
        raise error  # ours: the report dialog shows it

    def _finish(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()

    def _rested(self) -> None:
        if self._waiting:
            self._begin()
