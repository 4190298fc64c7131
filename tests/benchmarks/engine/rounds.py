"""Measuring: CPU seconds of each step, one peer after the other in every round.

The garbage collector runs as in the app's kernel (`engine.process`), for all alike; before each
measurement it collects what the one before left behind, which is not timed.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

LEAST = 0.02  # seconds that one measurement takes at least

Work = Callable[[], Any]


class Ratio(NamedTuple):
    """Median of the rounds' ratios, and their quartiles."""

    median: float
    low: float
    high: float


def interleaved(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds of one run of each work, by round."""
    repeats = {name: repeats_of(work) for name, work in works.items()}
    seconds: dict[str, list[float]] = {name: [] for name in works}
    order = list(works)
    for _ in range(rounds):
        for name in order:
            seconds[name].append(measure(works[name], repeats[name]))
        order.append(order.pop(0))  # nobody always follows the same
    return seconds


def repeats_of(work: Work, least: float = LEAST) -> int:
    """How often to run something in one measurement."""
    once = min(measure(work, 1) for _ in range(3))
    return max(math.ceil(least / max(once, 1e-7)), 1)


def measure(work: Work, repeats: int) -> float:
    """Return the CPU seconds of one run."""
    gc.collect()
    if repeats > 1:  # short ones run once before they are timed, to warm the caches
        work()
    before = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - before) / repeats


def ratio(numerators: list[float], denominators: list[float]) -> Ratio:
    """Return the median of the quotients by round."""
    quotients = [a / b for a, b in zip(numerators, denominators, strict=True)]
    if len(quotients) < 2:
        return Ratio(quotients[0], quotients[0], quotients[0])
    low, median, high = statistics.quantiles(quotients, n=4, method="inclusive")
    return Ratio(median, low, high)
