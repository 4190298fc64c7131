"""What is done behind the first picture: piece by piece, where the event loop has nothing else."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterator

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

SLICE = 0.008  # seconds of pieces, one after the other, before the event loop has its turn


class Behind(QObject):
    """Calls `advance` until it returns False, from when `window` has been painted; then `done`."""

    def __init__(
        self, window: QWidget, advance: Callable[[], bool], done: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._window, self._advance, self._done = window, advance, done
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._slice)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Begin after the first picture."""
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _slice(self) -> None:
        until = time.perf_counter() + SLICE
        while time.perf_counter() < until:
            if not self._advance():
                self._timer.stop()
                self._done()
                return


class Plots:
    """Brings pyqtgraph, which takes a third of a second, before the first plot is drawn."""

    def __init__(self) -> None:
        self._names = self._types()
        self._thread = threading.Thread(
            target=importlib.import_module, args=("ui.plots.lines",), name="plots", daemon=True
        )

    def advance(self) -> bool:
        """Do a piece of it; returns whether there was one.

        Half of the time goes into all types of Qt, which PySide makes when they are first named:
        here, so that no other thread does. The rest is Python's alone, and is for a thread.
        """
        if next(self._names, None) is not None:
            return True
        if self._thread.ident is None:
            self._thread.start()
        return False

    def close(self) -> None:
        """Wait for the thread."""
        if self._thread.ident is not None:
            self._thread.join()

    @staticmethod
    def _types() -> Iterator[str]:
        for module in (QtCore, QtGui, QtWidgets):
            for name in dir(module):
                getattr(module, name)
                yield name
