"""Fresh processes of several kinds, measured in turns with bytecode of their own."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Cost = TypeVar("Cost", bound=tuple[float, ...])

ROOT = Path(__file__).parents[2]


def environment(cache: str) -> dict[str, str]:
    """Return the variables of a process that imports this project and keeps bytecode in `cache`."""
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**plain, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": cache}


def medians(names: Sequence[str], rounds: int, measure: Callable[[str], Cost]) -> dict[str, Cost]:
    """Measure each name once a round, in turns; return the medians of its numbers."""
    seen: dict[str, list[Cost]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names if turn % 2 else reversed(names):
            seen[name].append(measure(name))
    return {
        name: type(costs[0])(*map(statistics.median, zip(*costs, strict=True)))
        for name, costs in seen.items()
    }
