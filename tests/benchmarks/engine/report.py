"""The results as a table, with the targets beside the ratios, and as JSON."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.engine.peers import Peer
from tests.benchmarks.engine.problems import TARGETS
from tests.benchmarks.engine.problems import TITLES as PROBLEMS
from tests.benchmarks.engine.recorded import Cost
from tests.benchmarks.engine.rounds import Ratio, ratio
from tests.benchmarks.engine.training import TITLES as LOOPS

TITLES = PROBLEMS | LOOPS

#: Peers of which our time may be a multiple; of the others theirs is a multiple of ours.
_OURS_OVER_THEIRS = ("numpy", "torch")
_HEADINGS = {
    "numpy": "× NumPy", "torch": "× PyTorch", "hips": "faster: HIPS", "mygrad": "faster: MyGrad",
    "unguarded": "(unguarded)",
}  # fmt: skip
_WIDTH = 18


class Result(NamedTuple):
    """Of one workload: CPU seconds per round of ours ("ours") and of each peer; the recorder's."""

    key: str
    seconds: Mapping[str, list[float]]
    cost: Cost | None


class Judged(NamedTuple):
    """target: None where the issue names none; passes: True without a target."""

    ratio: Ratio
    target: float | None
    at_most: bool

    @property
    def passes(self) -> bool:
        if self.target is None:
            return True
        value = self.ratio.median
        return value <= self.target if self.at_most else value >= self.target

    def __str__(self) -> str:
        value = f"{self.ratio.median:.2f}"
        if self.target is None:
            return value
        sign = "≤" if self.at_most else "≥"
        return f"{value} {sign}{self.target:g} {'ok' if self.passes else 'MISS'}"


def judged(result: Result) -> dict[str, Judged]:
    """Return the ratios of a workload, by peer, "recording", "shared" and "recorded"."""
    mine, targets = result.seconds["ours"], TARGETS.get(result.key)
    ratios = {}
    for name, theirs in result.seconds.items():
        if name in _OURS_OVER_THEIRS:
            ratios[name] = Judged(ratio(mine, theirs), getattr(targets, name, None), True)
        elif name != "ours":
            ratios[name] = Judged(ratio(theirs, mine), getattr(targets, name, None), False)
    if result.cost is not None:
        most = getattr(targets, "recorder", None)
        ratios["recording"] = Judged(result.cost.running, most, True)
        ratios["shared"] = Judged(result.cost.shared, most, True)
        ratios["recorded"] = Judged(result.cost.total, most, True)
    return ratios


def heading(peers: Mapping[str, Peer], recorder: bool) -> str:
    columns = [_HEADINGS[name] for name in peers]
    columns += ["recorder running", "with its thread", "and written"] if recorder else []
    return f"{'':<43}{'ours ms':>9}" + "".join(f"{column:>{_WIDTH}}" for column in columns)


def line(result: Result, peers: Mapping[str, Peer]) -> str:
    own, ratios = statistics.median(result.seconds["ours"]) * 1e3, judged(result)
    columns = [*peers, *(("recording", "shared", "recorded") if result.cost else ())]
    cells = "".join(f"{ratios.get(column, '–')!s:>{_WIDTH}}" for column in columns)
    return f"{result.key}  {TITLES[result.key]:<40}{own:>9.3f}{cells}"


def summary(results: list[Result]) -> str:
    marks = [j for result in results for j in judged(result).values() if j.target is not None]
    return f"{sum(j.passes for j in marks)} of {len(marks)} targets are met"


def as_json(results: list[Result], peers: Mapping[str, Peer], absent: list[str]) -> dict[str, Any]:
    """Return everything that was measured; seconds are CPU seconds of one step, by round."""
    return {
        "environment": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "peers": {name: peer.version for name, peer in peers.items()},
            "absent": absent,
            "threads": 1,
            "clock": "CPU seconds of the process",
            "gc": "on, default thresholds; collected before each measurement, untimed",
        },
        "workloads": {result.key: _entry(result) for result in results},
    }


def _entry(result: Result) -> dict[str, Any]:
    return {
        "title": TITLES[result.key],
        "seconds": dict(result.seconds),
        "ratios": {
            name: {**j.ratio._asdict(), "target": j.target, "passes": j.passes}
            for name, j in judged(result).items()
        },
    }
