"""Where our engine's time goes: microseconds per operation and per node, and a profile."""

from __future__ import annotations

import cProfile
import gc
import pstats
import time
from collections import Counter
from pathlib import Path
from statistics import median

import engine
from engine import recording
from tests.benchmarks.engine.peers import halves
from tests.benchmarks.engine.problems import TITLES, problem
from tests.benchmarks.engine.rounds import repeats_of

_ROWS = 25
_ROOT = Path(engine.__file__).parents[1]


def profile(key: str, rounds: int) -> None:
    """Print what the forward and the backward half of a step cost, and where."""
    leaves, half = halves(engine, key, problem(key))
    operations, nodes = _entries(half.forward, half.backward)
    repeats = repeats_of(lambda: half.backward(half.forward()))
    forward, backward = [], []
    for _ in range(rounds):
        gc.collect()
        there = back = 0.0
        for _ in range(repeats):
            start = time.process_time()
            loss = half.forward()
            middle = time.process_time()
            half.backward(loss)
            end = time.process_time()
            there, back = there + middle - start, back + end - middle
        forward.append(there / repeats)
        backward.append(back / repeats)
    print(f"{key}  {TITLES[key]}, {len(leaves)} leaves")
    print(_half("forward", median(forward), operations, "operation"))
    print(_half("backward", median(backward), nodes, "node"))
    with cProfile.Profile(time.process_time) as profiler:
        for _ in range(repeats):
            half.backward(half.forward())
    print("\n".join(_hottest(profiler, repeats)) + "\n")


def _hottest(profiler: cProfile.Profile, repeats: int) -> list[str]:
    """Return the functions in which most time is spent, numbers per step; the profiler slows all
    calls down."""
    entries = pstats.Stats(profiler).stats.items()  # type: ignore[attr-defined]
    hot = sorted(entries, key=lambda item: item[1][2], reverse=True)[:_ROWS]
    lines = [f"  {'calls':>8}{'own ms':>9}{'own µs each':>13}{'with callees':>14}"]
    for (path, number, name), (_, calls, own, total, _) in hot:
        file = path.removeprefix(f"{_ROOT}/").rpartition("site-packages/")[2]
        place = f"{file}:{number} {name}" if number else name
        lines.append(
            f"  {calls // repeats:>8,}{own / repeats * 1e3:>9.3f}{own / calls * 1e6:>13.2f}"
            f"{total / repeats * 1e3:>14.3f}  {place}"
        )
    return lines


def _entries(forward: object, backward: object) -> tuple[Counter[str], Counter[str]]:
    """Count operations and visited nodes of one step by name."""
    assert callable(forward) and callable(backward)
    recording.log = log = []
    try:
        backward(forward())
    finally:
        recording.log = None
    operations = Counter(entry[1] for entry in log if entry[0] == recording.OPERATION)
    nodes = Counter(entry[1].name() for entry in log if entry[0] == recording.STEP)
    nodes["AccumulateGrad"] = sum(entry[0] == recording.ACCUMULATE for entry in log)
    return operations, nodes


def _half(name: str, seconds: float, counts: Counter[str], what: str) -> str:
    total = counts.total()
    names = ", ".join(f"{count} {name}" for name, count in counts.most_common(8))
    each = f"{seconds / total * 1e6:.2f} µs per {what}"
    return f"{name:<9}{seconds * 1e3:>9.3f} ms, {total:,} {what}s, {each}  ({names})"
