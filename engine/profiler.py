"""torch.profiler: a profile with a schedule of steps and hooks for what was recorded."""

from __future__ import annotations

import os
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
        record_shapes: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(record_shapes=record_shapes)
        self.activities = set(activities) if activities else supported_activities()
        self._step: record_function | None = None
        self._names_steps = schedule is not None
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.acc_events = acc_events
        self._cycles = 0
        self.current_action = self.schedule(0)

    def start(self) -> None:
        self.__enter__()

    def stop(self) -> None:
        self.__exit__()

    def __enter__(self) -> profile:
        self._follow()
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self._hand_over()

    def step(self) -> None:
        """Go on to the next step; what was recorded is handed over where the schedule says so."""
        before = self.current_action
        self._leave()
        self.step_num += 1
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._end()
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
        self._follow()

    def _follow(self) -> None:
        """Record, or not, as the step asks for."""
        if self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self._begin()
            if self._names_steps:
                self._step = record_function("ProfilerStep*").__enter__()

    def _end(self) -> None:
        self._leave()
        super()._end()

    def _leave(self) -> None:
        """The named scope of a step is over."""
        step, self._step = self._step, None
        if step is not None:
            step.__exit__()

    def _hand_over(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)


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
