"""What a profile measured: one row per name, as a table of PyTorch's shape."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One operation, step or named scope: microseconds since the profile began, shapes of inputs."""

    name: str
    start: float
    total: float
    own: float
    shapes: tuple[Any, ...] = ()

    @property
    def key(self) -> str:
        return self.name

    def __repr__(self) -> str:
        end = self.start + self.total
        return (
            f"<FunctionEvent name={self.name} cpu_time={time_text(self.total)} "
            f"start_us={self.start:.3f} end_us={end:.3f}>"
        )


def time_text(microseconds: float) -> str:
    """A time in the unit that PyTorch prints it in."""
    for size, unit in ((1e6, "s"), (1e3, "ms")):
        if microseconds >= size:
            return f"{microseconds / size:.3f}{unit}"
    return f"{microseconds:.3f}us"


class Average:
    """All events of one name."""

    def __init__(self, key: str, shapes: tuple[Any, ...] = ()) -> None:
        self.key = key
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.input_shapes: Any = [list(s) for s in shapes] or ""

    def take(self, event: Event) -> None:
        self.count += 1
        self.cpu_time_total += event.total
        self.self_cpu_time_total += event.own

    @property
    def cpu_time(self) -> float:
        """Microseconds per event."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_str"):
            return time_text(getattr(self, name.removesuffix("_str")))
        if name.startswith(("self_", "cuda_", "device_", "cpu_memory")):
            return 0
        raise AttributeError(f"'FunctionEventAvg' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage=0 cuda_memory_usage=0>"
        )


Average.__name__ = Average.__qualname__ = "FunctionEventAvg"
Average.__module__ = "torch.autograd.profiler_util"


class EventList(list[Any]):
    """Events, or their averages by name."""

    __module__ = "torch.autograd.profiler_util"

    def __init__(self, found: Iterable[Any] = (), shapes: bool = False) -> None:
        super().__init__(found)
        self._shapes = shapes

    @property
    def self_cpu_time_total(self) -> float:
        return sum(e.own if isinstance(e, Event) else e.self_cpu_time_total for e in self)

    def key_averages(self, group_by_input_shapes: bool = False, **options: Any) -> EventList:
        found: dict[Any, Average] = {}
        for event in self:
            key = (event.name, event.shapes if group_by_input_shapes else ())
            found.setdefault(key, Average(*key)).take(event)
        return EventList(found.values(), group_by_input_shapes)

    def total_average(self) -> Average:
        total = Average("Total")
        for one in self.key_averages() if self and isinstance(self[0], Event) else self:
            total.count += one.count
            total.self_cpu_time_total += one.self_cpu_time_total
            total.cpu_time_total += one.cpu_time_total
        return total

    def table(
        self, sort_by: str | None = None, row_limit: int = 100, max_src_column_width: int = 75,
        max_name_column_width: int = 55, header: str | None = None, **options: Any,
    ) -> str:  # fmt: skip
        """The averages as text; `sort_by` names an attribute of theirs, the largest comes first."""
        rows = self.key_averages() if self and isinstance(self[0], Event) else self
        if not rows:
            return ""
        if sort_by is not None:
            rows = EventList(sorted(rows, key=lambda e: getattr(e, sort_by), reverse=True))
        return _table(rows, self._shapes, row_limit, max_name_column_width, header)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as a trace that chrome://tracing reads."""
        Path(path).write_text(json.dumps({"traceEvents": trace(self)}), encoding="utf-8")

    def __str__(self) -> str:
        return self.table()


def trace(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as entries of a trace."""
    return [
        {"ph": "X", "name": e.name, "pid": os.getpid(), "tid": 0, "ts": e.start, "dur": e.total}
        for e in events
    ]


_TITLES = ("Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls")


def _table(rows: list[Any], shapes: bool, row_limit: int, width: int, header: str | None) -> str:
    whole = sum(e.self_cpu_time_total for e in rows)
    cells = [("Name", *_TITLES, *(("Input Shapes",) if shapes else ()))]
    for e in rows[:row_limit] if row_limit >= 0 else rows:
        name = e.key if len(e.key) < width else e.key[: width - 3] + "..."
        cells.append((
            name, _percent(e.self_cpu_time_total, whole), e.self_cpu_time_total_str,
            _percent(e.cpu_time_total, whole), e.cpu_time_total_str, e.cpu_time_str, str(e.count),
            *((str(e.input_shapes or [])[: width - 3],) if shapes else ()),
        ))  # fmt: skip
    widths = [min(max(len(e.key) for e in rows) + 4, width), *[12] * len(_TITLES)]
    if shapes:
        widths.append(min(max(len(str(e.input_shapes or [])) for e in rows) + 4, width))
    rule = "  ".join("-" * n for n in widths) + "  "
    lines = ["  ".join(c.rjust(n) for c, n in zip(r, widths, strict=True)) + "  " for r in cells]
    top = ["=" * len(rule), header] if header is not None else []
    total = f"Self CPU time total: {time_text(whole)}"
    return "\n".join([*top, rule, lines[0], rule, *lines[1:], rule, total, ""])


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "NaN"
