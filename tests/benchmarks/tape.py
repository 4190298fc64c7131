"""`python -m tests.benchmarks.tape`: how long tapes of any size take to open, describe and seek.

Makes a tape of 100,000 operations with 400 MB of arrays, one of 1,000,000 operations (both training
loops of 1,000 operations per iteration), and one of 1 GB of large arrays. Then it measures,
each in a process of its own that has imported everything, the time to the opened tape and to the
shown graph (listed, built, laid out, made a scene), the peak of memory above the program's own, the
slowest of 300 seeks to random events, and `tapedeck info`. Seconds are the processor's and, in
brackets, the clock's.

    python -m tests.benchmarks.tape [--folder DIR] [--only 100k 1m 1gb chain]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: name -> (iterations, operations in each, elements of every array, targets).
TAPES: dict[str, tuple[int, int, int, str]] = {
    "100k": (100, 1000, 500, "graph <= 1 s, <= 150 MB"),
    "1m": (1000, 1000, 1, "graph <= 5 s, seek <= 16 ms"),
    "1gb": (2, 60, 1 << 20, "info <= 1 s"),
    "chain": (1, 1_000_000, 1, "one graph of 1,000,000 operations: no target, it is not laid out"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tape")
    parser.add_argument("--folder", type=Path, help="where to make the tapes, and keep them")
    parser.add_argument("--only", nargs="+", choices=TAPES, default=["100k", "1m", "1gb"])
    parser.add_argument("--work", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(_WORK[options.work[0]](Path(options.work[1]))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for name in options.only:
            _measure(name, folder / f"{name}.tape")


def _measure(name: str, path: Path) -> None:
    if not path.exists():
        _in_process("make", path)
    print(f"{name}: {path.stat().st_size / 1e6:,.0f} MB; target: {TAPES[name][3]}", flush=True)
    for what in ("open", "info") if name == "chain" else ("open", "graph", "seek", "info"):
        found = _in_process(what, path)
        words = f"{found['cpu']:8.3f} s ({found['wall']:.3f} s), {found['memory']:,.0f} MB"
        print(f"  {what:6} {words}  {found['words']}", flush=True)


def _in_process(what: str, path: Path) -> dict[str, Any]:
    args = [sys.executable, "-m", "tests.benchmarks.tape", "--work", what, str(path)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(args, stdout=subprocess.PIPE, env=environment, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _timed(work: Callable[[], str]) -> dict[str, Any]:
    """Return processor and clock seconds, and by how many MB the peak of memory rose."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = _memory("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    words = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "memory": _memory("VmHWM") - before, "words": words}


def _memory(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def _make(path: Path) -> dict[str, Any]:
    import engine as torch
    from engine.tape.recorder import Recorder

    iterations, operations, size, _ = TAPES[path.stem]
    part = path.with_suffix(".part")
    recorder = Recorder(part)
    with recorder:
        w = torch.full((size,), 1.001, requires_grad=True)
        for _ in range(iterations):
            x = w
            for _ in range(operations // 2):
                x = (x * 0.999).tanh()
            x.sum().backward()
            w.grad = None
    recorder.finish()
    part.replace(path)
    return {}


def _open(path: Path) -> dict[str, Any]:
    from engine.tape.tape import Tape

    return _timed(lambda: f"{len(Tape.open(path).events):,} events")


def _graph(path: Path) -> dict[str, Any]:
    from app.main import make_application
    from app.pictures import Wish, picture_of
    from engine.tape.tape import Tape

    make_application()

    def work() -> str:
        tape = Tape.open(path)
        picture = picture_of(tape, tape, Wish(None, len(tape.events)), None, lambda: False)
        assert picture is not None
        return f"{len(picture.graph):,} nodes of {len(picture.graphs):,} graphs"

    return _timed(work)


def _seek(path: Path) -> dict[str, Any]:
    from engine.tape.replay import state_at
    from engine.tape.tape import Tape

    tape = Tape.open(path)
    chance = random.Random(1)
    state_at(tape, len(tape.events))  # indexes are made once
    took = []

    def work() -> str:
        for _ in range(300):
            began = time.process_time()
            state_at(tape, chance.randrange(len(tape.events)))
            took.append(time.process_time() - began)
        return (
            f"slowest of 300: {1000 * max(took):.2f} ms, median {1000 * sorted(took)[150]:.2f} ms"
        )

    return _timed(work)


def _info(path: Path) -> dict[str, Any]:
    """The whole command in a process of its own, with its start."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    args = [sys.executable, "-m", "app.cli", "info", str(path)]
    subprocess.run(args, stdout=subprocess.DEVNULL, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - wall
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    words = "the command, from its start to its end"
    return {"cpu": cpu, "wall": wall, "memory": after.ru_maxrss / 1024, "words": words}


_WORK: dict[str, Callable[[Path], dict[str, Any]]] = {
    "make": _make, "open": _open, "graph": _graph, "seek": _seek, "info": _info,
}  # fmt: skip

if __name__ == "__main__":
    main()
