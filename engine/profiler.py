"""torch.profiler: the schedule and the hooks of a profile; its scope is timed as a whole.

Single operations are not timed: the table and the trace have one entry, the profiled scope.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any

from engine.autograd import profiler as scopes
from engine.autograd.profiler import record_function
from engine.later import sign
from engine.warning import warn

_CLEARS = (
    "Warning: Profiler clears events at the end of each cycle. Only events from the current cycle will "
    "be reported. To keep events across cycles, set acc_events=True."
)


class ProfilerAction(Enum):
    """What a profile does during one step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class ProfilerActivity(Enum):
    """What a profile looks at; here there is the CPU only."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3


def supported_activities() -> set[ProfilerActivity]:
    """The activities that can be profiled."""
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Steps to wait, to warm up and to record, over and over or `repeat` times."""
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        round_, place = divmod(step - skip_first, length)
        if step < skip_first or (repeat > 0 and round_ >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


class profile(scopes.profile):
    """Time a scope, in steps if there is a schedule."""

    def __init__(
        self, *, activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None, acc_events: bool = False,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.activities = set(activities) if activities else supported_activities()
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.acc_events = acc_events
        self._cycles = 0
        self.current_action = self.schedule(0)
        self._start = time.perf_counter()

    def start(self) -> None:
        self.__enter__()

    def stop(self) -> None:
        self.__exit__()

    def __enter__(self) -> profile:
        super().__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self._hand_over()

    def step(self) -> None:
        """Go on to the next step; what was recorded is handed over where the schedule says so."""
        before = self.current_action
        self.step_num += 1
        if before is ProfilerAction.RECORD_AND_SAVE:
            self.seconds = time.perf_counter() - self._start
            self._cycles += 1
            self._hand_over()
        self.current_action = self.schedule(self.step_num)
        if (
            self._cycles == 1
            and not self.acc_events
            and self.current_action is ProfilerAction.WARMUP
        ):
            self._cycles += 1
            warn(_CLEARS)

    def _hand_over(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def export_chrome_trace(self, path: str) -> None:
        """Write the scope as a trace that chrome://tracing reads."""
        event = {
            "ph": "X", "name": "profiled scope", "pid": os.getpid(), "tid": 0, "ts": 0,
            "dur": self.self_cpu_time_total,
        }  # fmt: skip
        Path(path).write_text(json.dumps({"traceEvents": [event]}), encoding="utf-8")


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """A hook that writes each trace into a folder."""

    def write(done: profile) -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = worker_name or f"worker_{os.getpid()}"
        done.export_chrome_trace(str(folder / f"{name}.{done.step_num}.pt.trace.json"))

    return write


__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip
sign(globals(), "torch.profiler")
