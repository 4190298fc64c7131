"""How long the window's event loop stands still while a long run streams in.

`python -m tests.benchmarks.streaming [operations]` (100,000) runs a program in the real window,
whose timer asks to be called every 5 ms, and prints the longest gaps between two calls: while the
run streams in, and until the last picture is drawn. The target is 50 ms, the limit 100 ms.
On a machine that does other work, too, the gaps say little; the processor time that this process
used within them bounds what they would be on a quiet one, and is printed as well.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer

from app.controller import Controller
from app.main import make_application
from app.settings import Settings

EVERY = 5  # milliseconds
SECONDS = 600
PROGRAM = """\
import torch
x = torch.ones(64, requires_grad=True)
for step in range({steps}):
    y = x
    for _ in range(25):
        y = y * 1.01 + 0.1
    y.sum().backward()
"""
PER_STEP = 2 * 25 + 1


class Ticks:
    """Gaps between the calls of a timer: on the clock, and of this process's processor time."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self._last = _now()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(EVERY)

    def take(self) -> str:
        """Return the longest gaps so far in words, and begin anew."""
        gaps, self.gaps = self.gaps, []
        clock, worked = ([gap[kind] for gap in gaps] for kind in (0, 1))
        return f"{len(gaps)} ticks; clock: {_words(clock)}; own work: {_words(worked)}"

    def _tick(self) -> None:
        now = _now()
        self.gaps.append((now[0] - self._last[0], now[1] - self._last[1]))
        self._last = now


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _words(gaps: list[float]) -> str:
    worst = ", ".join(f"{1000 * gap:.0f}" for gap in sorted(gaps)[-4:])
    over = [sum(gap > limit for gap in gaps) for limit in (0.05, 0.1)]
    return f"longest {worst} ms, {over[0]} over 50, {over[1]} over 100"


def main(operations: int) -> int:
    """Run, and print the gaps."""
    application = make_application()
    with tempfile.TemporaryDirectory(prefix="td") as place:
        settings = Settings(Path(place) / "settings.ini")
        settings.preferences.ask_trust = False
        controller = Controller(settings)
        controller.window.showNormal()
        controller.window.resize(1280, 800)
        controller.window.reset_layout()
        program = Path(place) / "long.py"
        program.write_text(PROGRAM.format(steps=operations // PER_STEP), "utf-8")

        def until(true: Callable[[], bool]) -> None:
            deadline = time.monotonic() + SECONDS
            while not true() and time.monotonic() < deadline:
                application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)

        controller.files.open(program)
        until(lambda: controller.runs.kernel.state == "idle")
        ticks = Ticks()
        began = time.monotonic()
        controller.run_all()
        until(lambda: not controller.runs.busy)
        tape = controller.session.tape
        print(f"{len(tape.ops) if tape else 0:,} operations in {time.monotonic() - began:.1f} s")
        print(f"  while they stream in: {ticks.take()}")
        until(lambda: not controller.graph.pictures.busy)
        print(f"  until all is drawn:   {ticks.take()}")
        controller.session.set_dirty(False)
        controller.window.close()
        controller.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
