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
    """Recorder on ÷ off, by what the program's own thread does and by all of the process.

    running: CPU seconds of the thread, and the seconds in which it waited for the recorder.
    shared: CPU seconds of the process while the program runs: what a person feels on one core, and
    nearly so on several, since the recorder's thread holds the interpreter's lock most of its time.
    total: the same until all of it is in the file.
    """

    running: Ratio
    shared: Ratio
    total: Ratio


class _Spent(NamedTuple):
    """Seconds per run."""

    running: float
    shared: float
    total: float


def cost(work: Work, rounds: int) -> Cost:
    """Measure in alternating rounds, with a file and, as in the kernel, a thread that flushes."""
    repeats = repeats_of(work, _LEAST)
    off: list[float] = []
    on: list[_Spent] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            off.append(measure(work, repeats))
            on.append(_recorded(work, repeats, Path(folder) / "spool.tape"))
    return Cost(*(ratio(list(seconds), off) for seconds in zip(*on, strict=True)))


def _recorded(work: Work, repeats: int, path: Path) -> _Spent:
    recorder, over = Recorder(path), threading.Event()
    follower = threading.Thread(target=_follow, args=(recorder, over))
    gc.collect()
    recorder.start()
    follower.start()
    before, own = time.process_time(), time.thread_time()
    for _ in range(repeats):
        work()
    running = time.thread_time() - own + recorder.waited
    shared = time.process_time() - before
    recorder.stop()
    recorder.flush()
    total = time.process_time() - before
    over.set()
    follower.join()
    recorder.finish()
    if recorder.failure:
        raise RuntimeError(recorder.failure)
    path.unlink()
    return _Spent(running / repeats, shared / repeats, total / repeats)


def _follow(recorder: Recorder, over: threading.Event) -> None:
    while not over.wait(_EVERY):
        recorder.follow()
