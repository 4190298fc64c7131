"""How evenly a tape plays in the real window, and what it costs while it is paused.

    python -m tests.benchmarks.playback [example number, or "long" ...]

Per tape and speed: milliseconds between two frames of the canvas while a step moves (median, 95th
percentile, longest), the GUI thread's own time per frame, the longest stall of the event loop,
stops of the tape that were not shown, and what happened in a second of pause: timer events, and
CPU milliseconds of the process. The real window, 1440 x 900, software raster; QT_QPA_PLATFORM and
QT_SCALE_FACTOR may be given.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QTimer

from app.controller import Controller
from app.examples import examples
from app.main import make_application
from app.settings import Settings
from engine.tape.replay import stops

SIZE = (1440, 900)
SPEEDS = (4.0, 20.0, 60.0)  # stops per second
SECONDS = 5.0  # of play per tape and speed
STALL = 2  # milliseconds between two looks at the event loop
LONG = """\
import torch
x = torch.linspace(-1, 1, 16, requires_grad=True)
w = torch.ones(16, requires_grad=True)
y = x
for i in range(416):
    y = torch.tanh(y * w + 0.1)
y.sum().backward()
"""  # 3 operations a round: 1,250 with the rest


class Ticks(QObject):
    """Counts the timer events of the whole application while installed on it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Timer
        return False


def wait(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the event loop run until something has happened."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


class Stalls:
    """Measures how late the event loop comes to a timer that is always due."""

    def __init__(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(STALL)

    def stop(self) -> float:
        self._timer.stop()
        return 1000.0 * self.longest - STALL

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now


def ready(controller: Controller) -> bool:
    graph = controller.graph
    return graph.picture is not None and not graph.pictures.busy and not controller.runs.busy


def play(controller: Controller, speed: float) -> str:
    """Play the tape's passes at a speed and say how it went."""
    session, player = controller.session, controller.playback.player
    canvas, tape = controller.window.graph.canvas, controller.session.tape
    assert tape is not None
    controller.window.transport.speed_requested.emit(speed)
    session.set_playhead(int(tape.passes["event"][0]))
    wait(lambda: ready(controller) and not canvas.is_animating())
    frames: list[tuple[float, float, bool]] = []
    seen: list[int] = []

    def painted() -> None:
        frames.append((time.perf_counter(), time.thread_time(), canvas.is_animating()))

    canvas.viewport_painted.connect(painted)
    player.moved.connect(seen.append)
    stalls, begin, at = Stalls(), time.monotonic(), session.playhead
    player.play()
    wait(lambda: not player.playing or time.monotonic() - begin > SECONDS)
    player.pause()
    longest = stalls.stop()
    player.moved.disconnect(seen.append)
    canvas.viewport_painted.disconnect(painted)
    due = stops(tape) + 1
    due = due[(due > at) & (due <= session.playhead)]
    missed = len(np.setdiff1d(due, seen))
    moving = [
        (1000 * (b[0] - a[0]), 1000 * (b[1] - a[1]))
        for a, b in itertools.pairwise(frames) if a[2] and b[2]
    ]  # fmt: skip
    if moving:
        between, work = np.array(moving).T
        p50, p95 = np.percentile(between, [50, 95])
        told = f"{p50:6.1f} {p95:6.1f} {between.max():6.1f} {np.median(work):6.1f}"
    else:
        told = f"{'-':>6} {'-':>6} {'-':>6} {'-':>6}"
    return f"{speed:5.0f}/s {len(frames):6} {told} {longest:7.1f} {missed:7}"


def rest(controller: Controller) -> str:
    """Do nothing for a second after a pause and say what happened nevertheless."""
    wait(lambda: not controller.window.graph.canvas.is_animating())
    wait(lambda: False, 0.5)  # what settles after a motion
    ticks = Ticks()
    QCoreApplication.instance().installEventFilter(ticks)
    cpu = time.process_time()
    loop = QEventLoop()
    QTimer.singleShot(1000, loop.quit)
    loop.exec()
    cpu = time.process_time() - cpu
    QCoreApplication.instance().removeEventFilter(ticks)
    return f"paused: {max(ticks.count - 1, 0)} timer events, {1000 * cpu:.1f} ms CPU in 1 s"


def measure(name: str, start: Callable[[Controller], None]) -> None:
    """Open a program in a window of its own, run it, and play it at all speeds."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(Path(place) / "settings.ini")
        controller = Controller(settings)
        window = controller.window
        window.showNormal()
        window.resize(*SIZE)
        window.reset_layout()
        start(controller)
        tape = controller.session.tape
        assert tape is not None
        graph = controller.graph.picture.graph
        print(f"\n{name}: {len(tape.ops)} operations, {len(graph)} nodes shown")
        for speed in SPEEDS:
            print(f"  {play(controller, speed)}")
        print(f"  {rest(controller)}")
        controller.session.set_dirty(False)
        window.close()
        controller.close()
        window.deleteLater()


def long_tape(controller: Controller) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "long.py"
        path.write_text(LONG, "utf-8")
        controller.files.open(path)
        wait(lambda: controller.runs.kernel.state == "idle")
        done: list[bool] = []
        controller.runs.finished.connect(lambda: done.append(True))
        controller.run_all()
        wait(lambda: bool(done) and ready(controller))


def example(controller: Controller, number: int) -> None:
    done: list[bool] = []
    controller.runs.first_run.connect(lambda: done.append(True))
    controller.files.open_example(examples()[number])
    wait(lambda: bool(done) and ready(controller))


def main() -> None:
    application = make_application()
    print(f"{'':9}frames  p50    p95    max   work   stall  missed   (ms)")
    for word in sys.argv[1:] or [*map(str, range(len(examples()))), "long"]:
        if word == "long":
            measure("A chain of 1,250 operations", long_tape)
        else:
            number = int(word)
            measure(examples()[number].title, lambda c, n=number: example(c, n))
    application.quit()


if __name__ == "__main__":
    main()
