"""Work off the GUI thread: one job at a time, reported exactly once, the newest wins."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

Job = Callable[[Callable[[], bool]], Any]


class _Collections:
    """Puts Python's garbage collections off for as long as any worker holds them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[int] = Counter()  # by worker

    def hold(self, worker: int) -> None:
        with self._lock:
            self._held[worker] += 1
            gc.disable()

    def release(self, worker: int, *, all_of_it: bool = False) -> None:
        """Take back one hold, or all; what is not held is left alone."""
        with self._lock:
            if self._held[worker] <= 1 or all_of_it:
                del self._held[worker]
            else:
                self._held[worker] -= 1
            if not self._held:
                gc.enable()


_COLLECTIONS = _Collections()


class Worker(QObject):
    """Runs jobs on a thread of its own; a job that has not begun gives way to a newer one.

    A job is called with `cancelled() -> bool`, true as soon as a newer one waits. `done` brings its
    result and `failed` its exception; a cancelled job reports nothing.
    """

    done = Signal(object)
    failed = Signal(object)
    _reported = Signal(int, object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._waiting: tuple[int, Job] | None = None
        self._newest = 0
        self._closing = False
        self._reported_last = 0
        self._reported.connect(self._report, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def submit(self, job: Job) -> None:
        """Run `job`, instead of any that is waiting or running; the first one starts the thread."""
        if self._thread.ident is None and not self._closing:
            self._thread.start()
        with self._wake:
            self._newest += 1
            self._waiting = (self._newest, job)
            self._wake.notify()

    def cancel(self) -> None:
        """Run nothing that waits, and report nothing that runs."""
        with self._wake:
            self._newest += 1
            self._waiting = None
            self._reported_last = self._newest

    @property
    def busy(self) -> bool:
        """Return whether a job waits, runs, or has not been reported yet."""
        return self._reported_last != self._newest

    @property
    def alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Cancel what runs and end the thread."""
        with self._wake:
            self._closing = True
            self._newest += 1
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(10)
            _COLLECTIONS.release(id(self), all_of_it=True)  # a report may never arrive

    def _loop(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closing or self._waiting is not None)
                if self._closing:
                    return
                assert self._waiting is not None
                number, job = self._waiting
                self._waiting = None
            result, error = None, None
            # A collection here would hold up the window, and might end a widget in this thread:
            # it is put off until the report has arrived in the other.
            _COLLECTIONS.hold(id(self))
            try:
                result = job(partial(self._is_old, number))
            except Exception as caught:
                error = caught
            with self._wake:
                if self._closing:
                    return
                self._reported.emit(number, result, error)

    def _is_old(self, number: int) -> bool:
        return number != self._newest

    def _report(self, number: int, result: object, error: Exception | None) -> None:
        _COLLECTIONS.release(id(self))
        if number != self._newest:
            return
        self._reported_last = number
        if error is not None:
            self.failed.emit(error)
        else:
            self.done.emit(result)
