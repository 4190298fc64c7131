"""torch.autograd.profiler: the operations and backward steps of a scope, with their times.

Times are the engine's own: an operation's reaches from the end of the one before, and a backward
step's is shared out evenly among the operations of its formula.
"""

from __future__ import annotations

import time
from typing import Any

from engine import recording
from engine.autograd.averages import Event, EventList, trace
from engine.later import sign as _sign


class profile:
    """Time what happens in a scope."""

    def __init__(
        self, enabled: bool = True, *, record_shapes: bool = False, **options: Any
    ) -> None:
        self.enabled = enabled
        self.record_shapes = record_shapes
        self._events: list[Event] = []
        self._clock: Any = None

    def __enter__(self) -> profile:
        self._begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def _begin(self) -> None:
        if self.enabled and self._clock is None:
            from engine.autograd.measuring import Clock

            self._events.clear()
            self._clock = Clock(recording.log, self._events, self.record_shapes)
            recording.log = self._clock

    def _end(self) -> None:
        if self._clock is not None and recording.log is self._clock:
            recording.log = self._clock.behind
        self._clock = None

    @property
    def function_events(self) -> EventList:
        return EventList(self._events)

    def events(self) -> EventList:
        return self.function_events

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all that was done."""
        return self.function_events.self_cpu_time_total

    def key_averages(self, group_by_input_shape: bool = False, **options: Any) -> EventList:
        return self.function_events.key_averages(group_by_input_shape)

    def total_average(self) -> Any:
        return self.function_events.total_average()

    def table(self, *args: Any, **kwargs: Any) -> str:
        return self.key_averages().table(*args, **kwargs)

    def export_chrome_trace(self, path: str) -> None:
        self.function_events.export_chrome_trace(path)

    def __str__(self) -> str:
        return self.table()


class record_function:
    """Names a scope inside a profiled one."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        self._start = time.perf_counter()
        if hasattr(recording.log, "scoped"):
            recording.log.mark = self._start
        return self

    def __exit__(self, *exc: object) -> None:
        if hasattr(recording.log, "scoped"):
            recording.log.scoped(self.name, self._start)


__all__ = ["Event", "EventList", "profile", "record_function", "trace"]
_sign(globals(), "torch.autograd.profiler")
