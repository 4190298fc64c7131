"""What is done behind the first picture: piece by piece, where the event loop has nothing else."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterator

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

SLICE = 0.004  # seconds of pieces, one after the other, before the event loop has its turn
LOOK = 5  # milliseconds between two looks at a thread that imports

#: Does a piece at each step; yields milliseconds to wait before the next.
Pieces = Iterator[int]


class Behind(QObject):
    """Takes step by step what is to be done, from when `window` has been painted; then `done`."""

    def __init__(self, window: QWidget, pieces: Pieces, done: Callable[[], object]) -> None:
        super().__init__(window)
        self._window, self._pieces, self._done = window, pieces, done
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._slice)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Begin after the first picture."""
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _slice(self) -> None:
        until, wait = time.perf_counter() + SLICE, 0
        while not wait and time.perf_counter() < until:
            found = next(self._pieces, None)
            if found is None:
                self._done()
                return
            wait = found
        self._timer.start(wait)


class Imports:
    """Imports modules on threads, one call after the other."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def of(self, *names: str) -> Pieces:
        """Import modules that only Python makes, or whose types of Qt exist."""
        thread = threading.Thread(target=lambda: [*map(importlib.import_module, names)])
        thread.daemon = True
        self._threads.append(thread)
        thread.start()
        while thread.is_alive():
            yield LOOK

    def close(self) -> None:
        """Wait for what is being imported."""
        for thread in self._threads:
            thread.join()


def types() -> Pieces:
    """Make all types of Qt, which PySide does when they are first named: here, on one thread."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield 0
