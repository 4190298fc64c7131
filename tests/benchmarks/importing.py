"""What importing costs: `python -m tests.benchmarks.importing` prints engine ÷ NumPy.

Fresh interpreters import the one and the other in turns, and medians are compared: once as an
installation runs, with bytecode of both, and once with the engine compiled from its source.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from tests.benchmarks import turns

_NAMES = ("numpy", "engine")


class Cost(NamedTuple):
    """Seconds from start to end of an interpreter, and those that a processor worked for it."""

    wall: float
    processor: float


def measure(name: str, environment: dict[str, str]) -> Cost:
    """Import `name` in a fresh interpreter."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", f"import {name}"], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"importing {name} failed")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def compare(rounds: int, environment: dict[str, str]) -> dict[str, Cost]:
    """Return medians per module over interleaved rounds."""
    return turns.medians(_NAMES, rounds, lambda name: measure(name, environment))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as cache:
        environment = turns.environment(cache)
        measure("numpy", environment)
        report("from source", compare(rounds, {**environment, "PYTHONDONTWRITEBYTECODE": "1"}))
        measure("engine", environment)
        report("from bytecode", compare(rounds, environment))


def report(title: str, found: dict[str, Cost]) -> None:
    """Print one comparison."""
    theirs, ours = found["numpy"], found["engine"]
    print(
        f"{title:<13}  engine {ours.wall * 1e3:4.0f} ms, numpy {theirs.wall * 1e3:4.0f} ms: "
        f"{ours.wall / theirs.wall:.2f} by the clock, "
        f"{ours.processor / theirs.processor:.2f} by the processor"
    )


if __name__ == "__main__":
    main()
