"""What recording costs: the time of a program with a recorder ÷ that without."""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from engine.tape.recorder import Recorder
from tests.benchmarks.engine.rounds import Ratio, Work, measure, ratio, repeats_of

_LEAST = 0.25  # seconds of a measurement: several of the follower's flushes are in it
_EVERY = 0.1  # seconds between the follower's flushes


class Cost(NamedTuple):
    """Recorder on ÷ off: while the program runs, and until all of it is in the file."""

    running: Ratio
    total: Ratio


def cost(work: Work, rounds: int) -> Cost:
    """Measure in alternating rounds, with a file and, as in the kernel, a thread that flushes.

    CPU seconds of the process: what the thread drains and writes meanwhile counts as waiting.
    """
    repeats = repeats_of(work, _LEAST)
    off: list[float] = []
    running: list[float] = []
    total: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            off.append(measure(work, repeats))
            on, rest = _recorded(work, repeats, Path(folder) / "spool.tape")
            running.append(on)
            total.append(on + rest)
    return Cost(ratio(running, off), ratio(total, off))


def _recorded(work: Work, repeats: int, path: Path) -> tuple[float, float]:
    """Return CPU seconds per run, while it ran and for the rest of the writing."""
    recorder, over = Recorder(path), threading.Event()
    follower = threading.Thread(target=_follow, args=(recorder, over))
    gc.collect()
    recorder.start()
    follower.start()
    before = time.process_time()
    for _ in range(repeats):
        work()
    ran = time.process_time()
    recorder.stop()
    recorder.flush()
    done = time.process_time()
    over.set()
    follower.join()
    recorder.finish()
    if recorder.failure:
        raise RuntimeError(recorder.failure)
    path.unlink()
    return (ran - before) / repeats, (done - ran) / repeats


def _follow(recorder: Recorder, over: threading.Event) -> None:
    while not over.wait(_EVERY):
        recorder.flush()
