"""Work that a person waits for, off the GUI thread: the status bar says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Signal

from app.work import Worker
from ui.busy import Busy

#: Called with what is done, of how much; raises Cancelled when nobody waits any more.
Progress = Callable[[int, int], None]
_STEPS = 200  # reports of a whole


class Cancelled(Exception):
    """The person does not want it any more."""


class Waiting(QObject):
    """Does one thing at a time; a newer one, or Cancel, ends it."""

    advanced = Signal(int, int)

    def __init__(self, busy: Busy, parent: QObject) -> None:
        super().__init__(parent)
        self._busy = busy
        self._worker = Worker("work waited for", self)
        self._done: Callable[[Any], object] = lambda result: None
        self._failed: Callable[[Exception], object] = lambda error: None
        self._worker.done.connect(lambda result: self._end(self._done, result))
        self._worker.failed.connect(lambda error: self._end(self._failed, error))
        self.advanced.connect(self._advance)
        busy.cancelled.connect(lambda owner: self.cancel() if owner is self else None)

    @property
    def busy(self) -> bool:
        """Return whether something is being done."""
        return self._worker.busy

    def run(
        self, words: str, job: Callable[[Progress], Any], done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:  # fmt: skip
        """Do `job`, which reports its progress; then call `done` or `failed`, unless cancelled."""
        self._done, self._failed = done, failed
        self._busy.begin(self, words)
        self._worker.submit(lambda cancelled: job(self._progress(cancelled)))

    def cancel(self) -> None:
        """End what is being done; nothing comes of it."""
        if self._worker.busy:
            self._worker.cancel()
            self._busy.end(self)

    def finish(self) -> None:
        """Wait until it is done."""
        flags = QEventLoop.ProcessEventsFlag
        while self._worker.busy and self._worker.alive:
            QCoreApplication.processEvents(
                flags.ExcludeUserInputEvents | flags.WaitForMoreEvents, 100
            )

    def close(self) -> None:
        """End it and the thread."""
        self._worker.close()

    def _progress(self, cancelled: Callable[[], bool]) -> Progress:
        told = -1

        def report(done: int, total: int) -> None:
            nonlocal told
            if cancelled():
                raise Cancelled
            step = done * _STEPS // max(total, 1)
            if step != told:
                told = step
                self.advanced.emit(step, _STEPS)

        return report

    def _advance(self, done: int, total: int) -> None:
        self._busy.advance(self, done, total)

    def _end(self, call: Callable[[Any], object], result: object) -> None:
        self._busy.end(self)
        call(result)
