"""`torch.utils.benchmark`: time a statement as `timeit` does, and print the measurement."""

from __future__ import annotations

import statistics
import textwrap
import timeit
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_UNITS = ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1.0, "s"))


@dataclass
class Measurement:
    """The seconds that runs of one statement took."""

    number_per_run: int
    raw_times: list[float]
    stmt: str
    setup: str = "pass"
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    num_threads: int = 1
    metadata: dict[Any, Any] | None = field(default=None)

    @property
    def times(self) -> list[float]:
        """Seconds per execution, one per measurement."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.times)

    @property
    def iqr(self) -> float:
        """The distance between the quartiles."""
        if len(self.times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4, method="inclusive")
        return high - low

    @property
    def title(self) -> str:
        text = self.label if self.label is not None else self.stmt.strip()
        return text + (f": {self.sub_label}" if self.sub_label else "")

    def __repr__(self) -> str:
        scale, unit = next((u for u in reversed(_UNITS) if self.median >= u[0]), _UNITS[0])
        lines = [
            f"<torch.utils.benchmark.utils.common.Measurement object at {hex(id(self))}>",
            self.title,
        ]
        if self.description:
            lines.append(self.description)
        if self.setup != "pass":
            several = "\n" in self.setup
            lines.append(
                "setup:\n" + textwrap.indent(self.setup, "  ")
                if several
                else f"setup: {self.setup}"
            )
        n = len(self.raw_times)
        lines.append(f"  {'Median: ' if n > 1 else ''}{self.median / scale:.2f} {unit}")
        if n >= 4:
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit}")
        runs = f"{n} measurement{'s' if n > 1 else ''}, {self.number_per_run} runs "
        runs += "per measurement," if n > 1 else ","
        lines.append(f"  {runs} {self.num_threads} thread{'s' if self.num_threads > 1 else ''}")
        return "\n".join(lines)


class Timer:
    """Measures a statement in the names of `globals`."""

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Any = "python",
    ) -> None:
        self._stmt, self._setup = textwrap.dedent(stmt), textwrap.dedent(setup)
        self._about = {
            "label": label, "sub_label": sub_label, "description": description,
            "num_threads": num_threads,
        }  # fmt: skip
        names = {**(globals or {})}
        import engine

        names.setdefault("torch", engine)
        self._timer = timeit.Timer(self._stmt, self._setup, timer, names)

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, self._stmt, self._setup, **self._about)  # type: ignore[arg-type]

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Run the statement `number` times at a stretch."""
        self._timer.timeit(max(number // 100, 2))
        return self._measured(number, [self._timer.timeit(number)])

    def blocked_autorange(
        self, callback: Callable[[int, float], None] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Repeat blocks long enough to time until `min_run_time` seconds are over."""
        number = 1
        while self._timer.timeit(number) < min_run_time / 1000:
            number *= 10
        times: list[float] = []
        while sum(times) < min_run_time:
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    adaptive_autorange = blocked_autorange
