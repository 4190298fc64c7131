"""What starting costs: `python -m tests.benchmarks.start` prints Tapedeck ÷ an empty Qt window.

Fresh processes start the one and the other in turns, with bytecode of both, as installations
have, and settings of their own, as at the first start. The time runs from the start of the process
until its window has been painted with what it begins with, there an empty plot in a main window
of PySide6 and pyqtgraph, here the first example in the notebook, and has answered one event after
that. What is left for later must not be felt either: the longest stall of the event loop in the
two seconds that follow, in which the kernel comes up and runs the example, is printed too.
The promise is 1.5 times the empty window's time and half a second.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.benchmarks import turns

_NAMES = ("empty", "tapedeck")
_AFTER = 2.0  # seconds in which stalls are looked for


class Cost(NamedTuple):
    """Seconds from the start of the process to its usable window; the longest stall after it."""

    usable: float
    stall: float


def measure(name: str, environment: dict[str, str]) -> Cost:
    """Start one of the two as a fresh process; RuntimeError if it paints nothing."""
    with tempfile.TemporaryDirectory() as home:
        own = {f"XDG_{kind}_HOME": f"{home}/{kind}" for kind in ("CONFIG", "DATA", "CACHE")}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.start", "--show", name],
            env={**environment, **own, "IPYTHONDIR": f"{home}/ipython"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        usable = time.perf_counter() - began
        stall, errors = process.communicate()
    if said != "usable\n":
        raise RuntimeError(f"{name} did not paint:\n{errors}")
    return Cost(usable, float(stall))


def main() -> None:
    """Measure and print, or be one of the two windows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--show", choices=_NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show:
        (_show_empty if options.show == "empty" else _show_tapedeck)()
        return
    with tempfile.TemporaryDirectory() as cache:
        environment = {"QT_QPA_PLATFORM": "offscreen", **turns.environment(cache)}
        for name in _NAMES:  # writes the bytecode
            measure(name, environment)
        found = turns.medians(_NAMES, options.rounds, lambda name: measure(name, environment))
    theirs, ours = found["empty"], found["tapedeck"]
    print(
        f"medians of {options.rounds}: tapedeck usable after {ours.usable:.2f} s, an empty window "
        f"after {theirs.usable:.2f} s ({ours.usable / theirs.usable:.2f} ×); "
        f"limit {1.5 * theirs.usable + 0.5:.2f} s; "
        f"longest stall in the {_AFTER:.0f} s after that {ours.stall * 1e3:.0f} ms"
    )


def _show_empty() -> None:
    import pyqtgraph
    from PySide6.QtWidgets import QApplication, QMainWindow

    application = QApplication(["empty"])
    window = QMainWindow()
    plot = pyqtgraph.PlotWidget()
    window.setCentralWidget(plot)
    window.resize(1600, 1000)
    window.show()
    _watch(lambda widget: widget is plot.viewport(), window.close)
    application.exec()


def _show_tapedeck() -> None:
    from app.starting import hasten

    hasten()  # as app.cli does
    from app.main import make_application, run

    application = make_application()

    def shows_code(widget: object) -> bool:
        from ui.notebook.editor import CodeEditor

        editor = getattr(widget, "parent", lambda: None)()
        return isinstance(editor, CodeEditor) and bool(editor.toPlainText())

    def close() -> None:
        for window in application.topLevelWidgets():
            window.close()

    _watch(shows_code, close)
    run(None)


def _watch(wanted: Callable[[object], bool], close: Callable[[], object]) -> None:
    """Say when such a widget was painted, then how long the event loop stalled at most; `close`."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    class Watch(QObject):
        def eventFilter(self, widget: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and wanted(widget):
                application.removeEventFilter(self)
                QTimer.singleShot(0, self.painted)
            return False

        def painted(self) -> None:
            print("usable", flush=True)
            self.began = self.last = time.perf_counter()
            self.stall = 0.0
            self.startTimer(1)

        def timerEvent(self, event: QEvent) -> None:
            now = time.perf_counter()
            self.stall, self.last = max(self.stall, now - self.last), now
            if now > self.began + _AFTER:
                self.killTimer(event.timerId())
                print(self.stall, flush=True)
                close()

    application = QApplication.instance()
    assert application is not None
    watch = Watch(application)
    # From the event loop on: nothing is painted before, and a filter costs the thousands of events
    # by which windows are made.
    QTimer.singleShot(0, application, lambda: application.installEventFilter(watch))


if __name__ == "__main__":
    main()
