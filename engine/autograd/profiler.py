"""torch.autograd.profiler: the time of the profiled scope as a whole; single operations are not timed."""

from __future__ import annotations

import time
from typing import Any

from engine.later import sign as _sign

_COLUMNS = (
    ("Name", 55), ("Self CPU %", 12), ("Self CPU", 12), ("CPU total %", 12), ("CPU total", 12),
    ("CPU time avg", 12), ("# of Calls", 12),
)  # fmt: skip


def _time_text(microseconds: float) -> str:
    for size, unit in ((1e6, "s"), (1e3, "ms")):
        if microseconds >= size:
            return f"{microseconds / size:.3f}{unit}"
    return f"{microseconds:.3f}us"


class _Averages:
    """What `key_averages` returns: the scope is the one entry."""

    def __init__(self, microseconds: float) -> None:
        self._microseconds = microseconds

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """The times as a table of PyTorch's shape."""
        total = _time_text(self._microseconds)
        rule = "  ".join("-" * width for _, width in _COLUMNS) + "  "
        row = ("profiled scope", "100.00%", total, "100.00%", total, total, "1")
        lines = [
            "  ".join(cell.rjust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
            + "  "
            for cells in ([name for name, _ in _COLUMNS], row)
        ]
        return "\n".join(
            [rule, lines[0], rule, lines[1], rule, f"Self CPU time total: {total}", ""]
        )

    def __str__(self) -> str:
        return self.table()


class profile:
    """Time a scope."""

    def __init__(self, enabled: bool = True, **options: Any) -> None:
        self.seconds = 0.0

    def __enter__(self) -> profile:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.seconds = time.perf_counter() - self._start

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of the scope."""
        return self.seconds * 1e6

    def key_averages(self, group_by_input_shape: bool = False, **options: Any) -> _Averages:
        return _Averages(self.self_cpu_time_total)

    def table(self, *args: Any, **kwargs: Any) -> str:
        return self.key_averages().table(*args, **kwargs)

    def __str__(self) -> str:
        return self.table()


class record_function:
    """Names a scope inside a profiled one."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


_sign(globals(), "torch.autograd.profiler")
